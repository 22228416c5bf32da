//! A hierarchical timing wheel, lock-free: told that something is due at some tick, it says so when the tick has come.
//!
//! After G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), their scheme 7. Where we differ:
//!
//! - Slots are not lists of timers but push lists of chunks of one-word *records*, so that any thread adds to them
//!   without waiting, and the ticker takes a whole slot with one swap. So a timer cannot be cancelled: a record only
//!   says "look at this entry now", the entry knows its own deadline, and records that have lost their entry
//!   are swept out ([`Wheel::sweep`]).
//! - A jump over many ticks does not walk them: it empties each slot entered once, at most 64 per level.
//! - Far ticks are rounded up, by less than 2^-14 of their distance, so that a record is one word.
//! - It is striped by thread: who sets a million timers for one instant does not fight with others over one list head.
//!
//! # Layout
//!
//! ```text
//! wheel ── stripe 0 ─┬─ overdue ─────────────────────► list
//!       └─ stripe …  ├─ level 0: 64 slots of 1 tick    ┌──────┐   ┌───────┐   ┌───────┐
//!                    ├─ level 1: 64 × 64 ticks     ──► │ head │──►│ chunk │──►│ chunk │──► null
//!                    ├─ level 2: 64 × 4,096            └──────┘   └───────┘   └───────┘
//!                    ├─ level 3: 64 × 262,144 (steps of 8)      written to   full, or of another turn
//!                    └─ level 4: 64 × 16,777,216 (steps of 512)
//! ```
//!
//! A record is 48 bits of signature and 15 of offset ([`record`] has the table, with its assertions). The offset counts
//! from the base of the record's *chunk*, not of its slot: while the ticker is behind with a slot, records for the slot's next
//! turn, 64 slots later, are pushed to the same list, and must not be taken for what is due.
//! So a record is decoded, fired or cascaded without looking anything up. [`level`] chooses the slot, [`chunk`] has the
//! states of a chunk and its cells.
//!
//! # Protocol
//!
//! *Pushing*: read the time, choose the slot, add the record to its list, see that the slot's bit in `occupied` is set, **read the time
//! again**: if the slot has been entered, add the record a second time, to the overdue.
//!
//! *Advancing*, by whoever holds the claim: set the time, clear the bits of the slots entered and keep those that were
//! set, then take and empty these lists and the overdue one; what is not due yet is pushed again, relative to the new time.
//!
//! A record counts as pushed when its cell is written, or its chunk linked with it inside (the linearisation point), and as
//! taken when its cell becomes TAKEN. Between the two it is in exactly one cell that some ticker will
//! empty in time, for one of these holds:
//!
//! 1. It was added to a chunk, or to a list, that the ticker came to later: then the ticker finds it. The ticker comes
//!    to every chunk of the list it swaps out, and seals it before reading, so none can be added behind its back.
//! 2. Its list was swapped before: then the push (its head load or CAS) read the swap, or something that came after it, and
//!    with it the time that was set before the swap: the second look sees that the slot was entered.
//! 3. Its bit was not set when the ticker cleared the bits, and so the list was not swapped: then the pusher sets
//!    the bit after the ticker's clearing, or finds it set by somebody who did, and either way reads what the ticker
//!    wrote: again the second look sees the time.
//!
//! So the look at the time may be relaxed: the orderings are on the head of the list and on the bits. Acquire and
//! release are enough.
//!
//! **A record may be handed out twice**: if its pusher was overtaken between the two looks. It is never lost and never early. The
//! second time it comes at the next advance, or with the slot's next turn.
//!
//! # Progress and cost
//!
//! `push` is lock-free, and O(1). `advance` and `sweep` never wait: if there is a ticker already they return.
//! If the ticker is stopped for good nothing fires any more, but nobody else is held up. An advance over any number of
//! ticks, with nothing due, costs one read-modify-write per stripe and level entered. A record is cascaded at most four times.
//!
//! The wheel knows nothing of clocks: time is passed in, as ticks, and never goes back.

mod chunk;
mod level;
mod list;
#[cfg(all(any(fuzzing, test), not(purekv_loom)))]
pub(crate) mod naive;
mod record;
mod stripe;
#[cfg(test)]
mod tests;
mod ticker;

use crossbeam_utils::CachePadded;

use self::level::{LAST_TICK, Place, place};
use self::stripe::Stripe;
use self::ticker::Ticker;
use crate::hash::Signature;
use crate::sync::epoch::Guard;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering, UnsafeCell, thread_index};

/// A tick number: time / tick length, since the clock's origin. Below 2^62.
pub(crate) type Tick = u64;

/// How many stripes there are.
const STRIPES: usize = if cfg!(purekv_loom) { 1 } else { 4 };

const _: () = assert!(STRIPES.is_power_of_two());

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The tick the wheel has come to; written by the ticker only.
    elapsed: CachePadded<AtomicU64>,
    /// Whether there is a ticker.
    claimed: CachePadded<AtomicBool>,
    ticker: UnsafeCell<Ticker>,
    /// Records ever taken out, modulo 2^64; written by the ticker only.
    taken: AtomicUsize,
    /// Bytes of chunks ever retired, modulo 2^64; written by the ticker only.
    freed: AtomicUsize,
    stripes: Box<[CachePadded<Stripe>]>,
}

