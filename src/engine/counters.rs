//! Counts that every write changes: striped, so that counting is no meeting point.

use crossbeam_utils::CachePadded;

use crate::kv::RemovalCause;
use crate::sync::hint::AtomicUsize;
use crate::sync::{Ordering, thread_index};

/// Stripes that belong to one thread each, by its number: it counts there with a load and a store, and no read-modify-write.
const OWNED: usize = if cfg!(purekv_loom) { 0 } else { 16 };

/// Stripes for all other threads.
const SHARED: usize = if cfg!(purekv_loom) { 1 } else { 16 };

/// One thread may count an entry in and another count it out, so a stripe alone means nothing and the sum all.
#[derive(Debug, Default)]
pub(super) struct Counters {
    owned: [CachePadded<Stripe>; OWNED],
    shared: [CachePadded<Stripe>; SHARED],
}

#[derive(Debug, Default)]
struct Stripe {
    armed: AtomicUsize,
    /// Entries that have left, by cause.
    departed: [AtomicUsize; RemovalCause::ALL.len()],
    /// Entries that have come to a key that was not there, and changes of one that was.
    inserted: AtomicUsize,
    replaced: AtomicUsize,
    /// Look-ups, by whether they have found something, where they are counted.
    hits: AtomicUsize,
    misses: AtomicUsize,
    /// Those that have gone and may have left a stale record behind.
    moved: AtomicUsize,
}

/// So many entries more: how often it is time to look for stale records for that.
fn times(before: usize, entries: usize) -> usize {
    before.wrapping_add(entries) / TIDY_EVERY - before / TIDY_EVERY
}

/// Entries that come or go between two looks for stale records, in a stripe.
pub(super) const TIDY_EVERY: usize = if cfg!(purekv_loom) { 8 } else { 16 };

impl Counters {
    /// Where this thread counts, and whether no other does.
    #[inline]
    fn stripe(&self) -> (&Stripe, bool) {
        let thread = thread_index();
        match self.owned.get(thread) {
            Some(stripe) => (stripe, true),
            None => (&self.shared[thread % SHARED], false),
        }
    }

    /// Adds `by`, or takes away what that is the two's complement of; what was counted there before.
    #[inline(always)]
    fn add(&self, counter: impl Fn(&Stripe) -> &AtomicUsize, by: usize) -> usize {
        let (stripe, is_owned) = self.stripe();
        let counter = counter(stripe);
        // Relaxed, all of it: counters order nothing.
        if !is_owned {
            return counter.fetch_add(by, Ordering::Relaxed);
        }
        // A thread gets its number, and what was counted under it, from the one that had it before.
        let before = counter.load(Ordering::Relaxed);
        counter.store(before.wrapping_add(by), Ordering::Relaxed);
        before
    }

    /// The sum of one counter; while threads are at work it may be off, to either side of zero.
    fn sum(&self, counter: impl Fn(&Stripe) -> &AtomicUsize) -> usize {
        self.sum_of(|stripe| counter(stripe).load(Ordering::Relaxed))
    }

    fn sum_of(&self, count: impl Fn(&Stripe) -> usize) -> usize {
        let stripes = self.owned.iter().chain(&self.shared);
        let sum = stripes.fold(0_usize, |sum, stripe| sum.wrapping_add(count(stripe)));
        if sum > usize::MAX / 2 { 0 } else { sum }
    }

    /// An entry has come; how often it is time to tidy up for that.
    pub(super) fn entry_born(&self) -> usize {
        times(self.add(|stripe| &stripe.inserted, 1), 1)
    }

    /// A number that is another one after each insertion of this thread.
    pub(super) fn changing(&self) -> u64 {
        // Relaxed: for its low bits.
        self.stripe().0.inserted.load(Ordering::Relaxed) as u64
    }

    #[inline]
    pub(super) fn entry_replaced(&self) {
        self.add(|stripe| &stripe.replaced, 1);
    }

    pub(super) fn entry_gone(&self, cause: RemovalCause) {
        self.add(|stripe| &stripe.departed[cause as usize], 1);
    }

    /// So many entries have gone; how often it is time to tidy up for that.
    pub(super) fn moved(&self, entries: usize) -> usize {
        times(self.add(|stripe| &stripe.moved, entries), entries)
    }

    pub(super) fn armed(&self) {
        self.add(|stripe| &stripe.armed, 1);
    }

    pub(super) fn disarmed(&self) {
        self.add(|stripe| &stripe.armed, usize::MAX);
    }

    pub(super) fn looked_up(&self, has_found: bool) {
        self.add(|stripe| if has_found { &stripe.hits } else { &stripe.misses }, 1);
    }

    pub(super) fn hits_and_misses(&self) -> (usize, usize) {
        (self.sum(|stripe| &stripe.hits), self.sum(|stripe| &stripe.misses))
    }

    /// Those that have come and not left: not counted apart, for every insertion and every removal would pay for it.
    pub(super) fn entries(&self) -> usize {
        self.sum_of(|Stripe { inserted, departed, .. }| {
            let came = inserted.load(Ordering::Relaxed);
            departed.iter().fold(came, |here, left| here.wrapping_sub(left.load(Ordering::Relaxed)))
        })
    }

    pub(super) fn entries_armed(&self) -> usize {
        self.sum(|stripe| &stripe.armed)
    }

    pub(super) fn entries_departed(&self, cause: RemovalCause) -> usize {
        self.sum(|stripe| &stripe.departed[cause as usize])
    }

    pub(super) fn entries_inserted(&self) -> usize {
        self.sum(|stripe| &stripe.inserted)
    }

    pub(super) fn entries_replaced(&self) -> usize {
        self.sum(|stripe| &stripe.replaced)
    }
}
