//! Insertion in steps, for who publishes an entry under a lock, or knows where it stood with a policy.
//!
//! What may run somebody else's code (a listener, when an entry is evicted; destructors) comes before or after, and only [`publish`](Engine::publish) is
//! for the middle. Between it and [`settle_published`](Engine::settle_published) the entry is as that of a thread that is stopped within its insertion.

use super::bound::{Arrival, Heavy};
use super::{Engine, Entry};
use crate::clock::Now;
use crate::policy::Standing;
use crate::sync::epoch::Guard;
use crate::table::{Owned, Shared};

/// An entry that may be published: it is not heavier than all may be.
pub(crate) struct Arriving<E: Entry> {
    hash: u64,
    entry: Owned<E>,
    arrival: Arrival,
}

/// One that was, and is not accounted for yet.
#[must_use = "it has to be settled"]
pub(crate) struct Published<'g, E: Entry> {
    hash: u64,
    new: Shared<'g, E>,
    arrival: Arrival,
}

impl<E: Entry> Arriving<E> {
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn entry(&self) -> &Owned<E> {
        &self.entry
    }

    pub(crate) fn into_entry(self) -> Owned<E> {
        self.entry
    }
}

impl<'g, E: Entry> Published<'g, E> {
    pub(crate) fn entry(&self) -> Shared<'g, E> {
        self.new
    }
}

impl<E: Entry> Engine<E> {
    /// Whether it may be stored at all; if it is heavier than all may be, it is given back. With a `standing`, that is where it will stand, if there is a policy.
    pub(crate) fn arriving(
        &self,
        hash: u64,
        entry: Owned<E>,
        standing: Option<Standing>,
    ) -> Result<Arriving<E>, (Heavy, Owned<E>)> {
        match self.arrival(&entry) {
            Ok(mut arrival) => {
                if let Some(standing) = standing {
                    self.stand(&mut arrival, standing);
                }
                Ok(Arriving { hash, entry, arrival })
            }
            Err(heavy) => Err((heavy, entry)),
        }
    }

    /// Inserts an entry that is not due, unless its key is there; whether it did.
    pub(crate) fn insert_arriving<'g>(
        &'g self,
        arriving: Arriving<E>,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> bool {
        let Arriving { hash, entry, arrival } = arriving;
        self.insert_or_leave(hash, entry, arrival, guard, now, is_key)
    }

    /// Whether nothing has to go for it, as things are now.
    pub(crate) fn has_room_for(&self, entry: Shared<'_, E>) -> bool {
        self.bound.as_ref().is_none_or(|bound| !bound.budget.lacks(self.weigh(entry)))
    }

    /// Publishes an entry that is not due, of a key that the table does not have, and that nobody else inserts meanwhile: the caller sees to that. Runs nobody's
    /// code but the hasher's, when a shard is split.
    pub(crate) fn publish<'g>(
        &'g self,
        arriving: Arriving<E>,
        guard: &'g Guard,
    ) -> Option<Published<'g, E>> {
        let Arriving { hash, entry, mut arrival } = arriving;
        let prepare = |new: &Owned<E>| self.prepare(hash, new, &mut arrival, guard);
        // There is no other of its key, so none has to be compared with it.
        let new = self.table.insert(hash, entry, guard, |_| false, prepare).ok()?;
        Some(Published { hash, new, arrival })
    }

    /// Accounts for it, and makes room.
    pub(crate) fn settle_published(
        &self,
        published: Published<'_, E>,
        guard: &Guard,
        now: &Now<'_>,
    ) {
        let Published { hash, new, arrival } = published;
        self.born(hash, new, &arrival, guard, now);
    }

    /// Makes an entry readable that never comes into the table: for this guard, by this thread.
    pub(crate) fn lend<'g>(&self, entry: Owned<E>, guard: &'g Guard) -> Shared<'g, E> {
        let bytes = E::bytes(entry.shared());
        entry.lend(bytes, guard)
    }
}
