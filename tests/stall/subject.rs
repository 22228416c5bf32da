//! What the test asks of a store beyond its operations.

use std::hash::BuildHasher;

use purekv::baseline::MutexCache;
use purekv::{Cache, Kv, RemovalCause, Stats, Store};

use crate::tally;
use crate::values;

pub(crate) trait Subject: Kv {
    /// Its figures, if it has any.
    fn figures(&self) -> Option<Stats> {
        None
    }

    /// What bounds it, if anything does.
    fn bound(&self) -> Option<Bound> {
        None
    }

    /// Changes its capacity.
    fn resize(&self, _capacity: u64) {}

    /// How many departures its listener was told of, by cause, if it has one.
    fn told(&self) -> Option<[usize; RemovalCause::ALL.len()]> {
        None
    }
}

/// How much a store may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// At present.
    pub(crate) capacity: u64,
    /// What the heaviest entry weighs.
    pub(crate) heaviest: u64,
    pub(crate) weigh: fn(&[u8]) -> u64,
}

impl Bound {
    /// What all entries may weigh together while so many threads are in the midst of an operation.
    pub(crate) fn most(&self, threads: usize) -> u64 {
        self.capacity + threads as u64 * self.heaviest
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Subject for Store<S> {
    fn figures(&self) -> Option<Stats> {
        Some(self.stats())
    }

    fn bound(&self) -> Option<Bound> {
        let capacity = self.max_capacity()?;
        Some(Bound { capacity, heaviest: 1, weigh: |_| 1 })
    }

    fn resize(&self, capacity: u64) {
        self.set_max_capacity(capacity);
    }
}

impl Subject for Cache<Vec<u8>, Vec<u8>> {
    fn figures(&self) -> Option<Stats> {
        Some(self.stats())
    }

    fn bound(&self) -> Option<Bound> {
        let capacity = self.max_capacity()?;
        Some(Bound { capacity, heaviest: values::HEAVIEST, weigh: values::weight })
    }

    fn resize(&self, capacity: u64) {
        self.set_max_capacity(capacity);
    }

    fn told(&self) -> Option<[usize; RemovalCause::ALL.len()]> {
        self.max_capacity().map(|_| tally::told())
    }
}

impl Subject for MutexCache {}
