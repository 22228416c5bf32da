//! A cache's bound, and what it means to it that entries come, are replaced, and leave.
//!
//! The rules by which entries and the policy's records are kept together are in [`evict`](super::evict); these are the steps of those who
//! bring entries and take them away.

use super::{Engine, Entry};
use crate::clock::Now;
use crate::hash::Signature;
use crate::policy::{Budget, Marked, Place, Policy, S3Fifo, Serial};
use crate::sync::epoch::{self, Guard};
use crate::sync::{AtomicU64, failpoint};
use crate::table::{Owned, Shared};

/// Evictions under one pin, when many are made at once.
const EVICTIONS_PER_PIN: usize = 64;

/// What allocators keep besides, of so much memory: an eighth. Entries of many sizes that come and go leave holes in an allocator's pages; the
/// system's of Linux has a sixth more than what is in use then.
fn reserve(memory: u64) -> u64 {
    memory / 8
}

/// What bounds a cache.
pub(super) struct Bound {
    pub(super) budget: Budget,
    pub(super) policy: S3Fifo,
    /// Whether the capacity is for all memory, not for entries alone.
    pub(super) is_memory: bool,
    /// Whether who makes room looks for what is due.
    pub(super) expires: bool,
    /// The last tick up to which that was done.
    pub(super) expired_until: AtomicU64,
}

/// How a cache is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacity {
    /// What the entries weigh together.
    Weight(u64),
    /// Bytes, tables and queues included. Entries weigh what they take.
    Memory(u64),
}

/// An entry that is heavier than all entries together may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heavy {
    pub(crate) weight: u64,
    pub(crate) capacity: u64,
}

/// An entry on its way into the table, for a key that may be absent.
#[derive(Default)]
pub(super) struct Arrival {
    /// When its record of the wheel fires.
    pub(super) tick: Option<u64>,
    weight: u64,
    /// Asked once: the policy forgets the key's ghost. Not at all for an entry that comes with a standing.
    pub(super) marked: Option<Marked>,
}

/// What a new entry adds and has not been counted yet. An eviction that makes room for it takes from this and not from the budget: then an
/// insertion into a full cache of equal weights need not write to what all threads share.
pub(super) struct Debt {
    /// To all.
    weight: i64,
    /// To small's part.
    small: i64,
}

impl Debt {
    fn new(place: Place, weight: u64) -> Self {
        let weight = weight.cast_signed();
        Self { weight, small: if place == Place::Small { weight } else { 0 } }
    }

    /// Whether there is no room for it.
    pub(super) fn is_owed(&self, bound: &Bound) -> bool {
        self.weight > 0 && bound.budget.lacks(self.weight.cast_unsigned())
    }

    /// An entry was evicted for it.
    pub(super) fn pay(&mut self, place: Place, weight: u64) {
        self.weight -= weight.cast_signed();
        if place == Place::Small {
            self.small -= weight.cast_signed();
        }
    }

    /// Counts what is left.
    fn settle(self, bound: &Bound) {
        bound.policy.add_to_small(self.small);
        bound.budget.add(self.weight);
    }
}

impl Bound {
    /// `expires`: nobody else removes what is due and not met.
    pub(super) fn new(capacity: Capacity, expires: bool) -> Self {
        let (capacity, is_memory) = match capacity {
            Capacity::Weight(capacity) => (capacity, false),
            Capacity::Memory(capacity) => (capacity, true),
        };
        let budget = Budget::new(capacity);
        if is_memory {
            budget.set_overhead(reserve(capacity));
        }
        Self { budget, policy: S3Fifo::new(), is_memory, expires, expired_until: AtomicU64::new(0) }
    }
}

impl<E: Entry> Engine<E> {
    /// What all entries may weigh, as it was set; None: as much as they will.
    pub(crate) fn capacity(&self) -> Option<u64> {
        Some(self.bound.as_ref()?.budget.capacity())
    }

    /// The capacity, if it is one in bytes.
    pub(crate) fn memory(&self) -> Option<u64> {
        let bound = self.bound.as_ref().filter(|bound| bound.is_memory)?;
        Some(bound.budget.capacity())
    }

    /// What all entries weigh; 0 if there is no bound.
    pub(crate) fn weight(&self) -> u64 {
        self.bound.as_ref().map_or(0, |bound| bound.budget.weight())
    }

