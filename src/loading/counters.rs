//! How many loads there were, and how long they took.

use std::time::Duration;

use crate::histogram::{Histogram, Recorder};
use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// Not striped: a load is long.
#[derive(Debug)]
pub(super) struct Counters {
    pending: AtomicUsize,
    successes: AtomicU64,
    failures: AtomicU64,
    /// Nanoseconds, of both.
    time: AtomicU64,
    times: Recorder,
}

/// The loads of a cache so far. Each figure is read by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadStats {
    /// Keys that are being loaded.
    pub(crate) pending: usize,
    /// Loads that brought a value.
    pub(crate) successes: u64,
    /// Loads that brought an error, panicked or were dropped.
    pub(crate) failures: u64,
    /// How long both took together.
    pub(crate) time: Duration,
    /// How long each of both took.
    pub(crate) times: Histogram,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            pending: AtomicUsize::new(0),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            time: AtomicU64::new(0),
            times: Recorder::new(),
        }
    }

    /// A load is listed. (Relaxed, here and below: counters order nothing.)
    pub(super) fn started(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// A load is listed no more.
    pub(super) fn ended(&self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
    }

    /// A loader has ended after so many nanoseconds.
    pub(super) fn count(&self, success: bool, nanos: u64) {
        let counter = if success { &self.successes } else { &self.failures };
        counter.fetch_add(1, Ordering::Relaxed);
        self.time.fetch_add(nanos, Ordering::Relaxed);
        self.times.record(nanos);
    }

    pub(super) fn snapshot(&self) -> LoadStats {
        LoadStats {
            pending: self.pending.load(Ordering::Relaxed),
            successes: self.successes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            time: Duration::from_nanos(self.time.load(Ordering::Relaxed)),
            times: self.times.snapshot(),
        }
    }
}
