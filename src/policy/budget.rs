//! How much there may be, and how much there is.
//!
//! One budget for the whole cache. What is inserted is counted when it is in the table, by who inserted it, and what has left by
//! who unlinked it: each exactly once. So in between the count may be off by what those who are at it have in hand, even
//! below zero; at rest it is exact.
//!
//! Where there is too much, an eviction is *claimed* before it is made, by a compare-and-swap that goes through only while that is so: of two
//! threads that have seen one entry too many, one evicts. A claim whose entry was changed by somebody else meanwhile is given back. (Who evicts for
//! an entry of its own, before that is counted, needs no claim.)

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Ordering};

/// Weights are units, or bytes.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Changes seldom.
    limits: CachePadded<Limits>,
    weight: CachePadded<AtomicU64>,
}

#[derive(Debug)]
struct Limits {
    capacity: AtomicU64,
    /// What is taken up by others than entries.
    overhead: AtomicU64,
}

/// A count as it is to be read: one that others have made negative, for the moment, is none.
fn read(weight: u64) -> u64 {
    if weight > u64::MAX / 2 { 0 } else { weight }
}

impl Budget {
    pub(crate) fn new(capacity: u64) -> Self {
        let limits = Limits { capacity: AtomicU64::new(capacity), overhead: AtomicU64::new(0) };
        Self { limits: CachePadded::new(limits), weight: CachePadded::new(AtomicU64::new(0)) }
    }

    /// As it was set.
    pub(crate) fn capacity(&self) -> u64 {
        // Relaxed, here and for the overhead: a number by itself.
        self.limits.capacity.load(Ordering::Relaxed)
    }

    pub(crate) fn set_capacity(&self, capacity: u64) {
        // Relaxed: `announce` follows, and the caller evicts until this is kept.
        self.limits.capacity.store(capacity, Ordering::Relaxed);
        self.announce();
    }

    /// After a limit was changed, before the caller looks at the weight.
    fn announce(&self) {
        // Release: partner of the Acquire in `add`. It changes nothing, but takes its place among those that do: what was added before
        // it the caller sees when it looks, and who adds after it hears of the new limit. A load would have no place.
        self.weight.fetch_add(0, Ordering::Release);
    }

    /// What there is room for.
    pub(crate) fn room(&self) -> u64 {
        self.capacity().saturating_sub(self.limits.overhead.load(Ordering::Relaxed))
    }

    pub(crate) fn set_overhead(&self, overhead: u64) {
        // Relaxed: `announce` follows.
        self.limits.overhead.store(overhead, Ordering::Relaxed);
        self.announce();
    }

    pub(crate) fn weight(&self) -> u64 {
        // Relaxed: who must not miss what another has counted has met that one in a queue before. See `Queue::pop`.
        read(self.weight.load(Ordering::Relaxed))
    }

    /// Whether there is more than there may be.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.weight() > self.room()
    }

    /// Whether there is no room for so much more.
    pub(crate) fn lacks(&self, weight: u64) -> bool {
        self.weight().saturating_add(weight) > self.room()
    }

    /// Counts what has come, less what has gone.
    pub(crate) fn add(&self, weight: i64) {
        if weight != 0 {
            // Acquire: partner of the Release in `announce`: the caller looks at the limits after this. Relaxed would do for the rest, as in
            // `weight`.
            self.weight.fetch_add(weight.cast_unsigned(), Ordering::Acquire);
        }
    }

    /// Uncounts what the caller is going to evict, if there is still too much.
    pub(crate) fn claim(&self, weight: u64) -> bool {
        let mut seen = self.weight.load(Ordering::Relaxed);
        while read(seen) > self.room() {
            // Relaxed, both: the number is all there is to it.
            match self.weight.compare_exchange_weak(
                seen,
                seen.wrapping_sub(weight),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
        false
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_too_much_cannot_be_claimed() {
        let budget = Budget::new(10);
        budget.add(12);
        assert!(budget.is_exceeded() && budget.claim(5));
        assert_eq!(budget.weight(), 7);
        assert!(!budget.is_exceeded() && !budget.claim(1));
        assert!(budget.lacks(4) && !budget.lacks(3) && budget.lacks(u64::MAX));
        budget.set_overhead(4);
        assert_eq!((budget.capacity(), budget.room()), (10, 6));
        assert!(budget.claim(1) && !budget.claim(1));
    }

    #[test]
    fn a_count_below_zero_is_nothing() {
        let budget = Budget::new(10);
        budget.add(-3);
        assert_eq!(budget.weight(), 0);
        assert!(!budget.is_exceeded() && !budget.claim(1));
        budget.add(4);
        assert_eq!(budget.weight(), 1);
    }
}