    /// Records of the policy, stale ones included.
    pub(crate) fn policy_records(&self, guard: &Guard) -> usize {
        self.bound.as_ref().map_or(0, |bound| bound.policy.records(guard))
    }

    /// Bytes of the policy's queues and ghosts.
    pub(crate) fn policy_memory(&self, guard: &Guard) -> usize {
        self.bound.as_ref().map_or(0, |bound| bound.policy.memory(guard))
    }

    /// Changes the capacity, and evicts what is too much; false: this cache was made without one.
    pub(crate) fn set_capacity(&self, capacity: u64) -> bool {
        let Some(bound) = &self.bound else { return false };
        let changed = bound.budget.capacity() != capacity;
        bound.budget.set_capacity(capacity);
        if changed {
            let guard = epoch::pin();
            self.count_overhead(bound, &guard);
            bound.policy.capacity_changed(&guard);
        }
        // Unpinned in between, so that what is evicted can be freed.
        while bound.budget.is_exceeded() {
            let (guard, now) = (epoch::pin(), Now::new(&self.clock));
            if !self.evict_some(bound, EVICTIONS_PER_PIN, None, &guard, &now) {
                break;
            }
        }
        true
    }

    /// Looks what others than entries take, where that counts.
    pub(super) fn count_overhead(&self, bound: &Bound, guard: &Guard) {
        if bound.is_memory {
            let used = self.table.memory() + self.wheel_memory() + bound.policy.memory(guard);
            let reserved = reserve(bound.budget.capacity());
            bound.budget.set_overhead(reserved.saturating_add(used as u64));
        }
    }

    pub(super) fn weigh(&self, entry: Shared<'_, E>) -> u64 {
        E::weight(entry, self.context())
    }

    /// What an entry weighs, unless that is more than all may.
    pub(super) fn arrival(&self, entry: &Owned<E>) -> Result<Arrival, Heavy> {
        let mut arrival = Arrival::default();
        self.arrive(entry, &mut arrival)?;
        Ok(arrival)
    }

    /// Whether an entry is light enough to be inserted, as things are now.
    #[cfg(feature = "server")]
    pub(crate) fn check_weight(&self, entry: &Owned<E>) -> Result<(), Heavy> {
        self.arrival(entry).map(drop)
    }

    /// As [`arrival`](Self::arrival), for another entry of the same key.
    pub(super) fn arrive(&self, entry: &Owned<E>, arrival: &mut Arrival) -> Result<(), Heavy> {
        if let Some(bound) = &self.bound {
            let (weight, capacity) = (self.weigh(entry.shared()), bound.budget.room());
            if weight > capacity {
                return Err(Heavy { weight, capacity });
            }
            arrival.weight = weight;
        }
        Ok(())
    }

    /// An entry with this hash is about to be made and inserted: asks for the memory that will be read then. (Without a bound there is less of it, and
    /// nothing was gained by that.)
    #[inline]
    pub(crate) fn expect(&self, hash: u64, guard: &Guard) {
        if let Some(bound) = &self.bound {
            self.table.prefetch(hash, guard);
            bound.policy.expect(Signature::of(hash), guard);
            self.expect_turn(bound, guard);
        }
    }

