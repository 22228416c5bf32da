//! Bounded memory: who inserts makes room. The policy says whose turn it is; here the entry is found, and evicted or kept.
//!
//! # Records and entries
//!
//! A record names its entry by signature, place and serial, and an entry's [`Mark`] has the place and serial of the record that
//! serves it. A record that finds no such entry is stale and dropped. What must hold: *each entry in the table is served by a
//! record in a queue, or by one in somebody's hands* who has not finished. The rules:
//!
//! 1. A new entry is published with its mark, counted, and then its record is pushed. It makes room before that, so that it is not evicted to
//!    make room for itself, and looks once more after it. (Others' records may have its signature, place and serial: those of
//!    its key's former entries, or of keys with the same hash. So it is spared besides.)
//! 2. A replacement takes the old entry's mark over, with the CAS on the slot, and then *seals* the old mark. Was that changed in between, the
//!    old entry has another record by now: the one that the new entry relies on is pushed once more.
//! 3. Who has taken a record out of its queue finds its entry; where it meets a seal, it looks again, and finds the new one. It evicts the
//!    entry, or gives it another serial by a CAS on the mark and pushes a record with that. If the CAS fails, it looks again.
//! 4. Weight is counted by who publishes or unlinks: a replacement takes off the old one's where the seal says that it was.
//! 5. Whoever changes the budget, or puts a record back, looks at the budget afterwards.
//!
//! # Who makes room, if all records are in others' hands
//!
//! Nobody waits: an inserter that finds all queues empty leaves it to those who have the records. They look at the budget after they have put
//! theirs back (rule 5), and see what it has counted: the inserter was told that a queue is empty by a read-modify-write on the
//! word by which they put back (see `policy::queue`). So at rest nothing is over the bound, and before that it is by what is in the hands of
//! threads that have not finished.
//!
//! # Stale records
//!
//! Removals and expiries leave records behind. When there are more than two for each entry, whoever comes or goes looks at some of them: drops
//! those that serve nobody and puts the others back at the end. A full round leaves the order as it was. An entry that is put back gets
//! another serial, so that copies of its former record, which insertions and removals of one key leave behind, are stale now too.

use super::deadline::State;
use super::{Engine, Entry};
use crate::clock::Now;
use crate::hash::Signature;
use crate::kv::RemovalCause;
use crate::policy::{Budget, Marked, Place, Policy, S3Fifo, Turn, Verdict};
use crate::sync::epoch::{self, Guard};
use crate::sync::{AtomicU64, Ordering, failpoint};
use crate::table::{Owned, Shared};
use std::cell::Cell;

/// Entries that one eviction looks at, at most: the last one goes whatever its count.
const PATIENCE: usize = if cfg!(purekv_loom) { 2 } else { 64 };

/// Records looked at when it is time to tidy up, in each queue.
const TIDY: usize = if cfg!(purekv_loom) { 1 } else { 64 };

/// Stale records that are not worth it.
const STALE_ALLOWED: usize = if cfg!(purekv_loom) { 0 } else { 1024 };

/// Records of the wheel that who makes room looks at, at a time.
const EXPIRIES: usize = 64;

/// Evictions under one pin, when many are made at once.
const EVICTIONS_PER_PIN: usize = 64;

/// What bounds a cache.
pub(super) struct Bound {
    pub(super) budget: Budget,
    pub(super) policy: S3Fifo,
    /// Whether the capacity is for all memory, not for entries alone.
    is_memory: bool,
    /// Whether who makes room looks for what is due.
    expires: bool,
    /// The last tick up to which that was done.
    expired_until: AtomicU64,
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
    /// Asked once: the policy forgets the key's ghost.
    marked: Option<Marked>,
}

/// What came of a turn.
enum Served {
    /// The entry has left.
    Gone,
    /// It has another record now.
    Kept,
    /// There was no such entry.
    Stale,
    /// It is the one to be spared. The record is still the caller's.
    Spared,
}

/// Why a record was taken out of its queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To make room; by this entry, whatever its count.
    Evict { is_last: bool },
    /// To see whether it is stale.
    Tidy,
}

