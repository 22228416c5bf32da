//! What is done by one thread at a time: advancing, and sweeping.
//!
//! Both take lists out of the wheel and go through them in slices. What a slice leaves over stays in the [`Ticker`],
//! behind the claim, for whoever holds it next, for either purpose: an advance that finds the rest of a sweep fires
//! what is due and puts the others back, and a sweep that finds the rest of an advance sweeps it.

use super::level::{LAST_TICK, LEVELS, entered};
use super::list::{List, TakenList};
use super::stripe::LISTS;
use super::{Due, Progress, STRIPES, Tick, Wheel};
use crate::hash::Signature;
use crate::sync::epoch::{Guard, pin};
use crate::sync::{Ordering, failpoint};

/// Records handed out at a time.
const BATCH: usize = 32;
/// Batches per pin: at most 128 records.
const BATCHES_PER_PIN: usize = 4;

/// The state of the work in hand; it belongs to whoever holds the claim.
#[derive(Debug)]
pub(super) struct Ticker {
    /// The rest of a list.
    taken: TakenList,
    /// The stripe it was taken from, and into which goes back what is not done with.
    stripe: usize,
    /// Slots that the wheel has entered and that are to be emptied yet.
    entered: [[u64; LEVELS]; STRIPES],
    /// Stripes whose overdue are to be taken yet.
    overdue: [bool; STRIPES],
    /// How many of all lists the present sweep has been to.
    swept: usize,
}

/// Which lists come next.
#[derive(Clone, Copy)]
enum Work {
    Advance,
    Sweep,
}

impl Ticker {
    pub(super) fn new() -> Self {
        Self {
            taken: TakenList::empty(),
            stripe: 0,
            entered: [[0; LEVELS]; STRIPES],
            overdue: [false; STRIPES],
            swept: 0,
        }
    }

    /// The wheel goes from `from` to `to`, which its clock shows already.
    fn enter(&mut self, wheel: &Wheel, from: Tick, to: Tick) {
        for (stripe, levels) in wheel.stripes.iter().zip(&mut self.entered) {
            for (level, bits) in levels.iter_mut().enumerate() {
                let mask = entered(from, to, level);
                if mask == 0 {
                    // Then no slot of a higher level is entered either.
                    break;
                }
                *bits |= stripe.enter(level, mask);
                failpoint::hit("wheel: slots entered");
            }
        }
    }

    /// A list that an advance has yet to take: first the overdue, then the lower levels.
    fn next_entered<'w>(&mut self, wheel: &'w Wheel) -> Option<&'w List> {
        for (stripe, overdue) in self.overdue.iter_mut().enumerate() {
            if std::mem::take(overdue) {
                self.stripe = stripe;
                return Some(wheel.stripes[stripe].overdue());
            }
        }
        for level in 0..LEVELS {
            for stripe in 0..STRIPES {
                let bits = &mut self.entered[stripe][level];
                if *bits != 0 {
                    let index = bits.trailing_zeros() as usize;
                    *bits &= *bits - 1;
                    self.stripe = stripe;
                    return Some(wheel.stripes[stripe].slot(level, index));
                }
            }
        }
        None
    }

    /// A list that the present sweep has yet to take.
    ///
    /// In an order in which what is put back, into its own stripe, at its level or below, or among the overdue, is not met again.
    fn next_unswept<'w>(&mut self, wheel: &'w Wheel) -> Option<&'w List> {
        while self.swept < LISTS * STRIPES {
            self.stripe = self.swept & (STRIPES - 1);
            let list = wheel.stripes[self.stripe].list(self.swept / STRIPES);
            self.swept += 1;
            if !list.is_empty() {
                return Some(list);
            }
        }
        None
    }

    fn next_record(&mut self, wheel: &Wheel, work: Work, guard: &Guard) -> Option<Due> {
        loop {
            if let Some(due) = self.taken.pop(guard) {
                return Some(due);
            }
            let list = match work {
                Work::Advance => self.next_entered(wheel),
                Work::Sweep => self.next_unswept(wheel),
            };
            self.taken.refill(list?);
            failpoint::hit("wheel: list taken");
        }
    }

    fn has_advanced(&self) -> bool {
        self.taken.is_empty()
            && self.overdue.iter().all(|overdue| !overdue)
            && self.entered.iter().flatten().all(|bits| *bits == 0)
    }

    fn has_swept(&self) -> bool {
        self.taken.is_empty() && self.swept == LISTS * STRIPES
    }
}

/// Records on their way out of the wheel, and where they came from.
struct Batch {
    records: [Due; BATCH],
    stripes: [usize; BATCH],
    len: usize,
}

impl Batch {
    fn new() -> Self {
        let nobody = Due { signature: Signature::from_bits(0), tick: 0 };
        Self { records: [nobody; BATCH], stripes: [0; BATCH], len: 0 }
    }

    fn push(&mut self, record: Due, stripe: usize) {
        self.records[self.len] = record;
        self.stripes[self.len] = stripe;
        self.len += 1;
    }

