//! What the threads are to do, from a common beginning to the end: the filling, the load itself, the reading back.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::operation::Operation;
use super::schedule::{Arrivals, Schedule};
use super::value;
use super::work::{Protocol, Work};

pub(crate) struct Phase<'w> {
    pub(crate) work: &'w Work,
    pub(crate) protocol: Protocol,
    /// Each with its weight.
    pub(crate) operations: &'w [(Operation, u32)],
    pub(crate) source: Source,
    /// Requests of a connection that are under way at most.
    pub(crate) depth: usize,
    /// Requests a second, of all connections; `None`: each begins when there is room for it.
    pub(crate) rate: Option<(f64, Arrivals)>,
    pub(crate) connections: usize,
    pub(crate) workers: usize,
    pub(crate) begin: Instant,
    /// What begins earlier is not counted. In nanoseconds from the beginning, as all that follows.
    pub(crate) warm: u64,
    /// Nothing is meant to begin later.
    pub(crate) end: Option<u64>,
    /// What has not begun by then is given up.
    pub(crate) give_up: Option<u64>,
    /// Without a reply for so long, the phase has failed.
    pub(crate) patience: Duration,
    pub(crate) seed: u64,
    /// Where requests are counted as they are answered.
    pub(crate) bar: Option<&'w ProgressBar>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// Keys and operations at random, so many if that is said; those of the warm-up are not among them.
    Random(Option<u64>),
    /// The first operation, once for each `step`-th key.
    Each { step: u64 },
}

/// One thread's part of the requests.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) random: Xoshiro256PlusPlus,
    left: Option<u64>,
    /// The next key and the distance to the one after it, where all are asked for once.
    each: Option<(u64, u64)>,
    weights: u32,
}

impl Feed {
    pub(crate) fn new(phase: &Phase<'_>, worker: usize) -> Self {
        let random = Xoshiro256PlusPlus::seed_from_u64(value::mix(phase.seed) ^ worker as u64);
        let (worker, workers) = (worker as u64, phase.workers as u64);
        let weights = phase.operations.iter().map(|(_, weight)| weight).sum();
        let (left, each) = match phase.source {
            Source::Random(None) => (None, None),
            Source::Random(Some(all)) => {
                (Some(all / workers + u64::from(worker < all % workers)), None)
            }
            Source::Each { step } => (None, Some((worker * step, workers * step))),
        };
        Self { random, left, each, weights }
    }

    /// Which operation, and of which key; `None`: there are no more. `counts`: the warm-up is over.
    #[inline]
    pub(crate) fn next(&mut self, phase: &Phase<'_>, counts: bool) -> Option<(usize, u64)> {
        let keys = phase.work.keys.count;
        if let Some((next, distance)) = &mut self.each {
            let key = *next;
            *next = next.checked_add(*distance)?;
            return (key < keys).then_some((0, key));
        }
        if counts && let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        Some((self.operation(phase), phase.work.popularity.pick(keys, &mut self.random)))
    }

    #[inline]
    pub(crate) fn operation(&mut self, phase: &Phase<'_>) -> usize {
        let [_, _, ..] = phase.operations else {
            return 0;
        };
        let mut left = self.random.random_range(0..self.weights);
        let found = phase.operations.iter().position(|(_, weight)| {
            let is_here = left < *weight;
            left = left.saturating_sub(*weight);
            is_here
        });
        found.unwrap_or(0)
    }

    /// When a connection's requests are meant to begin.
    pub(crate) fn schedule(&mut self, phase: &Phase<'_>, connection: usize) -> Option<Schedule> {
        let (rate, arrivals) = phase.rate?;
        Some(Schedule::new(arrivals, rate, connection, phase.connections, &mut self.random))
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::{Keys, Popularity};
    use super::super::sizes::Sizes;
    use super::*;

    fn work() -> Work {
        Work {
            keys: Keys::new("k", 4, 10).unwrap(),
            popularity: Popularity::Uniform,
            sizes: Sizes::Fixed(3),
            ttl: None,
            several: 2,
            is_own: true,
        }
    }

    fn phase<'w>(work: &'w Work, operations: &'w [(Operation, u32)], source: Source) -> Phase<'w> {
        Phase {
            work,
            protocol: Protocol::Resp2,
            operations,
            source,
            depth: 1,
            rate: None,
            connections: 3,
            workers: 3,
            begin: Instant::now(),
            warm: 0,
            end: None,
            give_up: None,
            patience: Duration::ZERO,
            seed: 1,
            bar: None,
        }
    }

    fn all(phase: &Phase<'_>) -> Vec<(usize, u64)> {
        let feed = |worker| {
            let mut feed = Feed::new(phase, worker);
            std::iter::from_fn(move || feed.next(phase, true)).take(5000)
        };
        (0..phase.workers).flat_map(feed).collect()
    }

    #[test]
    fn threads_share_what_there_is_to_do() {
        let work = work();
        let operations = [(Operation::Set, 1)];
        for (step, keys) in [(1, (0..10).collect::<Vec<_>>()), (4, vec![0, 4, 8]), (20, vec![0])] {
            let phase = phase(&work, &operations, Source::Each { step });
            let mut found: Vec<_> = all(&phase).iter().map(|(_, key)| *key).collect();
            found.sort_unstable();
            assert_eq!(found, keys, "{step}");
        }
        for count in [0, 1, 100] {
            let phase = phase(&work, &operations, Source::Random(Some(count)));
            assert_eq!(all(&phase).len() as u64, count);
        }
    }

    #[test]
    fn operations_come_by_their_weight_and_warm_ups_do_not_count() {
        let work = work();
        let operations = [(Operation::Get, 9), (Operation::Set, 1)];
        let phase = phase(&work, &operations, Source::Random(Some(9000)));
        let sets = all(&phase).iter().filter(|(operation, _)| *operation == 1).count();
        assert!((750..1050).contains(&sets), "{sets}");
        let mut feed = Feed::new(&phase, 0);
        assert!((0..5000).all(|_| feed.next(&phase, false).is_some()));
        assert_eq!(std::iter::from_fn(|| feed.next(&phase, true)).count(), 3000);
    }
}
