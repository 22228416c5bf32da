//! What a look-up does besides looking: it counts, and puts deadlines off.
//!
//! # Time-to-idle
//!
//! An entry of a cache with a time-to-idle is due when nobody has asked for it for so long, or at its *hard* deadline, whichever is first. The
//! deadline word holds the earlier of the two, and a hit moves it on; so expiry, the wheel and every race with them are as for any
//! other entry (see [`deadline`](super::deadline)). The hard deadline is a word of its own, in entries of such caches only.
//!
//! The two words are changed together by nobody, so whoever moves the deadline looks at the hard one again *after* it has:
//!
//! ```text
//! set_ttl   hard ← h (store)            touch   h = hard
//!           deadline ← min(h, idle) (CAS)       deadline ← min(h, idle) (CAS)
//!           arm                                 hard = h still? else once more, and arm
//! ```
//!
//! If `touch` has read an older hard deadline, either its CAS comes before that of `set_ttl`, which then overwrites it, or after it, and then it has read
//! that by its CAS, and sees the new one.
//!
//! A deadline that is put off needs no new record: the one there is fires early, and arms the entry anew. It is put off once in a
//! while only, so that an entry that is asked for all the time is not written to all the time: see [`GRAIN`].

use std::time::Duration;

use super::deadline::State;
use super::{Engine, Entry, Listener};
use crate::clock::{NEVER, Now};
use crate::sync::epoch::Guard;
use crate::sync::{AtomicU64, Ordering, failpoint};
use crate::table::{Owned, Shared};

/// A hit puts a deadline off only if that gains this part of the time-to-idle; by less than that an entry may be absent early. (At most a tick.)
const GRAIN: u32 = 64;

/// When an entry is due whether it is asked for or not.
#[derive(Debug)]
pub(crate) struct Hard(AtomicU64);

impl Hard {
    pub(crate) fn new(deadline: u64) -> Self {
        Self(AtomicU64::new(deadline.min(NEVER)))
    }

    #[inline]
    pub(crate) fn load(&self) -> u64 {
        // Relaxed: who must see a new one has read the deadline that was made with it, by a CAS.
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, deadline: u64) {
        // Relaxed: the CAS on the deadline that follows publishes it. A swap, for loom does not order a store and a CAS that race for one word.
        self.0.swap(deadline.min(NEVER), Ordering::Relaxed);
    }

