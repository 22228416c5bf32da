//! Walks that keep nothing but a number, and entries by chance.
//!
//! A cursor is the number of a place in the table (see `src/table/place.rs`); 0 is both the beginning and the end. On top of a snapshot what is cold comes first, by its number in
//! the file, with a bit that says so:
//!
//! ```text
//!  63        53  52  51                                                     0
//! ┌────────────┬────┬────────────────────────────────────────────────────────┐
//! │ 0          │cold│ the next entry of the snapshot, or place in the table   │    at most 2^53: whole numbers of every client's language
//! └────────────┴────┴────────────────────────────────────────────────────────┘
//! ```
//!
//! An entry that is not cold any more when its number comes up is in the table, which is yet to be walked. One that was shown, and comes into memory afterwards,
//! may be shown there once more: that is the only way to see one twice.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use super::blob::Blob;
use super::core::{Core, Loadable, enter};
use super::store::Store;
use super::typed::Cache;
use super::view::EntryView;
use crate::clock::Now;
use crate::engine::given;
use crate::hash::mix;
use crate::table::{SLOTS, Scan, Shared};

const COLD: u64 = 1 << 52;

/// A step of a scan looks at no more than this for each entry that it was asked for, where it finds none.
const LOOKS: usize = 10;

/// Buckets to try for an entry by chance, before it is a neighbour's turn.
const TRIES: u64 = 64;
/// A table of no more buckets than this is looked through if they have all failed.
const FEW_BUCKETS: usize = 4096;

/// [`Cache::scan`] of either face.
fn scan<E: Loadable>(
    core: &Core<E>,
    cursor: u64,
    count: usize,
    mut visit: impl FnMut(Shared<'_, E>, u64, &Now<'_>),
) -> u64 {
    let count = count.max(1);
    let (mut shown, mut looks) = (0, 0);
    let is_enough = |shown, looks| shown >= count || looks >= count.saturating_mul(LOOKS);
    let mut place = cursor;
    if cursor == 0 || cursor & COLD != 0 {
        let mut number = cursor & (COLD - 1);
        place = 0;
        loop {
            let next = core.below.scan(&core.engine, number, |entry, deadline, now| {
                shown += 1;
                visit(entry, deadline, now);
            });
            looks += 1;
            match next {
                Some(next) => number = next,
                // There are none, or no more; the table from its beginning.
                None => break,
            }
            if is_enough(shown, looks) {
                return COLD | number;
            }
        }
    }
    let mut walk = Scan::at(place);
    loop {
        let (guard, now) = enter(core);
        core.engine.next_bucket(&mut walk, &guard, &now, |live| {
            shown += 1;
            visit(live.entry(), live.deadline(), &now);
        });
        looks += 1;
        match walk.number() {
            None => return 0,
            Some(number) if is_enough(shown, looks) => return number,
            Some(_) => {}
        }
    }
}

/// [`Cache::random_entry`] of either face.
fn random<E: Loadable, R>(
    core: &Core<E>,
    pick: impl FnOnce(Shared<'_, E>, u64, &Now<'_>) -> R,
) -> Option<R> {
    // Keyed anew for each: a number that nobody knows beforehand.
    let mut chance = RandomState::new().hash_one(0);
    let mut pick = Some(pick);
    let mut found = None;
    let mut take = |entry: Shared<'_, E>, deadline, now: &Now<'_>| {
        if let Some(pick) = pick.take() {
            found = Some(pick(entry, deadline, now));
        }
        pick.is_none()
    };
    let (cold, warm) = (core.below.cold() as u64, core.engine.len() as u64);
    let cold_first = cold > 0 && chance % (cold + warm) < cold;
    let mut is_found = cold_first && random_cold(core, chance, &mut take);
    is_found = is_found || random_warm(core, &mut chance, &mut take);
    if !is_found {
        random_cold(core, chance, &mut take);
    }
    found
}

/// An entry in memory; `take` says whether it will do. Whether there was one.
fn random_warm<E: Loadable>(
    core: &Core<E>,
    chance: &mut u64,
    take: &mut impl FnMut(Shared<'_, E>, u64, &Now<'_>) -> bool,
) -> bool {
    for _ in 0..TRIES {
        *chance = mix(*chance);
        let (guard, now) = enter(core);
        let mut bucket = Vec::new();
        let mut walk = Scan::at_random(*chance);
        core.engine.next_bucket(&mut walk, &guard, &now, |live| bucket.push(live));
        // One of its slots, so that who has a bucket for itself is met no more often than others.
        let slot = (*chance >> 32) as usize % bucket.len().max(SLOTS);
        if let Some(live) = bucket.get(slot) {
            return take(live.entry(), live.deadline(), &now);
        }
    }
    // There are few. In a small table any of them,
    let (guard, now) = enter(core);
    let (mut walk, mut chosen, mut seen) = (Scan::at(0), None, 0);
    for _ in 0..FEW_BUCKETS {
        if walk.number().is_none() {
            break;
        }
        core.engine.next_bucket(&mut walk, &guard, &now, |live| {
            seen += 1;
            *chance = mix(*chance);
            // The n-th takes the place of an earlier one with a chance of one in n.
            if chance.is_multiple_of(seen) {
                chosen = Some(live);
            }
        });
    }
    if walk.number().is_none() {
        return chosen.is_some_and(|live| take(live.entry(), live.deadline(), &now));
    }
    drop(guard);
    // in a large one the next.
    for mut walk in [Scan::at_random(*chance), Scan::at(0)] {
        while walk.number().is_some() {
            let (guard, now) = enter(core);
            let mut is_found = false;
            core.engine.next_bucket(&mut walk, &guard, &now, |live| {
                is_found = is_found || take(live.entry(), live.deadline(), &now);
            });
            if is_found {
                return true;
            }
        }
    }
    false
}

