//! A value that says when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use purekv::{Expiry, Store};

use crate::eventually;

/// Counts drops. It has no `Clone`, so each is one value.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) number: usize,
    drops: Drops,
}

/// How many of a family of [`Counted`] have been dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drops {
    pub(crate) fn value(&self, number: usize) -> Counted {
        Counted { number, drops: self.clone() }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits for what was removed to be freed: the threads of other tests pin too, and may hold it back.
    pub(crate) fn await_count(&self, count: usize) {
        let collector = Store::builder().expiry(Expiry::Manual).build();
        eventually("removed values are freed", || {
            collector.advance();
            self.count() == count
        });
    }
}
