//! Latencies, sampled so that the clock does not become what is measured.

use std::time::Instant;

use hdrhistogram::Histogram as Hdr;

use crate::clock::nanos;

/// The distribution of one operation's sampled latencies, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Latency {
    /// How many were timed.
    pub samples: u64,
    /// Half of them took no longer than this.
    pub p50: u64,
    /// 99 % took no longer.
    pub p99: u64,
    /// 99.9 % took no longer.
    pub p999: u64,
    /// The longest one.
    pub max: u64,
}

/// Times one call in so many.
pub(super) struct Sampler {
    every: usize,
    left: usize,
    times: Hdr<u64>,
}

impl Sampler {
    /// Times the first of each `every` calls; 0 counts as 1.
    pub(super) fn new(every: usize) -> Self {
        // 1 ns to an hour, right to a hundredth: 36 KiB, of which a run touches little, so that the store keeps its cache.
        let times = Hdr::new_with_bounds(1, 3_600_000_000_000, 2).expect("these bounds are valid");
        Self { every: every.max(1), left: 1, times }
    }

    #[inline]
    pub(super) fn time<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.left -= 1;
        if self.left > 0 {
            return call();
        }
        self.left = self.every;
        let begin = Instant::now();
        let result = call();
        self.times.saturating_record(nanos(begin.elapsed()));
        result
    }

    /// Takes over what `other` has timed.
    pub(super) fn merge(&mut self, other: &Self) {
        self.times.add(&other.times).expect("all have the same bounds");
    }

    pub(super) fn latency(&self) -> Latency {
        Latency {
            samples: self.times.len(),
            p50: self.times.value_at_quantile(0.5),
            p99: self.times.value_at_quantile(0.99),
            p999: self.times.value_at_quantile(0.999),
            max: self.times.max(),
        }
    }
}

/// Nanoseconds of clock in each timed call: the median of what nothing at all takes.
pub(super) fn clock_cost() -> u64 {
    let mut nothing = Sampler::new(1);
    for _ in 0..1001 {
        nothing.time(|| ());
    }
    nothing.latency().p50
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_so_many_is_timed() {
        for (every, samples) in [(0, 10), (1, 10), (3, 4), (11, 1)] {
            let mut sampler = Sampler::new(every);
            let calls: usize = (0..10).map(|_| sampler.time(|| 1)).sum();
            assert_eq!((calls, sampler.latency().samples), (10, samples), "{every}");
        }
    }

    #[test]
    fn quantiles_are_of_all_that_was_merged() {
        let (mut one, mut other) = (Sampler::new(1), Sampler::new(1));
        (1..=500).for_each(|nanos| one.times.saturating_record(nanos));
        (501..=1000).for_each(|nanos| other.times.saturating_record(nanos));
        one.merge(&other);
        let Latency { samples, p50, p99, p999, max } = one.latency();
        assert_eq!(samples, 1000);
        for (found, exact) in [(p50, 500), (p99, 990), (p999, 999), (max, 1000)] {
            assert!(found.abs_diff(exact) * 100 <= exact, "{found} for {exact}");
        }
    }
}
