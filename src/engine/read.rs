//! Look-ups.
//!
//! Liveness is decided at the entry's deadline word, by the clock reading of the operation. An operation that finds an entry
//! due unlinks it before it reports it as absent: so nobody with an earlier clock reading can extend or update it
//! afterwards, and what was once reported absent stays so.

use super::deadline::State;
use super::{Engine, Entry};
use crate::clock::{LIVE, Now};
use crate::sync::epoch::Guard;
use crate::table::{Found, SLOTS, Shared, Walk};

/// An entry that is there, and until when.
pub(crate) struct Live<'g, E: Entry> {
    pub(super) found: Found<'g, E>,
    pub(super) deadline: u64,
}

impl<'g, E: Entry> Live<'g, E> {
    /// The entry.
    pub(crate) fn entry(&self) -> Shared<'g, E> {
        self.found.node
    }

    /// When it is due, as it was found.
    pub(crate) fn deadline(&self) -> u64 {
        self.deadline
    }
}

/// An entry that is live and was not in the table when that was looked at.
#[cfg_attr(not(feature = "dump"), allow(dead_code, reason = "only a snapshot has such entries"))]
pub(crate) struct Elsewhere<'g, E> {
    pub(crate) entry: Shared<'g, E>,
    pub(crate) deadline: u64,
    /// Whether it has been in the table since; otherwise it is the reader's own.
    pub(crate) is_stored: bool,
}

impl<E: Entry> Engine<E> {
    /// The live entry that `is_key` recognises, and its deadline.
    #[inline(always)]
    pub(crate) fn read<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<(Shared<'g, E>, u64)> {
        self.read_or(hash, guard, now, is_key, || None)
    }

