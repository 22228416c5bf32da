//! Changing a deadline on a condition.
//!
//! Who decides has seen a deadline, and the change goes through only if that is the deadline still: by the CAS on the deadline word that
//! `set_ttl` makes, too (see [`deadline`](super::deadline)). If anybody has changed it meanwhile, or replaced the entry by one that keeps its
//! deadline, the question is asked again. (An entry that was replaced by one with a deadline of its own: then this change came before.)
//!
//! In a cache with a time-to-idle the deadline word moves with every use, and says nothing about what an entry was given. There the *hard* deadline is shown, and its CAS
//! decides; the deadline word follows it. If an update that keeps the deadline has come in between, it may
//! have taken the change over or not. If its entry is found with that deadline, it has; otherwise the question is asked again, about what is there. So it can
//! be asked of a change that was there for a moment, and has been changed by another since. (A hard deadline has no state that says who inherits it, as the deadline word has; that
//! would make it exact.)
//!
//! A deadline that is due is a removal, and decided by the CAS on the slot. A change of the deadline that comes between the last look at it and that CAS is lost
//! with the entry: as if it had come before, unasked.

use super::deadline::State;
use super::idle::{Moved, given};
use super::read::Live;
use super::{Decided, Engine, Entry, Hard};
use crate::clock::Now;
use crate::kv::RemovalCause;
use crate::sync::epoch::Guard;
use crate::table::Shared;

/// What was done to a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retimed {
    /// The key is absent.
    Absent,
    Kept,
    Changed,
    /// The new deadline was due.
    Removed,
}

/// A hard deadline that was changed in an entry that had just been replaced: its successor may take it over or not. Nothing is set there that nobody has decided
/// upon it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Half(Option<u64>);

impl From<Retimed> for Decided {
    fn from(retimed: Retimed) -> Self {
        match retimed {
            Retimed::Absent => Self::Absent,
            Retimed::Kept => Self::Kept,
            Retimed::Changed => Self::Retimed,
            Retimed::Removed => Self::Removed,
        }
    }
}

impl<E: Entry> Live<'_, E> {
    /// When it is due, not counting idleness: what it was given.
    pub(super) fn given(&self) -> u64 {
        given(self.entry(), self.deadline)
    }
}

impl<E: Entry> Engine<E> {
    /// Makes the live entry due when `decide` says, given the entry and its deadline; None: as it is.
    pub(crate) fn retime<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
        mut decide: impl FnMut(Shared<'g, E>, u64) -> Option<u64>,
    ) -> Retimed {
        let mut half = Half::default();
        loop {
            let Some(live) = self.get(hash, guard, now, is_key) else { return Retimed::Absent };
            let seen = live.given();
            if self.is_taken_over(hash, &live, (seen, half), guard, now) {
                return Retimed::Changed;
            }
            let Some(deadline) = decide(live.entry(), seen) else { return Retimed::Kept };
            let retimed = self.retime_seen(hash, &live, (seen, deadline), &mut half, guard, now);
            if let Some(retimed) = retimed {
                return retimed;
            }
        }
    }

    /// One attempt; None: it was changed meanwhile, look again. `seen`: the deadline that was decided upon.
    pub(super) fn retime_seen(
        &self,
        hash: u64,
        live: &Live<'_, E>,
        (seen, deadline): (u64, u64),
        half: &mut Half,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Option<Retimed> {
        let entry = live.entry();
        if now.is_due(deadline) {
            return self.remove_unless_changed(live, seen, guard, now);
        }
        let Some(hard) = E::hard(entry) else {
            let moved = self.move_deadline(hash, entry, seen, deadline, guard, now);
            return moved.then_some(Retimed::Changed);
        };
        // SAFETY: found under the guard.
        let State::Live(_) = (unsafe { entry.get().deadline().state() }) else { return None };
        match self.move_hard(hash, entry, hard, (seen, deadline), guard, now) {
            Moved::Not => None,
            Moved::Whole => Some(Retimed::Changed),
            Moved::Half => {
                *half = Half(Some(deadline));
                None
            }
        }
    }

    /// Whether an entry, whose deadline was `seen`, has what was changed half: in the one before it, which this one has taken it over from.
    pub(super) fn is_taken_over(
        &self,
        hash: u64,
        live: &Live<'_, E>,
        (seen, half): (u64, Half),
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        if half != Half(Some(seen)) {
            return false;
        }
        E::hard(live.entry()).is_some_and(|hard| self.follow(hash, live.entry(), hard, guard, now))
    }

    fn remove_unless_changed(
        &self,
        live: &Live<'_, E>,
        seen: u64,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Option<Retimed> {
        // SAFETY: found under the guard.
        let State::Live(word) = (unsafe { live.entry().get().deadline().state() }) else {
            return None;
        };
        let as_seen = E::hard(live.entry()).map_or(word, Hard::load) == seen;
        let removed = as_seen && self.remove_found(live, RemovalCause::Removed, guard, now);
        removed.then_some(Retimed::Removed)
    }
}
