//! Insert, remove, change of deadline.

use super::bound::{Arrival, Heavy};
use super::deadline::State;
use super::read::{Live, deadline_if_live};
use super::retime::Half;
use super::{Engine, Entry, signature};
use crate::clock::{NEVER, Now};
use crate::kv::RemovalCause;
use crate::sync::epoch::Guard;
use crate::table::{Inserted, Owned, Shared};

/// What a read-modify-write wants.
pub(crate) enum Decision<E: Entry> {
    /// Put this entry, with its own deadline.
    Put(Owned<E>),
    /// Put this entry, with the deadline of the one that is there.
    PutKeepingDeadline(Owned<E>),
    /// Leave what is there, and make it due at this instant.
    Retime(u64),
    Keep,
    Remove,
}

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    Inserted,
    Replaced,
    Removed,
    Retimed,
    Kept,
    Absent,
    /// What was to be put is heavier than the capacity; the key is absent now, or as it was, by [`IfHeavy`].
    TooHeavy(Heavy),
}

/// What becomes of an entry that was to be replaced by one that is heavier than all may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfHeavy {
    Remove,
    Leave,
}

impl<E: Entry> Engine<E> {
    /// Inserts or replaces. An entry that is due already, or heavier than all may be, is not stored; what it would have replaced is removed.
    pub(crate) fn insert<'g>(
        &'g self,
        hash: u64,
        entry: Owned<E>,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Result<(), Heavy> {
        if self.is_stillborn(&entry, now) {
            self.remove_for(RemovalCause::Replaced, hash, guard, now, is_key);
            return Ok(());
        }
        let mut arrival = self.arrival(&entry).inspect_err(|_| {
            self.remove_for(RemovalCause::Evicted, hash, guard, now, is_key);
        })?;
        let prepare = |new: &Owned<E>| self.prepare(hash, new, &mut arrival, guard);
        let back = match self.table.try_insert(hash, entry, guard, is_key, prepare) {
            Inserted::Done(new) => {
                self.born(hash, new, &arrival, guard, now);
                return Ok(());
            }
            Inserted::Occupied(found, entry) => {
                match self.replace_in_line(hash, &found, entry, guard, now) {
                    Ok(()) => return Ok(()),
                    Err(back) => back,
                }
            }
            Inserted::NoRoom(back) => back,
        };
        self.insert_slowly(hash, back, arrival, guard, now, is_key);
        Ok(())
    }

