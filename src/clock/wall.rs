//! Between a cache's clock and the wall clock.
//!
//! Both are read once, and one offset holds from then on: so a deadline that is given by the wall clock and asked for again is the same to the
//! nanosecond, and who sets the wall clock moves no deadline.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Clock, NEVER, nanos};

/// The wall clock: nanoseconds since the epoch, 0 before that.
pub(crate) fn wall() -> u64 {
    nanos_of(SystemTime::now()).min(u64::MAX - 1)
}

/// Nanoseconds since the epoch, saturating at both ends.
fn nanos_of(time: SystemTime) -> u64 {
    nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Both clocks at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    /// Nanoseconds since the epoch.
    wall: u64,
    /// Of the cache's clock.
    clock: u64,
}

impl WallClock {
    pub(crate) fn now(clock: &Clock) -> Self {
        Self::at(wall(), clock)
    }

    /// As if the wall clock showed this.
    pub(crate) fn at(wall: u64, clock: &Clock) -> Self {
        Self { wall, clock: clock.now() }
    }

    /// What the wall clock showed when both were read.
    #[cfg(feature = "dump")]
    pub(crate) fn wall(self) -> u64 {
        self.wall
    }

    /// An instant of the cache's clock, in nanoseconds since the epoch. Not for [`NEVER`].
    pub(crate) fn to_wall(self, instant: u64) -> u64 {
        let ahead = self.wall.saturating_add(instant.saturating_sub(self.clock));
        ahead.saturating_sub(self.clock.saturating_sub(instant))
    }

    /// The instant of the cache's clock for so many nanoseconds since the epoch; [`NEVER`] where that clock does not get so far, and its
    /// origin for what was before.
    pub(crate) fn to_clock(self, wall: u64) -> u64 {
        let ahead = self.clock.saturating_add(wall.saturating_sub(self.wall));
        ahead.saturating_sub(self.wall.saturating_sub(wall)).min(NEVER)
    }

    /// An instant of the cache's clock as others know it; None: never.
    pub(crate) fn time(self, instant: u64) -> Option<SystemTime> {
        if instant == NEVER {
            return None;
        }
        UNIX_EPOCH.checked_add(Duration::from_nanos(self.to_wall(instant)))
    }

    /// The instant of the cache's clock for a time of the wall clock.
    pub(crate) fn instant(self, time: SystemTime) -> u64 {
        self.to_clock(nanos_of(time))
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_given_back() {
        let (clock, hand) = Clock::manual();
        hand.advance(Duration::from_nanos(1_000));
        let both = WallClock::at(1_000_000, &clock);
        for wall in [999_000, 999_999, 1_000_000, 1_000_001, 1 << 61] {
            assert_eq!(both.to_wall(both.to_clock(wall)), wall);
            let time = UNIX_EPOCH + Duration::from_nanos(wall);
            assert_eq!(both.time(both.instant(time)), Some(time));
        }
        assert_eq!(both.to_clock(1_000_007), 1_007);
        assert_eq!(both.to_clock(999_993), 993);
    }

    #[test]
    fn the_ends_of_time() {
        let (clock, hand) = Clock::manual();
        hand.advance(Duration::from_nanos(1_000));
        let both = WallClock::at(1_000_000, &clock);
        assert_eq!(both.to_clock(0), 0, "before the clock began");
        assert_eq!(both.instant(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(both.to_clock(u64::MAX), NEVER);
        assert_eq!(both.time(NEVER), None);
        assert!(both.time(NEVER - 1).is_some());
        assert_eq!(WallClock::at(u64::MAX - 1, &clock).to_wall(NEVER - 1), u64::MAX);
    }
}