    /// An entry with this hash is about to be looked up or inserted, one of many: asks for the memory where it is found.
    #[cfg(any(feature = "dump", feature = "server"))]
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64, guard: &Guard) {
        self.table.prefetch(hash, guard);
    }

    /// The memory that [`prefetch`](Self::prefetch) has asked for may have come: asks for the entry.
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn prefetch_entry(&self, hash: u64, guard: &Guard) {
        self.table.prefetch_entry(hash, guard);
    }

    /// Sets the mark of an entry that nobody can see yet.
    #[inline(always)]
    pub(super) fn mark_new(
        &self,
        hash: u64,
        entry: &Owned<E>,
        arrival: &mut Arrival,
        guard: &Guard,
    ) {
        if let Some(bound) = &self.bound {
            self.mark_new_within(bound, hash, entry, arrival, guard);
        }
    }

    #[inline(never)]
    fn mark_new_within(
        &self,
        bound: &Bound,
        hash: u64,
        entry: &Owned<E>,
        arrival: &mut Arrival,
        guard: &Guard,
    ) {
        let weight = arrival.weight;
        let marked = *arrival.marked.get_or_insert_with(|| {
            let room = bound.budget.room();
            let has_room = !bound.budget.lacks(weight);
            let place = bound.policy.admit(Signature::of(hash), weight, room, has_room, guard);
            Marked { place, serial: Serial::new(self.counters.changing()), count: 0 }
        });
        entry.get().mark().set(marked);
    }

    /// Rule 1: an entry was published where there was none.
    #[inline(always)]
    pub(super) fn settle_in(
        &self,
        hash: u64,
        new: Shared<'_, E>,
        arrival: &Arrival,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        if let (Some(bound), Some(marked)) = (&self.bound, arrival.marked) {
            self.settle_in_within(bound, marked, hash, new, arrival.weight, guard, now);
        }
    }

    #[inline(never)]
    #[allow(clippy::too_many_arguments, reason = "those of `settle_in`, as far as they are needed")]
    fn settle_in_within(
        &self,
        bound: &Bound,
        marked: Marked,
        hash: u64,
        new: Shared<'_, E>,
        weight: u64,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        failpoint::hit("engine::evict::published");
        let mut debt = Debt::new(marked.place, weight);
        self.make_room_for(bound, &mut debt, new, guard, now);
        debt.settle(bound);
        bound.policy.push(Signature::of(hash), marked, bound.budget.room(), guard);
        failpoint::hit("engine::evict::pushed");
        self.make_room(bound, None, guard, now);
    }

    /// Rule 2, the first half: `entry`, which nobody can see yet, takes over the mark of `old`. None: that is sealed; look again.
    #[inline(always)]
    pub(super) fn inherit_mark(&self, old: Shared<'_, E>, entry: &Owned<E>) -> Option<Inherited> {
        if self.bound.is_none() {
            return Some(Inherited(None));
        }
        let marked = old.get().mark().load()?.hit();
        entry.get().mark().set(marked);
        Some(Inherited(Some(marked)))
    }

    /// Rule 2, the second half: `new` has replaced `old`.
    #[inline(always)]
    pub(super) fn take_mark_over(
        &self,
        hash: u64,
        old: Shared<'_, E>,
        new: Shared<'_, E>,
        Inherited(inherited): Inherited,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        if let (Some(bound), Some(marked)) = (&self.bound, inherited) {
            self.take_mark_over_within(bound, hash, old, new, marked, guard, now);
        }
    }

    #[inline(never)]
    #[allow(clippy::too_many_arguments, reason = "those of `take_mark_over`")]
    fn take_mark_over_within(
        &self,
        bound: &Bound,
        hash: u64,
        old: Shared<'_, E>,
        new: Shared<'_, E>,
        marked: Marked,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let last = old.get().mark().seal();
        failpoint::hit("engine::evict::mark_sealed");
        let (come, gone) = (self.weigh(new), self.weigh(old));
        bound.policy.moved(last.map(|last| (last.place, gone)), Some((marked.place, come)));
        bound.budget.add(come.wrapping_sub(gone).cast_signed());
        if last.is_none_or(|last| !last.is_served_by(marked.place, marked.serial)) {
            bound.policy.push(Signature::of(hash), marked, bound.budget.room(), guard);
        }
        self.make_room(bound, Some(new), guard, now);
    }

    /// An entry has left its slot for another reason than for room: uncounts it.
    pub(super) fn leave_policy(&self, entry: Shared<'_, E>) {
        self.seal_mark(entry, |bound, last, weight| {
            bound.policy.moved(Some((last.place, weight)), None);
            bound.budget.add(-weight.cast_signed());
        });
    }

    /// Seals the mark of an entry that this thread has unlinked; `uncount` gets what it said last, and what the entry weighs.
    pub(super) fn seal_mark(
        &self,
        entry: Shared<'_, E>,
        uncount: impl FnOnce(&Bound, Marked, u64),
    ) {
        if let Some(bound) = &self.bound
            && let Some(last) = entry.get().mark().seal()
        {
            uncount(bound, last, self.weigh(entry));
        }
    }
}

/// The mark that a replacement was given.
pub(super) struct Inherited(Option<Marked>);
