//! One stripe of the wheel: all its slots, for some of the threads.

use super::level::{LEVELS, Place, SLOTS, Slot, next_entry};
use super::list::{List, Taken};
use super::record::Frame;
use super::{Due, Tick};
use crate::sync::epoch::Guard;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, failpoint};

/// Lists of a stripe: that of the overdue, and one per slot.
pub(super) const LISTS: usize = 1 + LEVELS * SLOTS;

#[derive(Debug)]
pub(super) struct Stripe {
    overdue: List,
    slots: [[List; SLOTS]; LEVELS],
    /// A bit for each slot whose list may hold something that no ticker has come for yet. Set after the push; cleared
    /// when the wheel enters the slot, which is when the ticker makes up its mind to empty it.
    occupied: [AtomicU64; LEVELS],
    /// Records that were ever stored here, modulo 2^64.
    stored: AtomicUsize,
    /// Bytes of chunks that were ever linked here, modulo 2^64.
    allocated: AtomicUsize,
}

impl Stripe {
    pub(super) fn new() -> Self {
        Self {
            overdue: List::new(),
            slots: std::array::from_fn(|_| std::array::from_fn(|_| List::new())),
            occupied: std::array::from_fn(|_| AtomicU64::new(0)),
            stored: AtomicUsize::new(0),
            allocated: AtomicUsize::new(0),
        }
    }

    /// Stores a record where the wheel, whose time is `elapsed`, will come upon it in time.
    ///
    /// Time may move on meanwhile, so that the slot is passed already when the record gets there. Then
    /// it is stored a second time, among the overdue.
    pub(super) fn store(&self, record: Due, elapsed: &AtomicU64, guard: &Guard) {
        loop {
            // Relaxed: an old time is found out below.
            let place = super::level::place(elapsed.load(Ordering::Relaxed), record.tick);
            let Place::Slot(slot) = place else {
                return self.store_overdue(record, elapsed, guard);
            };
            let list = &self.slots[slot.level][slot.index()];
            match list.push(record.signature, slot.tick, slot.frame(), guard) {
                Ok(bytes) => self.account(bytes),
                Err(Taken) => continue,
            }
            failpoint::hit("wheel: record stored");
            self.occupy(slot);
            failpoint::hit("wheel: slot occupied");
            // Relaxed: had the slot been emptied before our record was in it, then our push, or setting the bit, has read what the
            // ticker wrote when it did so, and with it the time (see the module docs).
            let now = elapsed.load(Ordering::Relaxed);
            if !slot.is_entered(now) {
                return;
            }
            if record.tick <= now {
                return self.store_overdue(record, elapsed, guard);
            }
            // The wheel is within the slot and not at the tick yet: what was there has cascaded, and so does this.
        }
    }

    /// Stores a record whose tick has come in the list that every advance empties.
    fn store_overdue(&self, record: Due, elapsed: &AtomicU64, guard: &Guard) {
        debug_assert!(record.tick <= elapsed.load(Ordering::Relaxed), "its tick has come");
        loop {
            // Relaxed: the caller has seen that the tick has come, so this does too.
            let frame = Frame::overdue(elapsed.load(Ordering::Relaxed));
            failpoint::hit("wheel: record overdue");
            if let Ok(bytes) = self.overdue.push(record.signature, record.tick, frame, guard) {
                return self.account(bytes);
            }
        }
    }

    fn account(&self, bytes: usize) {
        // Relaxed, both: statistics.
        self.stored.fetch_add(1, Ordering::Relaxed);
        if bytes > 0 {
            self.allocated.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Says that there is something in `slot`.
    fn occupy(&self, slot: Slot) {
        let bit = 1 << slot.index();
        let occupied = &self.occupied[slot.level];
        // Acquire: partner of the Release in `enter`. The bit may have been set by another pusher, after the ticker had cleared
        // the bits and found none here: then the ticker has not been at the list either, and this alone tells us its time. A bit
        // set before that is found by the ticker, and the list is taken with what we put there.
        if occupied.load(Ordering::Acquire) & bit == 0 {
            // Acquire: as above. No Release: a ticker that sees the bit swaps the list, which reads the newest head; and
            // had it swapped before our push, we would have read that, and come after its clearing.
            occupied.fetch_or(bit, Ordering::Acquire);
        }
    }

    /// Clears the bits of `entered`, the slots of `level` that the wheel, whose time has been set, enters now. Returns
    /// which of them were set.
    pub(super) fn enter(&self, level: usize, entered: u64) -> u64 {
        // Release: partner of the Acquires in `occupy`: who comes too late for the ticker sees its time. It must be done even if no
        // bit is set, for that is what a late pusher reads.
        self.occupied[level].fetch_and(!entered, Ordering::Release) & entered
    }

    pub(super) fn slot(&self, level: usize, index: usize) -> &List {
        &self.slots[level][index]
    }

    pub(super) fn overdue(&self) -> &List {
        &self.overdue
    }

    /// Any of the [`LISTS`]: first the overdue, then from the lowest level to the highest.
    pub(super) fn list(&self, index: usize) -> &List {
        match index.checked_sub(1) {
            None => &self.overdue,
            Some(slot) => &self.slots[slot / SLOTS][slot % SLOTS],
        }
    }

    /// Before which tick a wheel that stands at `elapsed` has no business with what is in the list of this index now. `entered` are the
    /// slots that it has come to and not emptied yet.
    pub(super) fn list_begins(index: usize, entered: &[u64; LEVELS], elapsed: Tick) -> Tick {
        let Some(slot) = index.checked_sub(1) else { return 0 };
        let (level, index) = (slot / SLOTS, slot % SLOTS);
        if entered[level] >> index & 1 == 1 { 0 } else { next_entry(elapsed, level, index) }
    }

    pub(super) fn stored(&self) -> usize {
        self.stored.load(Ordering::Relaxed)
    }

    pub(super) fn allocated(&self) -> usize {
        self.allocated.load(Ordering::Relaxed)
    }
}