// SAFETY: `ticker` is entered only by who holds the claim, and holds pointers to chunks that any thread may free;
// everything else is made of atomics.
unsafe impl Send for Wheel {}
// SAFETY: as above.
unsafe impl Sync for Wheel {}

/// A record that fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) signature: Signature,
    /// The tick it was armed for. If it had to be pushed to the overdue more than 32,767 ticks late: some tick since then,
    /// not after the wheel's.
    pub(crate) tick: Tick,
}

/// What a slice of work came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Records looked at.
    pub(crate) records: usize,
    /// Whether nothing is left to do; also if it is for another thread to do it.
    pub(crate) finished: bool,
}

impl Wheel {
    /// An empty wheel whose time is `start`.
    pub(crate) fn new(start: Tick) -> Self {
        Self {
            elapsed: CachePadded::new(AtomicU64::new(start.min(LAST_TICK))),
            claimed: CachePadded::new(AtomicBool::new(false)),
            ticker: UnsafeCell::new(Ticker::new()),
            taken: AtomicUsize::new(0),
            freed: AtomicUsize::new(0),
            stripes: (0..STRIPES).map(|_| CachePadded::new(Stripe::new())).collect(),
        }
    }

    /// The tick to which the wheel was last advanced.
    #[inline]
    pub(crate) fn elapsed(&self) -> Tick {
        // Relaxed: nothing is concluded from it that is not checked again after a push.
        self.elapsed.load(Ordering::Relaxed)
    }

    /// The tick at which a record pushed now for `due` will fire.
    ///
    /// It is `due`, rounded up by less than 2^-14 of the time until then (by nothing below 258,000 ticks). Or, if `due` is beyond the
    /// wheel's range, some 2^30 ticks, a tick as far away as it always reaches, which is before `due`. Or, if `due` has come, `due`
    /// itself: pushed for it, a record fires at the next advance.
    #[inline]
    pub(crate) fn fire_tick(&self, due: Tick) -> Tick {
        match place(self.elapsed(), due) {
            Place::Overdue => due,
            Place::Slot(slot) => slot.tick,
        }
    }

    /// Pushes a record for `fire`, a result of [`fire_tick`](Self::fire_tick), perhaps an old one.
    ///
    /// Whatever races with it: once this has returned, the first advance to `fire` or beyond, or the first to begin after
    /// the return if time has come so far already, hands the record out. It may be handed out a second time.
    /// Lock-free; allocates now and then.
    #[inline]
    pub(crate) fn push(&self, signature: Signature, fire: Tick, guard: &Guard) {
        let stripe = &self.stripes[thread_index() & (STRIPES - 1)];
        stripe.store(Due { signature, tick: fire }, &self.elapsed, guard);
    }

    /// Brings the wheel to `now` and hands out what is due, in batches of at most 32, in no order.
    ///
    /// Looks at no more than `budget` records (at least one is wanted, or nothing will ever be finished); those that
    /// cascade count too. If the work is not finished, call again, with the same or a later `now`; meanwhile what is left
    /// over is kept. A `now` in the past is the present.
    ///
    /// If another thread advances or sweeps the wheel now, this returns at once: no records, finished.
    ///
    /// `fire` runs pinned, and not more than 128 records under one pin. It may push; it may not hope to advance. If it panics, the batch
    /// it was given counts as handed out, and no other record is lost.
    pub(crate) fn advance(
        &self,
        now: Tick,
        budget: usize,
        fire: impl FnMut(&Guard, &[Due]),
    ) -> Progress {
        self.advance_as_ticker(now, budget, fire)
    }

    /// Goes once round all that is stored, and drops the records for which `keep` sets its flag (true before) to false.
    ///
    /// Claim, budget and resumption as for [`advance`](Self::advance); the calls until one is finished are one round. What
    /// an advance between two of them cascades, or a push adds, may escape that round. If `keep` panics, the whole
    /// batch it was given stays.
    pub(crate) fn sweep(
        &self,
        budget: usize,
        keep: impl FnMut(&Guard, &[Due], &mut [bool]),
    ) -> Progress {
        self.sweep_as_ticker(budget, keep)
    }

    /// Records stored, including those whose entries are gone, and second ones. An estimate while threads are at work.
    pub(crate) fn records(&self) -> usize {
        let taken = self.taken.load(Ordering::Relaxed);
        difference(self.stripes.iter().map(|stripe| stripe.stored()), taken)
    }

    /// Bytes of the chunks in use, without the wheel itself. An estimate while threads are at work.
    pub(crate) fn memory(&self) -> usize {
        let freed = self.freed.load(Ordering::Relaxed);
        difference(self.stripes.iter().map(|stripe| stripe.allocated()), freed)
    }
}

/// The sum of `plus`, less `minus`, in counters that wrap and are not read at one instant: never less than nothing.
fn difference(plus: impl Iterator<Item = usize>, minus: usize) -> usize {
    let difference = plus.fold(0_usize, usize::wrapping_add).wrapping_sub(minus);
    if difference > usize::MAX / 2 { 0 } else { difference }
}
