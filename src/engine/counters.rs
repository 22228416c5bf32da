//! Counts that every write changes: striped, so that counting is no meeting point.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicUsize, Ordering, thread_index};

const STRIPES: usize = if cfg!(purekv_loom) { 1 } else { 16 };

/// One thread may count an entry in and another count it out, so a stripe alone means nothing and the sum all.
#[derive(Debug, Default)]
pub(super) struct Counters {
    stripes: [CachePadded<Stripe>; STRIPES],
}

#[derive(Debug, Default)]
struct Stripe {
    entries: AtomicUsize,
    armed: AtomicUsize,
    expired: AtomicUsize,
}

impl Counters {
    fn stripe(&self) -> &Stripe {
        &self.stripes[thread_index() % STRIPES]
    }

    /// `by` is 1, or −1 in two's complement.
    fn add(counter: &AtomicUsize, by: usize) {
        // Relaxed: counters order nothing.
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// The sum of one counter; while threads are at work it may be off, to either side of zero.
    fn sum(&self, counter: impl Fn(&Stripe) -> &AtomicUsize) -> usize {
        let sum = self
            .stripes
            .iter()
            .fold(0_usize, |sum, stripe| sum.wrapping_add(counter(stripe).load(Ordering::Relaxed)));
        if sum > usize::MAX / 2 { 0 } else { sum }
    }

    pub(super) fn entry_born(&self) {
        Self::add(&self.stripe().entries, 1);
    }

    pub(super) fn entry_gone(&self) {
        Self::add(&self.stripe().entries, usize::MAX);
    }

    pub(super) fn armed(&self) {
        Self::add(&self.stripe().armed, 1);
    }

    pub(super) fn disarmed(&self) {
        Self::add(&self.stripe().armed, usize::MAX);
    }

    pub(super) fn expired(&self) {
        Self::add(&self.stripe().expired, 1);
    }

    pub(super) fn entries(&self) -> usize {
        self.sum(|stripe| &stripe.entries)
    }

    pub(super) fn entries_armed(&self) -> usize {
        self.sum(|stripe| &stripe.armed)
    }

    pub(super) fn entries_expired(&self) -> usize {
        self.sum(|stripe| &stripe.expired)
    }
}
