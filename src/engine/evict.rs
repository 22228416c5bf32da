//! Bounded memory: who inserts makes room. The policy says whose turn it is; here the entry is found, and evicted or kept.
//!
//! # Records and entries
//!
//! A record names its entry by signature, place and serial, and an entry's [`Mark`] has the place and serial of the record that
//! serves it. A record that finds no such entry is stale and dropped. What must hold: *each entry in the table is served by a
//! record in a queue, or by one in somebody's hands* who has not finished. The rules:
//!
//! 1. A new entry is published with its mark, makes room, is counted, and then its record is pushed: so it is not evicted to make room for
//!    itself. Then it looks once more. (Others' records may have its signature, place and serial: those of its key's former entries, or of keys
//!    with the same hash. So it is spared besides.)
//! 2. A replacement takes the old entry's mark over, with the CAS on the slot, and then *seals* the old mark. Was that changed in between, the
//!    old entry has another record by now: the one that the new entry relies on is pushed once more.
//! 3. Who has taken a record out of its queue finds its entry; where it meets a seal, it looks again, and finds the new one. It evicts the
//!    entry, or gives it another serial by a CAS on the mark and pushes a record with that. If the CAS fails, it looks again.
//! 4. Weight is counted by who publishes or unlinks, where the seal says that it was. An eviction for a new entry is set off against that
//!    one's weight before either is counted ([`Debt`]); one for any other reason is claimed on the budget first.
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

use std::cell::Cell;

use super::bound::{Bound, Debt};
use super::deadline::State;
use super::{Engine, Entry};
use crate::clock::Now;
use crate::kv::RemovalCause;
use crate::policy::{Marked, Place, Policy, Record, Turn, Verdict};
use crate::sync::epoch::Guard;
use crate::sync::{Ordering, failpoint};
use crate::table::{Found, Shared};

/// Entries that one eviction looks at, at most: the last one goes whatever its count.
const PATIENCE: usize = if cfg!(purekv_loom) { 2 } else { 64 };

/// Records looked at when it is time to tidy up, in each queue.
const TIDY: usize = if cfg!(purekv_loom) { 1 } else { 64 };

/// Stale records that are not worth it.
const STALE_ALLOWED: usize = if cfg!(purekv_loom) { 0 } else { 1024 };

/// Records of the wheel that who makes room looks at, at a time.
const EXPIRIES: usize = 64;

/// What there must be room for.
struct Need<'d, 'g, E: Entry> {
    /// A new entry, which nobody has counted yet; None: there is too much.
    debt: Option<&'d mut Debt>,
    /// It, or the entry that has become heavier, is spared, if others will do.
    spare: Option<Shared<'g, E>>,
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

impl<E: Entry> Need<'_, '_, E> {
    fn is_there(&self, bound: &Bound) -> bool {
        match &self.debt {
            Some(debt) => debt.is_owed(bound),
            None => bound.budget.is_exceeded(),
        }
    }

    /// Before an entry is evicted: whether that is still needed.
    fn claim(&self, bound: &Bound, weight: u64) -> bool {
        match &self.debt {
            Some(debt) => debt.is_owed(bound),
            None => bound.budget.claim(weight),
        }
    }

    /// Somebody else has changed the entry.
    fn give_back(&self, bound: &Bound, weight: u64) {
        if self.debt.is_none() {
            bound.budget.add(weight.cast_signed());
        }
    }

    /// It was evicted.
    fn take(&mut self, bound: &Bound, place: Place, weight: u64) {
        match &mut self.debt {
            Some(debt) => debt.pay(place, weight),
            None => bound.policy.moved(Some((place, weight)), None),
        }
    }
}

impl<E: Entry> Engine<E> {
    /// Evicts until nothing is too much, or all records are in others' hands.
    pub(super) fn make_room(
        &self,
        bound: &Bound,
        spare: Option<Shared<'_, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        if bound.budget.is_exceeded() {
            self.evict_some(bound, usize::MAX, spare, guard, now);
        }
    }

    /// As [`make_room`](Self::make_room), and stops after so many evictions; false: there is no more to do for this thread.
    #[cold]
    pub(super) fn evict_some(
        &self,
        bound: &Bound,
        most: usize,
        spare: Option<Shared<'_, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        self.evict_for(bound, Need { debt: None, spare }, most, guard, now)
    }

