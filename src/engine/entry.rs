//! What the engine asks of an entry.

use super::deadline::Deadline;
use super::idle::Hard;
use crate::policy::Mark;
use crate::sync::{AtomicU32, Ordering};
use crate::table::{Node, Shared};

/// A table node with a deadline.
pub(crate) trait Entry: Node + Sized {
    /// When it is absent.
    fn deadline(&self) -> &Deadline;

    /// Which record of the wheel is its own.
    fn timer(&self) -> &Timer;

    /// When it is due whether it is asked for or not; None: in a cache without a time-to-idle.
    fn hard(entry: Shared<'_, Self>) -> Option<&Hard>;

    /// What it says to the eviction policy.
    fn mark(&self) -> &Mark;

    /// What it counts for in the budget; the same whenever it is asked.
    fn weight(entry: Shared<'_, Self>, context: &Self::Context) -> u64;

    /// Bytes that freeing it gives back.
    fn bytes(entry: Shared<'_, Self>) -> usize;
}

/// The tick at which a record of the wheel will fire for an entry: 32 bits of it, since no record is more than 2^30 ticks ahead.
#[derive(Debug)]
pub(crate) struct Timer(AtomicU32);

/// What a timer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Armed {
    /// There is no record.
    No,
    /// A record fires at the tick with these low 32 bits.
    At(u32),
    /// The entry was replaced by one that relies on its record; nothing more happens here.
    Sealed,
}

const NO: u32 = 0;
const SEALED: u32 = 1;

impl Armed {
    /// For a tick as the wheel gave it out (after [`avoid_reserved`]).
    pub(super) fn at(tick: u64) -> Self {
        Self::decode(tick as u32)
    }

    fn decode(word: u32) -> Self {
        match word {
            NO => Self::No,
            SEALED => Self::Sealed,
            tick => Self::At(tick),
        }
    }

    fn encode(self) -> u32 {
        match self {
            Self::No => NO,
            Self::Sealed => SEALED,
            Self::At(tick) => tick,
        }
    }

    /// Whether a record fires for it, and not later than `tick`.
    pub(super) fn is_by(self, tick: u64) -> bool {
        // Serial-number arithmetic: the two are less than 2^31 ticks apart.
        matches!(self, Self::At(at) if (tick as u32).wrapping_sub(at) as i32 >= 0)
    }
}

impl Armed {
    /// Whether the record for `tick`, which fires at the wheel's time `elapsed`, serves an entry that is armed like this:
    /// because it is its own, or because it is not late for it.
    ///
    /// The first counts by itself: after a jump of the clock, of more than 2^31 ticks, the low 32 bits no longer tell
    /// what is early and what is late.
    pub(super) fn is_served_by(self, tick: u64, elapsed: u64) -> bool {
        let own = matches!(self, Self::At(at) if at == tick as u32);
        own || self.tick_near(elapsed).is_some_and(|armed| armed <= tick)
    }

    /// The whole tick of its record, if it has one: of those with these low 32 bits, the one closest to the wheel's time.
    pub(super) fn tick_near(self, elapsed: u64) -> Option<u64> {
        match self {
            Self::At(at) => {
                let ahead = at.wrapping_sub(elapsed as u32) as i32;
                Some(elapsed.saturating_add_signed(ahead.into()))
            }
            Self::No | Self::Sealed => None,
        }
    }
}

/// The first tick from `tick` on whose low 32 bits do not stand for something else.
pub(super) fn avoid_reserved(tick: u64) -> u64 {
    match tick as u32 {
        NO => tick + 2,
        SEALED => tick + 1,
        _ => tick,
    }
}

impl Timer {
    /// No record.
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(NO))
    }

    pub(super) fn load(&self) -> Armed {
        // Acquire: partner of the Release in `seal`: who sees the seal finds the entry that has replaced this one.
        Armed::decode(self.0.load(Ordering::Acquire))
    }

    /// Before the entry is published.
    pub(super) fn set(&self, armed: Armed) {
        // Relaxed: published with the entry.
        self.0.store(armed.encode(), Ordering::Relaxed);
    }

    /// Makes another record the entry's; whoever wins pushes it.
    pub(super) fn rearm(&self, from: Armed, to: Armed) -> bool {
        // AcqRel, each the other's partner: of two threads that change the deadline and then come here, or come here and then look at
        // the deadline, the later one sees what the earlier did before. Relaxed on failure: who goes on looks again, by `load`.
        self.0
            .compare_exchange(from.encode(), to.encode(), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Ends it; what it said last.
    pub(super) fn seal(&self) -> Armed {
        // Release: partner of the Acquire in `load`: the CAS on the slot that replaced the entry comes before. No Acquire: what
        // the timer said is in the word, and the deadline has been sealed before.
        Armed::decode(self.0.swap(SEALED, Ordering::Release))
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn ticks_compare_across_the_wrap() {
        let before = u64::from(u32::MAX) - 5;
        let after = u64::from(u32::MAX) + 10;
        assert!(Armed::at(before).is_by(before));
        assert!(Armed::at(before).is_by(after));
        assert!(!Armed::at(after).is_by(before));
        assert!(!Armed::No.is_by(after));
        assert!(!Armed::Sealed.is_by(after));
    }

    #[test]
    fn a_record_serves_its_own_entry_and_earlier_ones() {
        let far = 1_u64 << 40;
        for elapsed in [100, u64::from(u32::MAX) + 10, far] {
            assert!(Armed::at(elapsed - 1).is_served_by(elapsed - 1, elapsed));
            assert!(Armed::at(elapsed - 2).is_served_by(elapsed - 1, elapsed));
            assert!(!Armed::at(elapsed + 1).is_served_by(elapsed, elapsed));
            assert!(!Armed::at(elapsed + (1 << 30)).is_served_by(5, elapsed));
        }
        // The clock has jumped by years.
        assert!(Armed::at(1000).is_served_by(1000, far));
    }

    #[test]
    fn no_tick_looks_like_a_state() {
        for tick in [0, 1, 2, 1 << 32, (1 << 32) + 1, 7 << 32] {
            let avoided = avoid_reserved(tick);
            assert!(avoided >= tick && avoided <= tick + 2);
            assert_eq!(Armed::at(avoided), Armed::At(avoided as u32));
        }
    }
}
