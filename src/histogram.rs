//! Histograms of durations that many threads may fill at once.
//!
//! Log-linear buckets, as in HdrHistogram: each power of two of nanoseconds is cut into [`SUB_BUCKETS`] equal parts, so
//! a quantile is at most 1/16 too high, from 1 ns to 584 years, in 7.6 KiB.

use std::time::Duration;

use crate::clock::nanos;
use crate::sync::{AtomicU64, Ordering, zeroed_words};

const SUB_BITS: u32 = 4;
/// Parts of one power of two.
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// One for all under loom, which keeps a history of each.
const BUCKETS: usize =
    if cfg!(purekv_loom) { 1 } else { ((64 - SUB_BITS + 1) << SUB_BITS) as usize };

/// The bucket that counts `value`.
fn bucket_of(value: u64) -> usize {
    if cfg!(purekv_loom) {
        return 0;
    }
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    (u64::from(shift + 1) << SUB_BITS | (value >> shift) & (SUB_BUCKETS - 1)) as usize
}

/// The largest value that `bucket` counts.
fn upper_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = (bucket >> SUB_BITS) - 1;
    let lower = (SUB_BUCKETS | bucket & (SUB_BUCKETS - 1)) << shift;
    lower + ((1 << shift) - 1)
}

/// The live histogram: recording is one or two relaxed atomic additions.
#[derive(Debug)]
pub(crate) struct Recorder {
    buckets: Box<[AtomicU64; BUCKETS]>,
    max: AtomicU64,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { buckets: zeroed_words::<BUCKETS>(), max: AtomicU64::new(0) }
    }

    /// Counts one `duration` in nanoseconds.
    pub(crate) fn record(&self, duration: u64) {
        // Relaxed, both: counters that order nothing.
        self.buckets[bucket_of(duration)].fetch_add(1, Ordering::Relaxed);
        if duration > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(duration, Ordering::Relaxed);
        }
    }

    /// What has been recorded so far.
    pub(crate) fn snapshot(&self) -> Histogram {
        let counts: Vec<u64> =
            self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        Histogram { counts: counts.into(), max: self.max.load(Ordering::Relaxed) }
    }
}

/// A distribution of durations, as it stood when it was asked for.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Box<[u64]>,
    max: u64,
}

impl Histogram {
    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The longest one; zero when there was none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The duration that a share `q` (0 to 1) of all did not exceed, at most 1/16 too high; zero when there was none.
    pub fn quantile(&self, q: f64) -> Duration {
        let rank = (q.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_bound(bucket).min(self.max));
            }
        }
        self.max()
    }
}

impl Extend<Duration> for Histogram {
    /// Adds durations to a snapshot, for tools that measure by themselves.
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, durations: I) {
        for duration in durations {
            let value = nanos(duration);
            self.counts[bucket_of(value)] += 1;
            self.max = self.max.max(value);
        }
    }
}

impl Default for Histogram {
    /// An empty one.
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS].into(), max: 0 }
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_every_duration_without_gap() {
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(upper_bound(BUCKETS - 1), u64::MAX);
        for bucket in 1..BUCKETS {
            assert_eq!(bucket_of(upper_bound(bucket - 1) + 1), bucket);
            assert_eq!(bucket_of(upper_bound(bucket)), bucket);
        }
    }

    #[test]
    fn quantiles_are_close_from_above() {
        let recorder = Recorder::new();
        for micros in 1..=1000 {
            recorder.record(micros * 1000);
        }
        let histogram = recorder.snapshot();
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.max(), Duration::from_millis(1));
        for (q, exact) in [(0.5, 500), (0.99, 990), (1.0, 1000)] {
            let exact = Duration::from_micros(exact);
            let found = histogram.quantile(q);
            assert!(found >= exact && found <= exact + exact / 16, "{q}: {found:?}");
        }
        assert_eq!(Histogram::default().quantile(0.5), Duration::ZERO);
    }
}
