//! quick_cache: `get` clones the value, so that is an `Arc`, as its docs advise.

use std::sync::Arc;
use std::time::Duration;

use ::quick_cache::Weighter;
use ::quick_cache::sync::{Cache, DefaultLifecycle};

use super::{Bound, Config, Singly, Subject};
use crate::bench::machine;

/// `sync::Cache`, which has no time-to-live and must have a bound: twice what will be in it, where the workload sets none. What it
/// is told of its size it takes for the number of its shards, too: see [`shared`].
pub(crate) struct Quick(Cache<Box<[u8]>, Arc<[u8]>, Weigh, ahash::RandomState>);

/// Four shards for each core are its own choice, but it halves them until each has 32 of the entries that it is told to expect: told nothing, where it grows from
/// empty, it would have one lock.
fn shared() -> usize {
    32 * (4 * machine::cores()).next_power_of_two()
}

/// Weighs as the bound is.
#[derive(Clone)]
pub(crate) struct Weigh {
    by_bytes: bool,
}

impl Weighter<Box<[u8]>, Arc<[u8]>> for Weigh {
    #[inline(always)]
    fn weight(&self, key: &Box<[u8]>, value: &Arc<[u8]>) -> u64 {
        if self.by_bytes { (key.len() + value.len()) as u64 } else { 1 }
    }
}

impl Subject for Quick {
    const EXPIRES: bool = false;
    const BOUNDS: bool = true;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let (capacity, bound) = match config.bound {
            None => (config.capacity().max(shared()), 2 * config.entries as u64 + 1024),
            Some(bound) => (config.entries, bound.weight()),
        };
        Self(Cache::with(
            capacity,
            bound,
            Weigh { by_bytes: config.bound.is_some_and(Bound::is_bytes) },
            ahash::RandomState::new(),
            DefaultLifecycle::default(),
        ))
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|value| read(&value))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], _ttl: Option<Duration>) {
        self.0.insert(key.into(), value.into());
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