    /// Evicts until there is room for what is owed, or all records are in others' hands.
    pub(super) fn make_room_for(
        &self,
        bound: &Bound,
        debt: &mut Debt,
        new: Shared<'_, E>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        if debt.is_owed(bound) {
            let need = Need { debt: Some(debt), spare: Some(new) };
            self.evict_for(bound, need, usize::MAX, guard, now);
        }
    }

    fn evict_for(
        &self,
        bound: &Bound,
        mut need: Need<'_, '_, E>,
        mut most: usize,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        let mut looked = 0;
        // The record of the one to be spared is kept back, so that all others have their turn; if they are not enough, its own comes.
        let mut kept_back = None;
        loop {
            while need.is_there(bound) {
                if most == 0 && kept_back.is_none() {
                    return true;
                }
                if self.expire_some(bound) > 0 {
                    continue;
                }
                let is_last = looked + 1 >= PATIENCE;
                let (room, weight) = (bound.budget.room(), bound.budget.weight());
                let Some(turn) = bound.policy.next(room, weight, is_last, guard) else { break };
                failpoint::hit("engine::evict::taken");
                self.look_ahead(bound, turn, guard);
                match self.serve_turn(bound, turn, &mut need, is_last, guard, now) {
                    Served::Gone => (looked, most) = (0, most.saturating_sub(1)),
                    Served::Kept => looked += 1,
                    Served::Stale => {}
                    // Had we one already, that is a copy of this one, or serves nobody any more.
                    Served::Spared => kept_back = Some(turn),
                }
            }
            let Some(turn) = kept_back.take() else { return false };
            need.spare = None;
            bound.policy.put_back(turn, turn.record.serial(), guard);
        }
    }

    /// Asks for what the end of this turn will read, and for the bucket of the next one's entry.
    fn look_ahead(&self, bound: &Bound, turn: Turn, guard: &Guard) {
        bound.policy.expect(turn.record.signature(), guard);
        if let Some(next) = self.upcoming(bound, guard) {
            self.table.prefetch(next.signature().to_hash(), guard);
        }
    }

    /// Asks for the entry that will have to go for a new one; its bucket was asked for in the turn before.
    pub(super) fn expect_turn(&self, bound: &Bound, guard: &Guard) {
        if bound.budget.lacks(1)
            && let Some(next) = self.upcoming(bound, guard)
        {
            self.table.prefetch_entry(next.signature().to_hash(), guard);
        }
    }

    fn upcoming(&self, bound: &Bound, guard: &Guard) -> Option<Record> {
        bound.policy.upcoming(bound.budget.room(), bound.budget.weight(), guard)
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
        // Without a look at the budget, which knows nothing of who is to be spared: the caller looks after this.
        let (removed, finished) = self.expire_slice(wheel, tick, EXPIRIES, |removed, guard, _| {
            let times = self.counters.moved(removed);
            if times > 0 {
                self.drop_stale(bound, times * TIDY, guard);
            }
        });
        if finished {
            bound.expired_until.fetch_max(tick, Ordering::Relaxed);
        }
        removed
    }

    /// Rule 3: evicts the entry whose turn it is, or gives it another record.
    fn serve_turn(
        &self,
        bound: &Bound,
        turn: Turn,
        need: &mut Need<'_, '_, E>,
        is_last: bool,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Served {
        loop {
            let serves_spared = Cell::new(false);
            let Some(found) = self.meet(turn, need.spare, &serves_spared, guard) else {
                return if serves_spared.get() { Served::Spared } else { Served::Stale };
            };
            let entry = found.node;
            let Some(marked) = self.served(turn, entry) else { continue };
            if self.is_due(entry, now) {
                if self.expire(&found, guard, now) {
                    return Served::Gone;
                }
                continue;
            }
            let (weight, room) = (self.weigh(entry), bound.budget.room());
            failpoint::hit("engine::evict::found");
            let count = if is_last { 0 } else { marked.count };
            let given = match bound.policy.judge(turn, count, weight, room) {
                Verdict::Keep { place, count } => {
                    self.give_record(bound, turn, entry, marked, Some((place, count)), guard)
                }
                Verdict::Evict if need.claim(bound, weight) => {
                    failpoint::hit("engine::evict::claimed");
                    if self.table.remove(&found, guard) {
                        self.bury_evicted(bound, entry, need, guard);
                        bound.policy.evicted(turn, weight, room, || self.len(), guard);
                        return Served::Gone;
                    }
                    need.give_back(bound, weight);
                    continue;
                }
                // There is room by now.
                Verdict::Evict => self.give_record(bound, turn, entry, marked, None, guard),
            };
            if given {
                return Served::Kept;
            }
        }
    }

    /// The entry whose turn it is, or one that was sealed just now, if there is one. If the record serves one to be spared and another, it is
    /// that one's.
    #[inline(always)]
    fn meet<'g>(
        &'g self,
        turn: Turn,
        spare: Option<Shared<'_, E>>,
        serves_spared: &Cell<bool>,
        guard: &'g Guard,
    ) -> Option<Found<'g, E>> {
        let hash = turn.record.signature().to_hash();
        self.table.find(hash, guard, |entry| match entry.get().mark().load() {
            Some(marked) if marked.is_served_by(turn.place, turn.record.serial()) => {
                let spares = spare.is_some_and(|spare| spare.is(entry));
                serves_spared.set(serves_spared.get() || spares);
                !spares
            }
            Some(_) => false,
            None => true,
        })
    }

    /// What the entry's mark says, if this turn's record serves it. None: look again. If it is sealed it is out of its slot already, and having
    /// seen the seal we shall find the one that has replaced it.
    fn served(&self, turn: Turn, entry: Shared<'_, E>) -> Option<Marked> {
        let marked = entry.get().mark().load()?;
        marked.is_served_by(turn.place, turn.record.serial()).then_some(marked)
    }

    /// Gives an entry whose turn it is another record, in this place and with this count, or in the place where it was; false: somebody else
    /// has changed it.
    fn give_record(
        &self,
        bound: &Bound,
        turn: Turn,
        entry: Shared<'_, E>,
        marked: Marked,
        to: Option<(Place, u8)>,
        guard: &Guard,
    ) -> bool {
        let (place, count) = to.unwrap_or((turn.place, marked.count));
        let moved = Marked { place, serial: marked.serial.next(), count };
        if !entry.get().mark().rewrite(marked, moved) {
            return false;
        }
        failpoint::hit("engine::evict::rewritten");
        if place != turn.place {
            let weight = self.weigh(entry);
            bound.policy.moved(Some((turn.place, weight)), Some((place, weight)));
        }
        match to {
            Some(_) => {
                bound.policy.push(turn.record.signature(), moved, bound.budget.room(), guard);
            }
            None => bound.policy.put_back(turn, moved.serial, guard),
        }
        true
    }

    /// Accounts for an entry that this thread has evicted.
    fn bury_evicted(
        &self,
        bound: &Bound,
        entry: Shared<'_, E>,
        need: &mut Need<'_, '_, E>,
        guard: &Guard,
    ) {
        self.depart(entry, RemovalCause::Evicted);
        self.seal_mark(entry, |_, last, weight| need.take(bound, last.place, weight));
        self.let_go(entry, RemovalCause::Evicted, guard);
    }

    /// Whether an entry, found under a guard that is still there, is due or claimed by who found it so.
    fn is_due(&self, entry: Shared<'_, E>, now: &Now<'_>) -> bool {
        // SAFETY: as the caller promises.
        match unsafe { entry.get().deadline().state() } {
            State::Live(deadline) | State::Sealed(deadline) => now.is_due(deadline),
            State::Dead => true,
        }
    }

    /// So many entries have gone: once in a while, drops some stale records, if there are many.
    #[inline]
    pub(super) fn tidy(&self, moved: usize, guard: &Guard, now: &Now<'_>) {
        if self.bound.is_some() {
            self.tidy_times(self.counters.moved(moved), guard, now);
        }
    }

    /// Drops some stale records, so often, if there are many.
    #[inline(always)]
    pub(super) fn tidy_times(&self, times: usize, guard: &Guard, now: &Now<'_>) {
        if let Some(bound) = self.bound.as_ref().filter(|_| times > 0) {
            self.tidy_up(bound, times * TIDY, guard, now);
        }
    }

    #[inline(never)]
    fn tidy_up(&self, bound: &Bound, most: usize, guard: &Guard, now: &Now<'_>) {
        self.count_overhead(bound, guard);
        self.drop_stale(bound, most, guard);
        // Rule 5.
        self.make_room(bound, None, guard, now);
    }

    /// Looks at so many records of each queue, if there are too many, and drops those that serve nobody. Rule 5 is for the caller.
    fn drop_stale(&self, bound: &Bound, most: usize, guard: &Guard) {
        if bound.policy.records(guard) <= 2 * self.len() + STALE_ALLOWED {
            return;
        }
        for place in [Place::Small, Place::Main] {
            for _ in 0..most {
                let Some(turn) = bound.policy.next_of(place, guard) else { break };
                failpoint::hit("engine::evict::taken_to_tidy");
                self.look_after(bound, turn, guard);
            }
        }
    }

    /// Puts a record back at the end of its queue, if it serves anybody.
    fn look_after(&self, bound: &Bound, turn: Turn, guard: &Guard) {
        while let Some(found) = self.meet(turn, None, &Cell::new(false), guard) {
            if let Some(marked) = self.served(turn, found.node)
                && self.give_record(bound, turn, found.node, marked, None, guard)
            {
                return;
            }
        }
    }
}
