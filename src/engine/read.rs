//! Look-ups.
//!
//! Liveness is decided at the entry's deadline word, by the clock reading of the operation. An operation that finds an entry
//! due unlinks it before it reports it as absent: so nobody with an earlier clock reading can extend or update it
//! afterwards, and what was once reported absent stays so.

use super::deadline::State;
use super::{Engine, Entry};
use crate::clock::{LIVE, Now};
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
        let word = found.node.get().deadline().word();
        if now.is_surely_before(word) || now.is_before_by_coarse_clock(word) {
            return Some(Live { found, deadline: word & !LIVE });
        }
        self.get_again(hash, guard, now, is_key)
    }

    /// [`get`](Self::get) that has met something else than a live entry.
    #[cold]
    #[inline(never)]
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
            let live = found.and_then(|found| {
                let word = found.node.get().deadline().word();
                if now.is_surely_before(word) || now.is_before_by_coarse_clock(word) {
                    return Some(found.node);
                }
                let again = |entry| is_key(index, entry);
                self.get_again(hashes[index], guard, now, again).map(|live| live.entry())
            });
            visit(index, live);
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
