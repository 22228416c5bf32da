//! Look-ups.
//!
//! Liveness is decided at the entry's deadline word, by the clock reading of the operation. An operation that finds an entry
//! due unlinks it before it reports it as absent: so nobody with an earlier clock reading can extend or update it
//! afterwards, and what was once reported absent stays so.

use super::deadline::State;
use super::{Engine, Entry};
use crate::clock::Now;
use crate::sync::epoch::Guard;
use crate::table::{Cursor, Found, Shared};

/// An entry that is there, and until when.
pub(crate) struct Live<'g, E: Entry> {
    pub(super) found: Found<'g, E>,
    pub(crate) deadline: u64,
}

impl<'g, E: Entry> Live<'g, E> {
    /// The entry.
    pub(crate) fn entry(&self) -> Shared<'g, E> {
        self.found.node
    }
}

impl<E: Entry> Engine<E> {
    /// The live entry that `is_key` recognises.
    #[inline(always)]
    pub(crate) fn get<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<Live<'g, E>> {
        let found = self.table.find(hash, guard, is_key)?;
        match found.node.get().deadline().live_until() {
            Some(deadline) if !now.is_due(deadline) => Some(Live { found, deadline }),
            _ => self.get_again(hash, guard, now, is_key),
        }
    }

    /// [`get`](Self::get) that has met something else than a live entry.
    #[cold]
    fn get_again<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<Live<'g, E>> {
        loop {
            let found = self.table.find(hash, guard, is_key)?;
            if let Some(verdict) = self.judge(found, guard, now) {
                return verdict;
            }
        }
    }

    /// [`get`](Self::get) for a group of at most [`GROUP`](crate::table::GROUP) hashes; `visit` gets them in order.
    pub(crate) fn get_group<'g>(
        &'g self,
        hashes: &[u64],
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(usize, Shared<'g, E>) -> bool + Copy,
        mut visit: impl FnMut(usize, Option<Shared<'g, E>>),
    ) {
        self.table.find_group(hashes, guard, is_key, |index, found| {
            let live = match found.map(|found| self.judge(found, guard, now)) {
                None => None,
                Some(Some(verdict)) => verdict,
                Some(None) => self.get(hashes[index], guard, now, |entry| is_key(index, entry)),
            };
            visit(index, live.map(|live| live.entry()));
        });
    }

    /// Hands out the live entries of the cursor's next bucket; false at the end.
    pub(crate) fn next_bucket<'g>(
        &'g self,
        cursor: &mut Cursor,
        guard: &'g Guard,
        now: &Now<'_>,
        mut each: impl FnMut(Live<'g, E>),
    ) -> bool {
        cursor.next_bucket(&self.table, guard, |found| {
            // If it was replaced meanwhile, it was live a moment ago, which will do; if it was removed, that too.
            // SAFETY: found under the guard.
            match unsafe { found.node.get().deadline().state() } {
                State::Live(deadline) | State::Sealed(deadline) if !now.is_due(deadline) => {
                    each(Live { found, deadline });
                }
                _ => {
                    self.expire(&found, guard, now);
                }
            }
        })
    }

    /// Whether what was found is live; None: look again. What is due is removed.
    #[inline]
    pub(super) fn judge<'g>(
        &'g self,
        found: Found<'g, E>,
        guard: &'g Guard,
        now: &Now<'_>,
    ) -> Option<Option<Live<'g, E>>> {
        // SAFETY: found under the guard.
        match unsafe { found.node.get().deadline().state() } {
            State::Live(deadline) | State::Sealed(deadline) if !now.is_due(deadline) => {
                Some(Some(Live { found, deadline }))
            }
            _ => self.expire(&found, guard, now).then_some(None),
        }
    }
}