impl Bound {
    /// `expires`: nobody else removes what is due and not met.
    pub(super) fn new(capacity: Capacity, expires: bool) -> Self {
        let (capacity, is_memory) = match capacity {
            Capacity::Weight(capacity) => (capacity, false),
            Capacity::Memory(capacity) => (capacity, true),
        };
        Self {
            budget: Budget::new(capacity),
            policy: S3Fifo::new(),
            is_memory,
            expires,
            expired_until: AtomicU64::new(0),
        }
    }
}

impl<E: Entry> Engine<E> {
    /// What all entries may weigh, as it was set; None: as much as they will.
    pub(crate) fn capacity(&self) -> Option<u64> {
        Some(self.bound.as_ref()?.budget.capacity())
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
            bound.policy.capacity_changed(&epoch::pin());
        }
        // Unpinned in between, so that what is evicted can be freed.
        while bound.budget.is_exceeded() {
            let (guard, now) = (epoch::pin(), Now::new(&self.clock));
            if !self.make_room_for_a_while(bound, EVICTIONS_PER_PIN, None, &guard, &now) {
                break;
            }
        }
        true
    }

    fn weigh(&self, entry: Shared<'_, E>) -> u64 {
        E::weight(entry, self.context())
    }

    /// What an entry weighs, unless that is more than all may.
    pub(super) fn arrival(&self, entry: &Owned<E>) -> Result<Arrival, Heavy> {
        let mut arrival = Arrival::default();
        self.arrive(entry, &mut arrival)?;
        Ok(arrival)
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

    /// Sets the mark of an entry that nobody can see yet.
    pub(super) fn mark_new(
        &self,
        hash: u64,
        entry: &Owned<E>,
        arrival: &mut Arrival,
        guard: &Guard,
    ) {
        let Some(bound) = &self.bound else { return };
        let weight = arrival.weight;
        let marked = *arrival.marked.get_or_insert_with(|| {
            let room = bound.budget.room();
            let has_room = bound.budget.weight() + weight <= room;
            let place = bound.policy.admit(Signature::of(hash), weight, room, has_room, guard);
            Marked { place, serial: bound.policy.serial(place, guard), count: 0 }
        });
        entry.get().mark().set(marked);
    }

    /// Rule 1: an entry was published where there was none.
    pub(super) fn settle_in(
        &self,
        hash: u64,
        new: Shared<'_, E>,
        arrival: &Arrival,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let (Some(bound), Some(marked)) = (&self.bound, arrival.marked) else { return };
        failpoint::hit("engine::evict::published");
        bound.policy.enter(marked.place, arrival.weight);
        bound.budget.add(arrival.weight, 0);
        self.make_room(bound, Some(new), guard, now);
        bound.policy.push(Signature::of(hash), marked, bound.budget.room(), guard);
        failpoint::hit("engine::evict::pushed");
        self.make_room(bound, None, guard, now);
        self.tidy(1, guard, now);
    }

    /// Rule 2, the first half: `entry`, which nobody can see yet, takes over the mark of `old`. None: that is sealed; look again.
    pub(super) fn inherit_mark(&self, old: Shared<'_, E>, entry: &Owned<E>) -> Option<Inherited> {
        if self.bound.is_none() {
            return Some(Inherited(None));
        }
        let marked = old.get().mark().load()?.hit();
        entry.get().mark().set(marked);
        Some(Inherited(Some(marked)))
    }

    /// Rule 2, the second half: `new` has replaced `old`.
    pub(super) fn take_mark_over(
        &self,
        hash: u64,
        old: Shared<'_, E>,
        new: Shared<'_, E>,
        Inherited(inherited): Inherited,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let (Some(bound), Some(marked)) = (&self.bound, inherited) else { return };
        let last = old.get().mark().seal();
        failpoint::hit("engine::evict::mark_sealed");
        let (come, gone) = (self.weigh(new), self.weigh(old));
        bound.policy.enter(marked.place, come);
        if let Some(last) = last {
            bound.policy.leave(last.place, gone);
        }
        bound.budget.add(come, gone);
        if last.is_none_or(|last| !last.is_served_by(marked.place, marked.serial)) {
            bound.policy.push(Signature::of(hash), marked, bound.budget.room(), guard);
        }
        self.make_room(bound, Some(new), guard, now);
    }

    /// An entry has left its slot: seals its mark, and uncounts it, but for what an eviction has claimed before.
    pub(super) fn leave_policy(&self, entry: Shared<'_, E>, is_claimed: bool) {
        let Some(bound) = &self.bound else { return };
        let weight = self.weigh(entry);
        if let Some(last) = entry.get().mark().seal() {
            bound.policy.leave(last.place, weight);
        }
        if !is_claimed {
            bound.budget.sub(weight);
        }
    }

    /// Evicts until nothing is too much, or all records are in others' hands. What the room is for is spared, if others will do.
    fn make_room(&self, bound: &Bound, spare: Option<Shared<'_, E>>, guard: &Guard, now: &Now<'_>) {
        if bound.budget.is_exceeded() {
            self.make_room_for_a_while(bound, usize::MAX, spare, guard, now);
        }
    }

    /// As [`make_room`](Self::make_room), and stops after so many evictions; false: there is no more to do for this thread.
    #[inline(never)]
    fn make_room_for_a_while(
        &self,
        bound: &Bound,
        mut evictions: usize,
        mut spare: Option<Shared<'_, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        let mut looked = 0;
        // The record of the one to be spared is kept back, so that all others have their turn; if they are not enough, its own comes.
        let mut kept_back = None;
        loop {
            while bound.budget.is_exceeded() {
                if evictions == 0 && kept_back.is_none() {
                    return true;
                }
                if self.expire_some(bound) > 0 {
                    continue;
                }
                let is_last = looked + 1 >= PATIENCE;
                let (room, weight) = (bound.budget.room(), bound.budget.weight());
                let Some(turn) = bound.policy.next(room, weight, is_last, guard) else { break };
                failpoint::hit("engine::evict::taken");
                let purpose = Purpose::Evict { is_last };
                match self.serve_turn(bound, turn, purpose, spare, guard, now) {
                    Served::Gone => (looked, evictions) = (0, evictions.saturating_sub(1)),
                    Served::Kept => looked += 1,
                    Served::Stale => {}
                    // Had we one already, that is a copy of this one, or serves nobody any more.
                    Served::Spared => kept_back = Some(turn),
                }
            }
            let Some(turn) = kept_back.take() else { return false };
            spare = None;
            bound.policy.put_back(turn, turn.record.serial, guard);
        }
    }

    /// Where nobody else does: removes some of what is due, for that goes first; how many.
    fn expire_some(&self, bound: &Bound) -> usize {
        let Some(wheel) = self.wheel.as_ref().filter(|wheel| bound.expires && wheel.records() > 0)
        else {
            return 0;
        };
        let now = Now::new(&self.clock);
        let tick = now.precise() / self.tick;
        // Relaxed, here and below: of two threads that both look for what is due one finds nothing.
        if tick <= bound.expired_until.load(Ordering::Relaxed) {
            return 0;
        }
        let (removed, finished) = self.expire_slice(wheel, tick, EXPIRIES);
        if finished {
            bound.expired_until.fetch_max(tick, Ordering::Relaxed);
        }
        removed
    }

    /// Rule 3.
    fn serve_turn(
        &self,
        bound: &Bound,
        turn: Turn,
        purpose: Purpose,
        spare: Option<Shared<'_, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Served {
        let (place, serial) = (turn.place, turn.record.serial);
        let hash = turn.record.signature.to_hash();
        // If the record serves another entry too, it is that one's.
        let is_for_spared = Cell::new(false);
        let is_wanted = |entry: Shared<'_, E>| {
            let marked = entry.get().mark().load();
            let is_served = marked.is_some_and(|marked| marked.is_served_by(place, serial));
            let is_spared = spare.is_some_and(|spare| spare.is(entry));
            is_for_spared.set(is_for_spared.get() || is_served && is_spared);
            marked.is_none() || is_served && !is_spared
        };
        loop {
            is_for_spared.set(false);
            let Some(found) = self.table.find(hash, guard, is_wanted) else {
                return if is_for_spared.get() { Served::Spared } else { Served::Stale };
            };
            let entry = found.node;
            // A sealed one is out of its slot already, and having seen the seal we shall find the one that replaced it.
            let marked = match entry.get().mark().load() {
                Some(marked) if marked.is_served_by(place, serial) => marked,
                _ => continue,
            };
            if purpose != Purpose::Tidy && self.is_due(entry, now) {
                if self.expire(&found, guard, now) {
                    return Served::Gone;
                }
                continue;
            }
            let weight = self.weigh(entry);
            failpoint::hit("engine::evict::found");
            let kept = match purpose {
                Purpose::Tidy => None,
                Purpose::Evict { is_last } => {
                    let (count, room) =
                        (if is_last { 0 } else { marked.count }, bound.budget.room());
                    match bound.policy.judge(turn, count, weight, room) {
                        Verdict::Keep { place, count } => Some((place, count)),
                        // There is room by now.
                        Verdict::Evict if !bound.budget.claim(weight) => None,
                        Verdict::Evict => {
                            failpoint::hit("engine::evict::claimed");
                            if self.table.remove(&found, guard) {
                                self.bury(entry, RemovalCause::Evicted, true, guard);
                                let (room, left) = (bound.budget.room(), self.len());
                                bound.policy.evicted(turn, weight, room, left, guard);
                                return Served::Gone;
                            }
                            bound.budget.add(weight, 0);
                            continue;
                        }
                    }
                }
            };
            let (to, count) = kept.unwrap_or((place, marked.count));
            let moved = Marked { place: to, serial: bound.policy.serial(to, guard), count };
            if !entry.get().mark().rewrite(marked, moved) {
                continue;
            }
            failpoint::hit("engine::evict::rewritten");
            if to != place {
                bound.policy.leave(place, weight);
                bound.policy.enter(to, weight);
            }
            match kept {
                Some(_) => {
                    let signature = turn.record.signature;
                    bound.policy.push(signature, moved, bound.budget.room(), guard);
                }
                None => bound.policy.put_back(turn, moved.serial, guard),
            }
            return Served::Kept;
        }
    }

    /// Whether an entry, found under a guard that is still there, is due or claimed by who found it so.
    fn is_due(&self, entry: Shared<'_, E>, now: &Now<'_>) -> bool {
        // SAFETY: as the caller promises.
        match unsafe { entry.get().deadline().state() } {
            State::Live(deadline) | State::Sealed(deadline) => now.is_due(deadline),
            State::Dead => true,
        }
    }

    /// So many entries have come or gone: once in a while, drops some stale records, if there are many.
    pub(super) fn tidy(&self, moved: usize, guard: &Guard, now: &Now<'_>) {
        if let Some(bound) = &self.bound {
            let times = self.counters.moved(moved);
            if times > 0 {
                self.tidy_up(bound, times * TIDY, guard, now);
            }
        }
    }

    #[inline(never)]
    fn tidy_up(&self, bound: &Bound, most: usize, guard: &Guard, now: &Now<'_>) {
        if bound.is_memory {
            let overhead = self.table.memory() + self.wheel_memory() + bound.policy.memory(guard);
            bound.budget.set_overhead(overhead as u64);
        }
        if bound.policy.records(guard) > 2 * self.len() + STALE_ALLOWED {
            for place in [Place::Small, Place::Main] {
                for _ in 0..most {
                    let Some(turn) = bound.policy.next_of(place, guard) else { break };
                    failpoint::hit("engine::evict::taken_to_tidy");
                    self.serve_turn(bound, turn, Purpose::Tidy, None, guard, now);
                }
            }
        }
        // Rule 5.
        self.make_room(bound, None, guard, now);
    }
}

/// The mark that a replacement was given.
pub(super) struct Inherited(Option<Marked>);