    fn records(&self) -> &[Due] {
        &self.records[..self.len]
    }
}

/// Puts a swept batch back, all but what is not to be kept; the whole of it if `keep` panicked.
struct PutBack<'a> {
    wheel: &'a Wheel,
    guard: &'a Guard,
    batch: &'a Batch,
    keep: [bool; BATCH],
    decided: bool,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        for (index, record) in self.batch.records().iter().enumerate() {
            if self.keep[index] || !self.decided {
                let stripe = &self.wheel.stripes[self.batch.stripes[index]];
                stripe.store(*record, &self.wheel.elapsed, self.guard);
            }
        }
    }
}

/// The right to be the ticker; it ends when this is dropped, by a panic too.
struct Claim<'w>(&'w Wheel);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // Release: partner of the Acquire in `Wheel::claim`: the next ticker finds the work as this one leaves it.
        self.0.claimed.store(false, Ordering::Release);
    }
}

impl Wheel {
    fn claim(&self) -> Option<Claim<'_>> {
        // Acquire: partner of the Release in `Claim::drop`.
        self.claimed
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| Claim(self))
    }

    /// Runs `work` with the ticker's state, if nobody else is the ticker.
    fn as_ticker(&self, work: impl FnOnce(&mut Ticker) -> Progress) -> Progress {
        let Some(_claim) = self.claim() else {
            return Progress { records: 0, finished: true };
        };
        failpoint::hit("wheel: claimed");
        self.ticker.with_mut(|ticker| {
            // SAFETY: we hold the claim, for longer than this reference lives; and as long as we hold it nobody else,
            // a closure that we call included, gets here.
            work(unsafe { &mut *ticker })
        })
    }

    /// Says that `records` have been taken out, and counts what their chunks give back.
    fn account(&self, ticker: &mut Ticker, records: usize) {
        // Relaxed, and no read-modify-write: only the ticker writes these, and readers want an estimate.
        let taken = self.taken.load(Ordering::Relaxed).wrapping_add(records);
        self.taken.store(taken, Ordering::Relaxed);
        let freed = std::mem::take(&mut ticker.taken.freed);
        let freed = self.freed.load(Ordering::Relaxed).wrapping_add(freed);
        self.freed.store(freed, Ordering::Relaxed);
    }

    pub(super) fn advance_as_ticker(
        &self,
        now: Tick,
        budget: usize,
        mut fire: impl FnMut(&Guard, &[Due]),
    ) -> Progress {
        self.as_ticker(|ticker| {
            let from = self.elapsed();
            let now = now.clamp(from, LAST_TICK);
            if now > from {
                // Relaxed: whoever must see it reads it by way of what `enter` writes, or of a list that we have taken since.
                self.elapsed.store(now, Ordering::Relaxed);
                failpoint::hit("wheel: time set");
                ticker.enter(self, from, now);
            }
            for (stripe, overdue) in self.stripes.iter().zip(&mut ticker.overdue) {
                *overdue = !stripe.overdue().is_empty();
            }
            let mut records = 0;
            while records < budget && !ticker.has_advanced() {
                let guard = pin();
                for _ in 0..BATCHES_PER_PIN {
                    let mut batch = Batch::new();
                    let mut looked_at = 0;
                    while looked_at < BATCH.min(budget - records) {
                        let Some(record) = ticker.next_record(self, Work::Advance, &guard) else {
                            break;
                        };
                        looked_at += 1;
                        if record.tick <= now {
                            batch.push(record, ticker.stripe);
                        } else {
                            self.stripes[ticker.stripe].store(record, &self.elapsed, &guard);
                        }
                    }
                    self.account(ticker, looked_at);
                    records += looked_at;
                    if batch.len > 0 {
                        fire(&guard, batch.records());
                    }
                }
            }
            Progress { records, finished: ticker.has_advanced() }
        })
    }

    pub(super) fn sweep_as_ticker(
        &self,
        budget: usize,
        mut keep: impl FnMut(&Guard, &[Due], &mut [bool]),
    ) -> Progress {
        self.as_ticker(|ticker| {
            let mut records = 0;
            while records < budget && !ticker.has_swept() {
                let guard = pin();
                for _ in 0..BATCHES_PER_PIN {
                    let mut batch = Batch::new();
                    while batch.len < BATCH.min(budget - records) {
                        let Some(record) = ticker.next_record(self, Work::Sweep, &guard) else {
                            break;
                        };
                        batch.push(record, ticker.stripe);
                    }
                    self.account(ticker, batch.len);
                    records += batch.len;
                    if batch.len > 0 {
                        let mut back = PutBack {
                            wheel: self,
                            guard: &guard,
                            batch: &batch,
                            keep: [true; BATCH],
                            decided: false,
                        };
                        keep(&guard, batch.records(), &mut back.keep[..batch.len]);
                        back.decided = true;
                    }
                }
            }
            let finished = ticker.has_swept();
            if finished {
                ticker.swept = 0;
            }
            Progress { records, finished }
        })
    }
}
