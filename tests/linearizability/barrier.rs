//! Lets threads go at the same moment. `std`'s barrier wakes sleepers one by one, and the first is done before the last
//! is up; and it waits for ever for a thread that has panicked.
#![allow(clippy::disallowed_types, reason = "the barrier is the test's own, not the crate's")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

pub(crate) struct Barrier {
    parties: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    pub(crate) fn new(parties: usize) -> Self {
        Self {
            parties,
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Until all parties are here. Panics if one of them never will be.
    pub(crate) fn wait(&self) {
        let round = self.round.load(Ordering::Acquire);
        // AcqRel: what each party did before is handed to the last one, who hands it on below.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.parties {
            self.arrived.store(0, Ordering::Relaxed);
            // Release: partner of the loads of `round`.
            self.round.fetch_add(1, Ordering::Release);
            return;
        }
        while self.round.load(Ordering::Acquire) == round {
            assert!(!self.is_broken(), "another thread panicked");
            thread::yield_now();
        }
    }

    /// Whether a party has panicked.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Breaks the barrier if this thread panics while it holds the answer.
    pub(crate) fn break_on_panic(&self) -> impl Drop + '_ {
        struct Breaker<'b>(&'b Barrier);
        impl Drop for Breaker<'_> {
            fn drop(&mut self) {
                if thread::panicking() {
                    self.0.broken.store(true, Ordering::Relaxed);
                }
            }
        }
        Breaker(self)
    }
}