/// An entry that is not in memory.
fn random_cold<E: Loadable>(
    core: &Core<E>,
    chance: u64,
    take: &mut impl FnMut(Shared<'_, E>, u64, &Now<'_>) -> bool,
) -> bool {
    let numbers = core.below.numbers();
    if numbers == 0 {
        return false;
    }
    let mut is_found = false;
    // Mixed: of the number itself somebody has asked already whether it should be a cold one.
    for start in [mix(chance) % numbers, 0] {
        let mut next = Some(start);
        while let Some(number) = next.filter(|_| !is_found) {
            next = core.below.scan(&core.engine, number, |entry, deadline, now| {
                is_found = is_found || take(entry, deadline, now);
            });
        }
    }
    is_found
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// A part of all entries, for who comes back with the answer: 0 begins, and 0 is the answer at the end. The cache keeps nothing in between, so a scan may be left, or
    /// gone on with after any time, or from an older cursor.
    ///
    /// A key that is there from the first call to the last is shown exactly once, however the cache grows meanwhile; one that is there at times only, at most once; and none that is due. (On top
    /// of a snapshot a key may be shown twice: if it was not in memory yet when it was shown, and came later.) In no order.
    ///
    /// Ends soon after `count` entries were shown, or ten times as many buckets looked at: so it may show none. What is in one bucket is shown together. `visit` runs while the thread is
    /// pinned, as in [`read`](Self::read); it is no use of the entry. Never blocks (on top of a snapshot it waits for the disk), brings nothing into memory; O(`count`).
    ///
    /// It comes to its end unless the cache grows faster, in proportion, than it is scanned. A cursor that did not come from this cache may skip entries, or show some twice; nothing worse.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&K, EntryView<'_, V>),
    ) -> u64 {
        let core = self.core();
        scan(core, cursor, count, |entry, deadline, now| {
            let (key, value) = (entry.get().key(), entry.get().value());
            visit(key, EntryView::new(core, value, given(entry, deadline), now));
        })
    }

    /// What `pick` makes of an entry that chance chooses; None if there is none. No use of the entry.
    ///
    /// All are about equally likely where buckets are well filled: an entry of a part of the table that was split once more than others is chosen half as often. Where there are
    /// few entries for the size of the table (one in some hundred places), they are equally likely if that has no more than 4,096 buckets; in a larger one the likelihood is that of the
    /// gap before it. O(1), or O(buckets) where it is almost empty. Never blocks, as
    /// [`scan`](Self::scan).
    pub fn random_entry<R>(&self, pick: impl FnOnce(&K, EntryView<'_, V>) -> R) -> Option<R> {
        let core = self.core();
        random(core, |entry, deadline, now| {
            let (key, value) = (entry.get().key(), entry.get().value());
            pick(key, EntryView::new(core, value, given(entry, deadline), now))
        })
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// A part of all entries, for who comes back with the answer: see [`Cache::scan`](crate::Cache::scan).
    ///
    /// ```
    /// let store = purekv::Store::new();
    /// store.insert(b"key", b"value");
    /// let (mut cursor, mut keys) = (0, Vec::new());
    /// loop {
    ///     cursor = store.scan(cursor, 10, |key, _| keys.push(key.to_vec()));
    ///     if cursor == 0 {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(keys, [b"key"]);
    /// ```
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&[u8], EntryView<'_, [u8]>),
    ) -> u64 {
        let core = self.core();
        scan(core, cursor, count, |entry, deadline, now| {
            let (key, value) = Blob::parts(entry);
            visit(key, EntryView::new(core, value, given(entry, deadline), now));
        })
    }

    /// What `pick` makes of an entry that chance chooses; None if there is none: see [`Cache::random_entry`](crate::Cache::random_entry).
    pub fn random_entry<R>(&self, pick: impl FnOnce(&[u8], EntryView<'_, [u8]>) -> R) -> Option<R> {
        let core = self.core();
        random(core, |entry, deadline, now| {
            let (key, value) = Blob::parts(entry);
            pick(key, EntryView::new(core, value, given(entry, deadline), now))
        })
    }
}