    /// Changes it on a condition; false: it was changed meanwhile.
    fn change(&self, from: u64, to: u64) -> bool {
        // Relaxed, both: as for `set`.
        self.0.compare_exchange(from, to.min(NEVER), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Sets it to what a predecessor says, unless somebody else has changed it meanwhile; whether it has another value by that.
    fn correct(&self, from: u64, to: u64) -> bool {
        // Relaxed: as for `set`; who corrects it moves the deadline afterwards.
        from != to
            && self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// When an entry that was found with `deadline` is due by what it was given, not counting that it may be idle.
pub(crate) fn given<E: Entry>(entry: Shared<'_, E>, deadline: u64) -> u64 {
    E::hard(entry).map_or(deadline, Hard::load)
}

/// What became of a change of a hard deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It is not what it was said to be.
    Not,
    /// It was changed; but the entry was replaced meanwhile, by one that may have taken that over or not, or has come to its end.
    Half,
    Whole,
}

/// When a new entry is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    /// At first.
    pub(crate) deadline: u64,
    /// At last, in a cache with a time-to-idle.
    pub(crate) hard: Option<u64>,
}

pub(crate) type OnRead<E> =
    dyn Fn(Shared<'_, E>, Option<Duration>) -> Option<Duration> + Send + Sync;

/// What a face wants to be called for.
pub(crate) struct Hooks<E: Entry> {
    pub(crate) listener: Option<Listener<E>>,
    pub(crate) on_read: Option<Box<OnRead<E>>>,
}

/// What look-ups do besides, in a cache that asks for it.
pub(crate) struct Observer<E: Entry> {
    /// Whether hits and misses are counted.
    pub(crate) counts: bool,
    /// The time-to-idle.
    pub(crate) idle: Option<Duration>,
    /// Given an entry that was found and the time it has left, says what that is to be from now on; None: as it is.
    pub(crate) on_read: Option<Box<OnRead<E>>>,
}

impl<E: Entry> Observer<E> {
    /// Whether there is anything to do.
    pub(crate) fn is_wanted(&self) -> bool {
        self.counts || self.idle.is_some() || self.on_read.is_some()
    }
}

impl<E: Entry> Engine<E> {
    /// When an entry that is made now is due, of which `hard` says what it does without a time-to-idle.
    #[inline]
    pub(crate) fn until(&self, hard: u64, now: &Now<'_>) -> Until {
        match self.idle() {
            None => Until { deadline: hard, hard: None },
            Some(idle) => Until { deadline: now.deadline_after(idle).min(hard), hard: Some(hard) },
        }
    }

    #[inline]
    fn idle(&self) -> Option<Duration> {
        self.observer.as_ref()?.idle
    }

    /// Look-ups that have found something, and those that have not; None: nobody counts.
    pub(crate) fn hits_and_misses(&self) -> Option<(usize, usize)> {
        self.observer.as_ref().filter(|observer| observer.counts)?;
        Some(self.counters.hits_and_misses())
    }

    /// After a look-up.
    #[inline(never)]
    pub(super) fn observe(
        &self,
        hash: u64,
        found: Option<Shared<'_, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let Some(observer) = &self.observer else { return };
        if observer.counts {
            self.counters.looked_up(found.is_some());
        }
        let Some(entry) = found else { return };
        if let Some(on_read) = &observer.on_read {
            self.ask(on_read, hash, entry, guard, now);
        }
        if let Some(idle) = observer.idle {
            self.touch(idle, hash, entry, guard, now);
        }
    }

    /// Asks the hook what time an entry is to have left.
    fn ask(
        &self,
        on_read: &OnRead<E>,
        hash: u64,
        entry: Shared<'_, E>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        // SAFETY: found under the guard.
        let State::Live(before) = (unsafe { entry.get().deadline().state() }) else { return };
        let left = Duration::from_nanos(before.saturating_sub(now.precise()).max(1));
        let left = (before != NEVER).then_some(left);
        if let Some(ttl) = on_read(entry, left) {
            // What was changed meanwhile has a deadline that is newer.
            self.move_deadline(hash, entry, before, now.deadline_after(ttl), guard, now);
        }
    }

    /// Makes the entry due at `deadline`, if it is still due at `before` and not by now; false: it is not.
    pub(super) fn move_deadline(
        &self,
        hash: u64,
        entry: Shared<'_, E>,
        before: u64,
        deadline: u64,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        if now.is_due(before) {
            return false;
        }
        let mut until = deadline;
        if let (Some(idle), Some(hard)) = (self.idle(), E::hard(entry)) {
            hard.set(deadline);
            // Not earlier than a use since has put it, if this thread was stopped.
            until = now.deadline_after(idle).max(before).min(deadline);
        }
        failpoint::hit("engine::set_deadline::before");
        if !entry.get().deadline().extend(before, until) {
            return false;
        }
        failpoint::hit("engine::set_deadline::extended");
        self.arm_by(hash, entry.get(), until, guard);
        true
    }

    /// [`move_deadline`](Self::move_deadline) of an entry with a hard deadline, if that is `before`: it decides, and the other follows.
    pub(super) fn move_hard(
        &self,
        hash: u64,
        entry: Shared<'_, E>,
        hard: &Hard,
        (before, deadline): (u64, u64),
        guard: &Guard,
        now: &Now<'_>,
    ) -> Moved {
        if !hard.change(before, deadline) {
            return Moved::Not;
        }
        failpoint::hit("engine::touch::hard_changed");
        if self.follow(hash, entry, hard, guard, now) { Moved::Whole } else { Moved::Half }
    }

    /// Moves the deadline of a live entry to what its hard one and a use just now make of it; false: it was replaced meanwhile, or has come to its end.
    pub(super) fn follow(
        &self,
        hash: u64,
        entry: Shared<'_, E>,
        hard: &Hard,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        let wanted = self.idle().map_or(NEVER, |idle| now.deadline_after(idle));
        loop {
            // SAFETY: found under the guard.
            let State::Live(old) = (unsafe { entry.get().deadline().state() }) else {
                return false;
            };
            if now.is_due(old) {
                return false;
            }
            // After the deadline that is replaced: who has set that has set the hard one before (by the Release in `extend`, whose partner is the Acquire in `state`), and it
            // is not undone here.
            let limit = hard.load();
            // Not earlier than a use since has put it, if this thread was stopped.
            let until = wanted.max(old).min(limit);
            if entry.get().deadline().extend(old, until) {
                self.arm_by(hash, entry.get(), until, guard);
                if hard.load() == limit {
                    return true;
                }
                // Somebody has changed it since, whom we may have overwritten.
            }
        }
    }

    /// Somebody has asked for the entry: puts its deadline off.
    fn touch(&self, idle: Duration, hash: u64, entry: Shared<'_, E>, guard: &Guard, now: &Now<'_>) {
        let Some(hard) = E::hard(entry) else { return };
        let wanted = now.deadline_after(idle);
        let grain = (idle / GRAIN).as_nanos().min(self.tick.into()) as u64;
        // SAFETY: found under the guard.
        let State::Live(mut before) = (unsafe { entry.get().deadline().state() }) else { return };
        let mut limit = hard.load();
        if wanted.min(limit) < before.saturating_add(grain) {
            return;
        }
        loop {
            let until = wanted.min(limit);
            if !entry.get().deadline().extend(before, until) {
                // Another has touched it, or it was given another deadline, or it is gone.
                return;
            }
            failpoint::hit("engine::touch::extended");
            if until < before {
                self.arm_by(hash, entry.get(), until, guard);
            }
            let again = hard.load();
            if again == limit {
                return;
            }
            // Somebody has changed it, whom we may have overwritten.
            (before, limit) = (until, again);
        }
    }

    /// Before `new`, which is to keep the deadline of `old`, is published.
    pub(super) fn inherit_hard(&self, old: Shared<'_, E>, new: &Owned<E>) -> Option<u64> {
        let inherited = E::hard(old)?.load();
        E::hard(new.shared())?.set(inherited);
        Some(inherited)
    }

    /// After it was, and its deadline settled: nobody changes the old one any more. An update is a use, too.
    pub(super) fn take_hard_over(
        &self,
        hash: u64,
        old: Shared<'_, E>,
        new: Shared<'_, E>,
        inherited: Option<u64>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        if let (Some(inherited), Some(last), Some(hard)) = (inherited, E::hard(old), E::hard(new)) {
            old.get().deadline().seal_and_hear();
            if hard.correct(inherited, last.load()) {
                // Beyond it, if a use has moved it in between: no other use would bring it back.
                self.follow(hash, new, hard, guard, now);
            }
        }
        if let Some(idle) = self.idle() {
            self.touch(idle, hash, new, guard, now);
        }
    }
}
