//! When a connection's requests are meant to begin, whether or not they can: the clock of the open loop.

use std::fmt;

use clap::ValueEnum;
use rand::Rng;
use rand_distr::{Distribution, Exp1};

/// How requests follow each other at a given rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arrivals {
    /// At equal distances
    Fixed,
    /// As those of many independent users: distances at random, exponentially distributed
    Poisson,
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "at equal distances",
            Self::Poisson => "as a Poisson process",
        })
    }
}

/// The instants of one connection, in nanoseconds. Those that nobody has taken yet wait, however late it is.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    arrivals: Arrivals,
    /// The mean distance.
    interval: f64,
    next: f64,
}

impl Schedule {
    /// Of the connection of this `number` among `connections`, which together begin `rate` requests a second.
    pub(crate) fn new(
        arrivals: Arrivals,
        rate: f64,
        number: usize,
        connections: usize,
        random: &mut impl Rng,
    ) -> Self {
        let between_all = 1e9 / rate;
        let mut schedule = Self { arrivals, interval: between_all * connections as f64, next: 0.0 };
        match arrivals {
            // All of them take turns.
            Arrivals::Fixed => schedule.next = between_all * number as f64,
            Arrivals::Poisson => schedule.advance(random),
        }
        schedule
    }

    /// When the next one is meant to begin.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.next as u64
    }

    /// The next one has begun.
    #[inline]
    pub(crate) fn advance(&mut self, random: &mut impl Rng) {
        self.next += match self.arrivals {
            Arrivals::Fixed => self.interval,
            Arrivals::Poisson => {
                let share: f64 = Exp1.sample(random);
                self.interval * share
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn instants(arrivals: Arrivals, number: usize, seed: u64) -> Vec<u64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut schedule = Schedule::new(arrivals, 1000.0, number, 4, &mut random);
        let mut found = Vec::new();
        while schedule.next() < SECOND {
            found.push(schedule.next());
            schedule.advance(&mut random);
        }
        found
    }

    #[test]
    fn connections_take_turns_at_equal_distances() {
        let mut all: Vec<_> =
            (0..4).flat_map(|number| instants(Arrivals::Fixed, number, 1)).collect();
        all.sort_unstable();
        let expected: Vec<u64> = (0..1000).map(|place| place * 1_000_000).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn a_poisson_process_has_its_rate_and_its_spread() {
        let all: Vec<_> = (0..4)
            .flat_map(|number| instants(Arrivals::Poisson, number, 7 + number as u64))
            .collect();
        // 1000 within four deviations of its root.
        assert!((874..1126).contains(&all.len()), "{}", all.len());
        let one = instants(Arrivals::Poisson, 0, 3);
        let short = one.windows(2).filter(|pair| pair[1] - pair[0] < 4_000_000).count();
        // 63 % of the distances are shorter than their mean.
        let share = short as f64 / one.len() as f64;
        assert!((0.52..0.74).contains(&share), "{share}");
    }
}
