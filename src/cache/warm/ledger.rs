//! Which entries of a snapshot still are what their keys hold: a bit for each, and locks for who moves them.
//!
//! ```text
//!          under the lock of its stripe, after it was published in the table,
//!          or was found due, or is not to come any more
//!  cold: 0 ────────────────────────────────────────────────────────────────────► settled: 1
//! ```
//!
//! Whoever is about to change a key settles its entry first. So as long as the bit is 0 nobody has changed the key, and its value is the snapshot's;
//! from then on the table alone knows. A bit never goes back.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, zeroed_slice};

/// Locks. An entry's is chosen by its number, so that who goes through them one after the other is never twice at the same one.
const STRIPES: usize = if cfg!(purekv_loom) { 1 } else { 256 };

/// See the [module](self).
pub(super) struct Ledger {
    words: Box<[AtomicU64]>,
    stripes: Box<[CachePadded<Mutex<()>>]>,
    /// No entry is to be moved any more.
    closed: AtomicBool,
    /// How many are cold.
    left: AtomicU64,
}

/// The lock of an entry.
pub(super) struct Hold<'l> {
    ledger: &'l Ledger,
    number: u64,
    _lock: MutexGuard<'l, ()>,
}

impl Ledger {
    /// So many entries, all of them cold.
    pub(super) fn new(entries: u64) -> Self {
        let words = usize::try_from(entries.div_ceil(64)).unwrap_or(usize::MAX);
        Self {
            words: zeroed_slice(words),
            stripes: (0..STRIPES).map(|_| CachePadded::new(Mutex::new(()))).collect(),
            closed: AtomicBool::new(false),
            left: AtomicU64::new(entries),
        }
    }

    fn word(&self, number: u64) -> (&AtomicU64, u64) {
        (&self.words[(number / 64) as usize], 1 << (number % 64))
    }

    pub(super) fn is_cold(&self, number: u64) -> bool {
        let (word, bit) = self.word(number);
        // Acquire: partner of the Release in `settle`: who finds it settled finds in the table what was published before.
        word.load(Ordering::Acquire) & bit == 0
    }

    /// How many are cold. 0: for good.
    pub(super) fn left(&self) -> u64 {
        // Acquire: partner of the Release in `settle`: whoever finds that there is none left tells all others so.
        self.left.load(Ordering::Acquire)
    }

    /// Waits for who is moving an entry of the same stripe.
    pub(super) fn hold(&self, number: u64) -> Hold<'_> {
        let lock = self.stripe(number).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Hold { ledger: self, number, _lock: lock }
    }

    /// As [`hold`](Self::hold); None instead of waiting.
    pub(super) fn try_hold(&self, number: u64) -> Option<Hold<'_>> {
        let lock = match self.stripe(number).try_lock() {
            Ok(lock) => lock,
            // Who panicked had changed nothing yet.
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        Some(Hold { ledger: self, number, _lock: lock })
    }

    fn stripe(&self, number: u64) -> &Mutex<()> {
        &self.stripes[(number % self.stripes.len() as u64) as usize]
    }

    /// For an entry that nobody can move: it is damaged, or was due from the start. Otherwise by its [`Hold`].
    pub(super) fn settle(&self, number: u64) {
        let (word, bit) = self.word(number);
        // Release: partner of the Acquire in `is_cold`.
        let before = word.fetch_or(bit, Ordering::Release);
        if before & bit == 0 {
            // Release: partner of the Acquire in `left`.
            self.left.fetch_sub(1, Ordering::Release);
        }
    }

    /// Lets no entry be moved any more, and waits for those that are being moved: afterwards they are in the table.
    pub(super) fn close(&self) {
        // Relaxed: whoever takes a lock after us sees it by that.
        self.closed.store(true, Ordering::Relaxed);
        for stripe in &self.stripes {
            drop(stripe.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        }
    }
}

impl Hold<'_> {
    pub(super) fn is_cold(&self) -> bool {
        self.ledger.is_cold(self.number)
    }

    /// Whether it may not be moved any more.
    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: as in `close`.
        self.ledger.closed.load(Ordering::Relaxed)
    }

    /// After it was published, or when it is not to be.
    pub(super) fn settle(&self) {
        self.ledger.settle(self.number);
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_settled_once() {
        let ledger = Ledger::new(130);
        for number in [0, 63, 64, 129] {
            assert!(ledger.is_cold(number));
            let hold = ledger.hold(number);
            hold.settle();
            hold.settle();
            assert!(!hold.is_cold());
        }
        assert!([1, 62, 65, 128].iter().all(|&number| ledger.is_cold(number)));
        assert_eq!(ledger.left(), 126);
    }

    #[test]
    fn who_does_not_want_to_wait_need_not() {
        let ledger = Ledger::new(1000);
        let hold = ledger.hold(3);
        assert!(ledger.try_hold(3).is_none());
        assert!(ledger.try_hold(3 + STRIPES as u64).is_none());
        assert!(ledger.try_hold(4).is_some_and(|hold| !hold.is_closed()));
        drop(hold);
        ledger.close();
        assert!(ledger.try_hold(3).is_some_and(|hold| hold.is_closed() && hold.is_cold()));
    }
}