    /// The rest of [`insert`](Self::insert): it could not be done at once, or somebody else was faster.
    #[inline(never)]
    fn insert_slowly<'g>(
        &'g self,
        hash: u64,
        mut entry: Owned<E>,
        mut arrival: Arrival,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) {
        loop {
            let prepare = |new: &Owned<E>| self.prepare(hash, new, &mut arrival, guard);
            match self.table.insert(hash, entry, guard, is_key, prepare) {
                Ok(new) => return self.born(hash, new, &arrival, guard, now),
                Err((found, back)) => match self.replace(hash, &found, back, guard, now) {
                    Ok(()) => return,
                    Err(back) => entry = back,
                },
            }
        }
    }

    /// Inserts unless the key is there. One that is heavier than all may be is refused, whether it is there or not.
    pub(crate) fn insert_if_absent<'g>(
        &'g self,
        hash: u64,
        entry: Owned<E>,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Result<bool, Heavy> {
        if self.is_stillborn(&entry, now) {
            return Ok(self.get(hash, guard, now, is_key).is_none());
        }
        let arrival = self.arrival(&entry)?;
        Ok(self.insert_or_leave(hash, entry, arrival, guard, now, is_key))
    }

    /// Inserts an entry that is not due, nor heavier than all may be, unless its key is there; whether it did.
    #[inline(always)]
    pub(super) fn insert_or_leave<'g>(
        &'g self,
        hash: u64,
        mut entry: Owned<E>,
        mut arrival: Arrival,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> bool {
        loop {
            let prepare = |new: &Owned<E>| self.prepare(hash, new, &mut arrival, guard);
            match self.table.insert(hash, entry, guard, is_key, prepare) {
                Ok(new) => {
                    self.born(hash, new, &arrival, guard, now);
                    return true;
                }
                Err((found, back)) => match self.judge(found, guard, now) {
                    Some(Some(_)) => return false,
                    _ => entry = back,
                },
            }
        }
    }

    /// Removes the live entry, which is still good to look at.
    #[inline(always)]
    pub(crate) fn remove<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<Shared<'g, E>> {
        // In the common case one look, and the entry is live beyond doubt.
        if let Some(found) = self.table.try_find(hash, guard, is_key) {
            let found = found?;
            if let Some(deadline) = deadline_if_live(found.node, now) {
                let live = Live { found, deadline };
                if self.remove_found(&live, RemovalCause::Removed, guard, now) {
                    return Some(live.entry());
                }
            }
        }
        self.remove_for(RemovalCause::Removed, hash, guard, now, is_key)
    }

    #[inline(never)]
    fn remove_for<'g>(
        &'g self,
        cause: RemovalCause,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<Shared<'g, E>> {
        loop {
            let live = self.get(hash, guard, now, is_key)?;
            if self.remove_found(&live, cause, guard, now) {
                return Some(live.entry());
            }
        }
    }

    /// Removes exactly this entry; false: somebody else has changed it.
    #[inline(always)]
    pub(super) fn remove_found(
        &self,
        live: &Live<'_, E>,
        cause: RemovalCause,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        let removed = self.table.remove(&live.found, guard);
        if removed {
            self.bury_now(live.entry(), cause, guard, now);
        }
        removed
    }

    /// [`bury`](Self::bury), for who is in no hurry.
    #[inline]
    fn bury_now(&self, entry: Shared<'_, E>, cause: RemovalCause, guard: &Guard, now: &Now<'_>) {
        self.bury(entry, cause, guard);
        self.tidy(1, guard, now);
    }

    /// As [`remove_found`](Self::remove_found), also if a split has come in between; false: it was replaced or removed.
    pub(crate) fn remove_entry<'g>(
        &'g self,
        live: &Live<'g, E>,
        cause: RemovalCause,
        guard: &'g Guard,
        now: &Now<'_>,
    ) -> bool {
        if self.remove_found(live, cause, guard, now) {
            return true;
        }
        let entry = live.entry();
        let hash = E::hash(entry, self.context());
        // A node that was replaced or removed never comes back, so this ends, or somebody else gets on.
        while let Some(found) = self.table.find(hash, guard, |other| other.is(entry)) {
            if self.table.remove(&found, guard) {
                self.bury_now(entry, cause, guard, now);
                return true;
            }
        }
        false
    }

    /// One read-modify-write: what `decide` answers to the live entry and its deadline is done, unless the entry was changed meanwhile; then it is
    /// asked again. A change of the deadline alone is noticed only by a decision that is one itself.
    pub(crate) fn compute<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
        if_heavy: IfHeavy,
        mut decide: impl FnMut(Option<(Shared<'g, E>, u64)>) -> Decision<E>,
    ) -> Decided {
        let (mut arrival, mut half) = (Arrival::default(), Half::default());
        loop {
            let live = self.get(hash, guard, now, is_key);
            let seen = live.as_ref().map_or(NEVER, Live::given);
            let is_half_done = |live| self.is_taken_over(hash, live, (seen, half), guard, now);
            if live.as_ref().is_some_and(is_half_done) {
                return Decided::Retimed;
            }
            let decision = decide(live.as_ref().map(|live| (live.entry(), seen)));
            match (decision, live) {
                (Decision::Keep | Decision::Remove | Decision::Retime(_), None) => {
                    return Decided::Absent;
                }
                (Decision::Keep, Some(_)) => return Decided::Kept,
                (Decision::Remove, Some(live)) => {
                    if self.remove_found(&live, RemovalCause::Removed, guard, now) {
                        return Decided::Removed;
                    }
                }
                (Decision::Retime(deadline), Some(live)) => {
                    let change = (seen, deadline);
                    let retimed = self.retime_seen(hash, &live, change, &mut half, guard, now);
                    if let Some(retimed) = retimed {
                        return retimed.into();
                    }
                }
                (Decision::Put(entry) | Decision::PutKeepingDeadline(entry), None) => {
                    if self.is_stillborn(&entry, now) {
                        return Decided::Inserted;
                    }
                    if let Err(heavy) = self.arrive(&entry, &mut arrival) {
                        return Decided::TooHeavy(heavy);
                    }
                    let prepare = |new: &Owned<E>| self.prepare(hash, new, &mut arrival, guard);
                    // Not `insert_if_absent`: what is there now, due or not, `decide` has not seen.
                    if let Ok(new) = self.table.insert(hash, entry, guard, is_key, prepare) {
                        self.born(hash, new, &arrival, guard, now);
                        return Decided::Inserted;
                    }
                }
                (Decision::Put(entry), Some(live)) => {
                    if self.is_stillborn(&entry, now) {
                        if self.remove_found(&live, RemovalCause::Replaced, guard, now) {
                            return Decided::Replaced;
                        }
                    } else if let Err(heavy) = self.arrive(&entry, &mut arrival) {
                        if self.give_up(&live, if_heavy, guard, now) {
                            return Decided::TooHeavy(heavy);
                        }
                    } else if self.replace(hash, &live.found, entry, guard, now).is_ok() {
                        return Decided::Replaced;
                    }
                }
                (Decision::PutKeepingDeadline(entry), Some(live)) => {
                    if let Err(heavy) = self.arrive(&entry, &mut arrival) {
                        if self.give_up(&live, if_heavy, guard, now) {
                            return Decided::TooHeavy(heavy);
                        }
                    } else if self.replace_keeping(hash, &live.found, entry, guard, now).is_ok() {
                        return Decided::Replaced;
                    }
                }
            }
        }
    }

    /// What was to replace the entry is too heavy; false: somebody else has changed it.
    fn give_up(&self, live: &Live<'_, E>, if_heavy: IfHeavy, guard: &Guard, now: &Now<'_>) -> bool {
        match if_heavy {
            IfHeavy::Remove => self.remove_found(live, RemovalCause::Evicted, guard, now),
            IfHeavy::Leave => true,
        }
    }

    /// Makes the live entry absent from `deadline` on; what its deadline was. A deadline that is due removes it.
    pub(crate) fn set_deadline<'g>(
        &'g self,
        hash: u64,
        deadline: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<u64> {
        loop {
            let live = self.get(hash, guard, now, is_key)?;
            let entry = live.entry();
            if now.is_due(deadline) {
                if self.remove_found(&live, RemovalCause::Removed, guard, now) {
                    return Some(live.deadline);
                }
                continue;
            }
            // SAFETY: found under the guard.
            let State::Live(before) = (unsafe { entry.get().deadline().state() }) else { continue };
            if self.move_deadline(hash, entry, before, deadline, guard, now) {
                return Some(before);
            }
        }
    }

    /// Whether the entry's deadline has come before it is stored. It is not for the wheel to see.
    pub(crate) fn is_stillborn(&self, entry: &Owned<E>, now: &Now<'_>) -> bool {
        now.is_due(entry.get().deadline().initial())
    }

    /// For every attempt to insert an entry: nobody can see it yet.
    #[inline(always)]
    pub(super) fn prepare(
        &self,
        hash: u64,
        entry: &Owned<E>,
        arrival: &mut Arrival,
        guard: &Guard,
    ) {
        arrival.tick = self.arm_new(entry);
        self.mark_new(hash, entry, arrival, guard);
    }

    /// An entry was inserted where there was none. Rule 1: its record is pushed now, whatever has become of it since.
    #[inline(always)]
    pub(super) fn born(
        &self,
        hash: u64,
        new: Shared<'_, E>,
        arrival: &Arrival,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let times = self.counters.entry_born();
        if let (Some(tick), Some(wheel)) = (arrival.tick, &self.wheel) {
            self.counters.armed();
            wheel.push(signature(hash), tick, guard);
        }
        self.settle_in(hash, new, arrival, guard, now);
        self.tidy_times(times, guard, now);
    }
}