    /// As [`read`](Self::read); of a key that the table does not have, `elsewhere` is asked.
    #[inline(always)]
    pub(crate) fn read_or<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
        elsewhere: impl FnOnce() -> Option<Elsewhere<'g, E>>,
    ) -> Option<(Shared<'g, E>, u64)> {
        let Some(entry) = self.table.look_up(hash, guard, is_key) else {
            return self.attend_elsewhere(hash, elsewhere(), guard, now);
        };
        let Some(deadline) = deadline_if_live(entry, now) else {
            return self.read_again(hash, guard, now, is_key);
        };
        self.attend(hash, Some(entry), guard, now);
        Some((entry, deadline))
    }

    /// As [`read`](Self::read), and no use of the entry: nothing is counted or put off.
    pub(crate) fn peek<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<(Shared<'g, E>, u64)> {
        let live = self.get(hash, guard, now, is_key)?;
        Some((live.entry(), live.deadline))
    }

    /// How often the live entry was used, as the policy counts; None: it is absent, or nobody counts.
    pub(crate) fn frequency<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<u8> {
        let (entry, _) = self.peek(hash, guard, now, is_key)?;
        Some(entry.get().mark().load()?.count)
    }

    /// [`read`](Self::read) that has met something else than a live entry.
    #[cold]
    #[inline(never)]
    fn read_again<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'g, E>) -> bool + Copy,
    ) -> Option<(Shared<'g, E>, u64)> {
        let live = self.get(hash, guard, now, is_key);
        self.attend(hash, live.as_ref().map(Live::entry), guard, now);
        live.map(|live| (live.entry(), live.deadline))
    }

    /// After a look-up, where it means something: a hit is counted, for the policy and whoever asks.
    #[inline(always)]
    fn attend(&self, hash: u64, found: Option<Shared<'_, E>>, guard: &Guard, now: &Now<'_>) {
        if !self.attends {
            return;
        }
        if let Some(entry) = found {
            entry.get().mark().hit();
        }
        if self.observes {
            self.observe(hash, found, guard, now);
        }
    }

    /// After a look-up that has missed its key, and had to go elsewhere.
    #[inline(always)]
    fn attend_elsewhere<'g>(
        &self,
        hash: u64,
        found: Option<Elsewhere<'g, E>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Option<(Shared<'g, E>, u64)> {
        match found {
            Some(found) => Some(self.attend_found(hash, found, guard, now)),
            None => {
                self.attend(hash, None, guard, now);
                None
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn attend_found<'g>(
        &self,
        hash: u64,
        Elsewhere { entry, deadline, is_stored }: Elsewhere<'g, E>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> (Shared<'g, E>, u64) {
        if is_stored {
            self.attend(hash, Some(entry), guard, now);
        } else if let Some(observer) = &self.observer
            && observer.counts
        {
            // Nobody else sees it, so there is nothing about it to be remembered.
            self.counters.looked_up(true);
        }
        (entry, deadline)
    }

    /// [`read_or`](Self::read_or) for a group of at most [`GROUP`](crate::table::GROUP) hashes; `visit` gets them in order.
    #[inline]
    pub(crate) fn read_group<'g>(
        &'g self,
        hashes: &[u64],
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(usize, Shared<'g, E>) -> bool + Copy,
        elsewhere: impl Fn(usize) -> Option<Elsewhere<'g, E>>,
        mut visit: impl FnMut(usize, Option<Shared<'g, E>>),
    ) {
        self.table.look_up_group(hashes, guard, is_key, |index, entry| {
            let live = match entry {
                None => {
                    let found = self.attend_elsewhere(hashes[index], elsewhere(index), guard, now);
                    found.map(|(entry, _)| entry)
                }
                Some(entry) if deadline_if_live(entry, now).is_none() => {
                    let is_key = |entry| is_key(index, entry);
                    self.read_again(hashes[index], guard, now, is_key).map(|(entry, _)| entry)
                }
                live => {
                    self.attend(hashes[index], live, guard, now);
                    live
                }
            };
            visit(index, live);
        });
    }

    /// As [`read`](Self::read), for those who want to change what they find.
    pub(super) fn get<'g>(
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

    /// Hands out the live entries of the walk's next bucket; false at the end.
    ///
    /// None of them before all are judged. If one was found due and is not, because it was extended or replaced meanwhile, its key may have
    /// been there throughout. Then the whole bucket is read anew: the table knows no keys, so it could not tell which of them
    /// were handed out already. Who extended or replaced it has got on.
    pub(crate) fn next_bucket<'g>(
        &'g self,
        walk: &mut impl Walk<E>,
        guard: &'g Guard,
        now: &Now<'_>,
        mut each: impl FnMut(Live<'g, E>),
    ) -> bool {
        loop {
            // Only a chained bucket holds more than it has slots.
            let (mut bucket, mut rest) = ([const { None }; SLOTS], Vec::new());
            let (mut count, mut settled) = (0, true);
            let more = walk.next_bucket(&self.table, guard, |found| {
                // If it was replaced meanwhile, it was live a moment ago, which will do; if it was removed, that too.
                match self.judge(found, guard, now) {
                    Some(verdict) => match bucket.get_mut(count) {
                        Some(place) => *place = verdict,
                        None => rest.extend(verdict),
                    },
                    None => settled = false,
                }
                count += 1;
            });
            if settled {
                bucket.into_iter().flatten().chain(rest).for_each(&mut each);
                return more;
            }
            walk.step_back();
        }
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
            _ => {
                let gone = self.expire(&found, guard, now);
                self.tidy(gone.into(), guard, now);
                gone.then_some(None)
            }
        }
    }
}

/// The deadline of an entry that is live for certain, as most are; None says nothing.
#[inline(always)]
pub(super) fn deadline_if_live<E: Entry>(entry: Shared<'_, E>, now: &Now<'_>) -> Option<u64> {
    let word = entry.get().deadline().word();
    let live = now.is_surely_before(word) || now.is_before_by_coarse_clock(word);
    live.then_some(word & !LIVE)
}
