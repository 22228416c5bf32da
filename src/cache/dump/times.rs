//! Deadlines on their way between a cache's clock and the wall clock's of a file.

use crate::clock::{Clock, NEVER, WallClock};
use crate::engine::Until;
use crate::snapshot::Due;

/// A deadline in a file that never comes.
const NEVER_WALL: u64 = u64::MAX;

/// Both clocks at one instant, and how deadlines are in a file.
#[derive(Clone, Copy, Debug)]
pub(in crate::cache) struct Times(WallClock);

impl Times {
    pub(in crate::cache) fn now(clock: &Clock) -> Self {
        Self(WallClock::now(clock))
    }

    /// As if the wall clock showed this.
    #[cfg(test)]
    fn at(wall: u64, clock: &Clock) -> Self {
        Self(WallClock::at(wall, clock))
    }

    pub(super) fn wall(&self) -> u64 {
        self.0.wall()
    }

    /// An instant of the cache's clock by the wall clock.
    fn to_wall(self, deadline: u64) -> u64 {
        if deadline == NEVER { NEVER_WALL } else { self.0.to_wall(deadline).min(NEVER_WALL - 1) }
    }

    /// An instant by the wall clock in the cache's; None: it has passed.
    fn to_clock(self, deadline: u64) -> Option<u64> {
        match deadline {
            NEVER_WALL => Some(NEVER),
            _ => (deadline > self.wall()).then(|| self.0.to_clock(deadline)),
        }
    }

    /// For an entry that is due at `deadline`, and at `hard` whatever is done with it.
    pub(super) fn due(&self, deadline: u64, hard: Option<u64>) -> Due {
        Due { deadline: self.to_wall(deadline), last: hard.map(|hard| self.to_wall(hard)) }
    }

    /// When a loaded entry is due; None: it is. `until`: of a new one that is due at the given instant.
    pub(in crate::cache) fn until(
        &self,
        due: Due,
        until: impl FnOnce(u64) -> Until,
    ) -> Option<Until> {
        let deadline = self.to_clock(due.deadline)?;
        let Some(last) = due.last else { return Some(until(deadline)) };
        let mut until = until(self.to_clock(last)?);
        if until.hard.is_some() {
            // Its time-to-idle was running while nobody could ask for it.
            until.deadline = until.deadline.min(deadline);
        }
        Some(until)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_passes_between_a_dump_and_its_load() {
        let (clock, hand) = Clock::manual();
        hand.advance(Duration::from_nanos(500));
        let dumped = Times::at(1_000_000, &clock);
        let due = dumped.due(600, None);
        assert_eq!(due.deadline, 1_000_100);
        let (clock, hand) = Clock::manual();
        hand.advance(Duration::from_nanos(7));
        let until = |hard| Until { deadline: hard, hard: None };
        let loaded = |wall| Times::at(wall, &clock).until(due, until).map(|until| until.deadline);
        assert_eq!(loaded(1_000_000), Some(107));
        assert_eq!(loaded(1_000_099), Some(8));
        assert_eq!(loaded(1_000_100), None);
        assert_eq!(loaded(u64::MAX), None);
        assert_eq!(loaded(0), Some(1_000_107), "the wall clock was set back");
    }

    #[test]
    fn never_is_never() {
        let (clock, _) = Clock::manual();
        for wall in [0, 1, u64::MAX - 1] {
            let times = Times::at(wall, &clock);
            let due = times.due(NEVER, Some(NEVER));
            assert_eq!(due, Due { deadline: u64::MAX, last: Some(u64::MAX) });
            let until = times.until(due, |hard| Until { deadline: 9, hard: Some(hard) }).unwrap();
            assert_eq!((until.deadline, until.hard), (9, Some(NEVER)));
            assert_ne!(times.due(NEVER - 1, None).deadline, u64::MAX);
        }
    }

    #[test]
    fn idleness_goes_on() {
        let (clock, _) = Clock::manual();
        let due = Due { deadline: 150, last: Some(1000) };
        let until = |hard| Until { deadline: 60, hard: Some(hard) };
        let loaded = Times::at(100, &clock).until(due, until).unwrap();
        assert_eq!((loaded.deadline, loaded.hard), (50, Some(900)));
        let plain = |hard| Until { deadline: hard, hard: None };
        let loaded = Times::at(100, &clock).until(due, plain).unwrap();
        assert_eq!((loaded.deadline, loaded.hard), (900, None), "a cache without a time-to-idle");
    }
}
