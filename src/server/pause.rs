//! CLIENT PAUSE: requests that wait, of all commands or of those that write.
//!
//! One word, which each request looks at: 0 as a rule. Who has to wait keeps its request and is told to its [`Worker`](super::Worker), which has it looked at again when the
//! pause should be over; so nobody polls, and no thread is held up.

use crate::sync::{AtomicU64, Ordering};

const ALL: u64 = 1;
/// Until a dump before the end is written, or has failed.
const SAVING: u64 = 2;
const SHIFT: u32 = 2;
/// Milliseconds since the epoch, beyond which none can be said.
const LAST: u64 = u64::MAX >> SHIFT;

/// ```text
///  63                                   2        1         0
/// ┌──────────────────────────────────────┬────────┬─────────┐
/// │ until: milliseconds since the epoch  │ saving │ all     │
/// └──────────────────────────────────────┴────────┴─────────┘
/// ```
#[derive(Debug, Default)]
pub(super) struct Pause(AtomicU64);

impl Pause {
    /// Whether there may be a pause: what everybody asks, and all that most ask.
    #[inline]
    pub(super) fn may_be(&self) -> bool {
        // Relaxed: who has to be sure that nobody is within a command closes the gate to say it.
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Until when a command waits; None: it need not.
    pub(super) fn holds(&self, writes: bool, now: u64) -> Option<u64> {
        let word = self.0.load(Ordering::Relaxed);
        if word & SAVING != 0 && writes {
            return Some(LAST);
        }
        let until = word >> SHIFT;
        if until > now {
            return (writes || word & ALL != 0).then_some(until);
        }
        if word & SAVING == 0 {
            // It is over, and nobody need ask again. If it fails, there is another.
            let _ = self.0.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
        None
    }

    /// Lets commands wait until then. A pause that is there already becomes the longer and the stricter of both, as in Redis.
    pub(super) fn begin(&self, until: u64, all: bool, now: u64) {
        let until = until.min(LAST) << SHIFT;
        self.change(|word| {
            let before = if word >> SHIFT > now { word } else { word & SAVING };
            let kinds = before & (ALL | SAVING) | u64::from(all);
            (before & !(ALL | SAVING)).max(until) | kinds
        });
    }

    /// The end of it.
    pub(super) fn end(&self) {
        self.change(|word| word & SAVING);
    }

    /// Lets commands that write wait for a dump.
    pub(super) fn set_saving(&self, saving: bool) {
        self.change(|word| if saving { word | SAVING } else { word & !SAVING });
    }

    fn change(&self, change: impl Fn(u64) -> u64) {
        let next = |word| Some(change(word));
        // Relaxed: see `may_be`. It always succeeds.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_longer_and_the_stricter_counts() {
        let pause = Pause::default();
        assert!(!pause.may_be());
        pause.begin(100, false, 10);
        assert_eq!(pause.holds(true, 99), Some(100));
        assert_eq!(pause.holds(false, 99), None);
        pause.begin(50, true, 20);
        assert_eq!(pause.holds(false, 99), Some(100));
        // It is over: the next one is by itself.
        assert_eq!(pause.holds(false, 100), None);
        assert!(!pause.may_be());
        pause.begin(300, false, 200);
        assert_eq!((pause.holds(false, 250), pause.holds(true, 250)), (None, Some(300)));
        pause.end();
        assert!(!pause.may_be());
    }

    #[test]
    fn a_dump_before_the_end_holds_what_writes() {
        let pause = Pause::default();
        pause.set_saving(true);
        pause.begin(u64::MAX, false, 0);
        pause.end();
        assert_eq!((pause.holds(true, 5), pause.holds(false, 5)), (Some(LAST), None));
        pause.set_saving(false);
        assert!(!pause.may_be());
    }
}
