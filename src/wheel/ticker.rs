//! What is done by one thread at a time: advancing, and sweeping.
//!
//! Both take lists out of the wheel and go through them in slices. What a slice leaves over stays in the [`Ticker`],
//! behind the claim, for whoever holds it next. A sweep that finds the rest of an advance sweeps it. An advance that finds the
//! rest of a sweep lets it be, unless the wheel has come to its slot: then it fires what is due and puts the others back. (If it did
//! that always, no list that is longer than a slice would ever be swept to its end by who does both in turns.)

use super::level::{LAST_TICK, LEVELS, entered};
use super::list::{List, TakenList};
use super::stripe::{LISTS, Stripe};
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
    advancing: Rest,
    sweeping: Rest,
    /// No record of `sweeping` is due before the wheel gets here.
    sweeping_begins: Tick,
    /// Slots that the wheel has entered and that are to be emptied yet.
    entered: [[u64; LEVELS]; STRIPES],
    /// Stripes whose overdue are to be taken yet.
    overdue: [bool; STRIPES],
    /// How many of all lists the present sweep has been to.
    swept: usize,
}

/// What is left of a list.
#[derive(Debug)]
struct Rest {
    list: TakenList,
    /// The stripe it was taken from, and into which goes back what is not done with.
    stripe: usize,
}

impl Rest {
    fn nothing() -> Self {
        Self { list: TakenList::empty(), stripe: 0 }
    }

    fn is_nothing(&self) -> bool {
        self.list.is_empty()
    }

    /// A record, and its stripe.
    fn pop(&mut self, guard: &Guard) -> Option<(Due, usize)> {
        Some((self.list.pop(guard)?, self.stripe))
    }

    /// Takes another list, when nothing is left of the one before.
    fn refill(&mut self, list: &List, stripe: usize) {
        self.list.refill(list);
        self.stripe = stripe;
        failpoint::hit("wheel: list taken");
    }
}

impl Ticker {
    pub(super) fn new() -> Self {
        Self {
            advancing: Rest::nothing(),
            sweeping: Rest::nothing(),
            sweeping_begins: 0,
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

    /// A list that an advance has yet to take, and its stripe: first the overdue, then the lower levels.
    fn next_entered<'w>(&mut self, wheel: &'w Wheel) -> Option<(&'w List, usize)> {
        for (stripe, overdue) in self.overdue.iter_mut().enumerate() {
            if std::mem::take(overdue) {
                return Some((wheel.stripes[stripe].overdue(), stripe));
            }
        }
        for level in 0..LEVELS {
            for stripe in 0..STRIPES {
                let bits = &mut self.entered[stripe][level];
                if *bits != 0 {
                    let index = bits.trailing_zeros() as usize;
                    *bits &= *bits - 1;
                    return Some((wheel.stripes[stripe].slot(level, index), stripe));
                }
            }
        }
        None
    }

    /// A list that the present sweep has yet to take, its stripe, and when the wheel gets there.
    ///
    /// In an order in which what is put back, into its own stripe, at its level or below, or among the overdue, is not met again.
    fn next_unswept<'w>(&mut self, wheel: &'w Wheel) -> Option<(&'w List, usize, Tick)> {
        while self.swept < LISTS * STRIPES {
            let (stripe, index) = (self.swept & (STRIPES - 1), self.swept / STRIPES);
            let begins = Stripe::list_begins(index, &self.entered[stripe], wheel.elapsed());
            let list = wheel.stripes[stripe].list(index);
            self.swept += 1;
            if !list.is_empty() {
                return Some((list, stripe, begins));
            }
        }
        None
    }

    fn next_to_advance(&mut self, wheel: &Wheel, guard: &Guard) -> Option<(Due, usize)> {
        loop {
            if self.sweeping_begins <= wheel.elapsed()
                && let Some(next) = self.sweeping.pop(guard)
            {
                return Some(next);
            }
            if let Some(next) = self.advancing.pop(guard) {
                return Some(next);
            }
            let (list, stripe) = self.next_entered(wheel)?;
            self.advancing.refill(list, stripe);
        }
    }

    fn next_to_sweep(&mut self, wheel: &Wheel, guard: &Guard) -> Option<(Due, usize)> {
        loop {
            if let Some(next) = self.sweeping.pop(guard).or_else(|| self.advancing.pop(guard)) {
                return Some(next);
            }
            let (list, stripe, begins) = self.next_unswept(wheel)?;
            self.sweeping.refill(list, stripe);
            self.sweeping_begins = begins;
        }
    }

    /// Whether nothing is left to advance when the wheel's time is `elapsed`.
    fn has_advanced(&self, elapsed: Tick) -> bool {
        self.advancing.is_nothing()
            && (self.sweeping.is_nothing() || self.sweeping_begins > elapsed)
            && self.overdue.iter().all(|overdue| !overdue)
            && self.entered.iter().flatten().all(|bits| *bits == 0)
    }

    fn has_swept(&self) -> bool {
        self.sweeping.is_nothing() && self.advancing.is_nothing() && self.swept == LISTS * STRIPES
    }

    /// Bytes of the chunks retired since this was asked last.
    fn take_freed(&mut self) -> usize {
        [&mut self.advancing, &mut self.sweeping]
            .into_iter()
            .map(|rest| std::mem::take(&mut rest.list.freed))
            .sum()
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
        let freed = self.freed.load(Ordering::Relaxed).wrapping_add(ticker.take_freed());
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
            while records < budget && !ticker.has_advanced(now) {
                let guard = pin();
                for _ in 0..BATCHES_PER_PIN {
                    let mut batch = Batch::new();
                    let mut looked_at = 0;
                    while looked_at < BATCH.min(budget - records) {
                        let Some((record, stripe)) = ticker.next_to_advance(self, &guard) else {
                            break;
                        };
                        looked_at += 1;
                        if record.tick <= now {
                            batch.push(record, stripe);
                        } else {
                            self.stripes[stripe].store(record, &self.elapsed, &guard);
                        }
                    }
                    self.account(ticker, looked_at);
                    records += looked_at;
                    if batch.len > 0 {
                        fire(&guard, batch.records());
                    }
                }
            }
            Progress { records, finished: ticker.has_advanced(now) }
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
                        let Some((record, stripe)) = ticker.next_to_sweep(self, &guard) else {
                            break;
                        };
                        batch.push(record, stripe);
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
