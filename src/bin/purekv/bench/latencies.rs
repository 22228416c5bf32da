//! Latencies of single operations, each in one histogram per thread and kind, to 1 % and without a lock.

use hdrhistogram::Histogram;

/// The longest that is told apart: a minute, in nanoseconds.
const MAX: u64 = 60_000_000_000;

/// What the gets and the inserts of a thread, or of all threads, took.
pub(crate) struct Latencies {
    pub(crate) get: Histogram<u64>,
    pub(crate) insert: Histogram<u64>,
}

fn empty() -> Histogram<u64> {
    // Two digits keep a histogram at some 30 KiB: it must not push the subject out of the cache.
    match Histogram::new_with_bounds(1, MAX, 2) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds are constants: {error}"),
    }
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { get: empty(), insert: empty() }
    }

    /// Adds what another thread has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in [(&mut self.get, &other.get), (&mut self.insert, &other.insert)] {
            if let Err(error) = ours.add(theirs) {
                unreachable!("all have the same bounds: {error}");
            }
        }
    }
}
