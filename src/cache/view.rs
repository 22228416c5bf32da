//! Entries as closures see them, and what can be learnt of one: its value with its deadline, how often it was used.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::SystemTime;

use super::blob::Blob;
use super::core::{Core, Loadable, enter, ttl_of};
use super::store::{Store, is};
use super::typed::{self, Cache};
use super::warm::{stable_hash, stable_hash_of_bytes};
use crate::clock::{Now, WallClock};
use crate::engine::given;
use crate::kv::Ttl;

/// An entry that is there: its value, and when it is due.
///
/// In a cache with a time-to-idle, that is when it is due by what it was given, not counting that it may be idle.
pub struct EntryView<'a, V: ?Sized> {
    value: &'a V,
    deadline: u64,
    now: &'a Now<'a>,
    wall: WallClock,
}

impl<'a, V: ?Sized> EntryView<'a, V> {
    pub(super) fn new<E: Loadable>(
        core: &Core<E>,
        value: &'a V,
        deadline: u64,
        now: &'a Now<'a>,
    ) -> Self {
        Self { value, deadline, now, wall: core.wall }
    }

    /// The value.
    pub fn value(&self) -> &'a V {
        self.value
    }

    /// The time it has left.
    pub fn ttl(&self) -> Ttl {
        ttl_of(self.deadline, self.now)
    }

    /// When it is due, by the wall clock as its cache knows it (see [`Cache::insert_until`]); None: never.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.wall.time(self.deadline)
    }
}

impl<V: fmt::Debug + ?Sized> fmt::Debug for EntryView<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryView").field("value", &self.value).field("ttl", &self.ttl()).finish()
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// As [`read`](Self::read), and `read` sees when the entry is due, too. A use of the entry. Lock-free; O(1).
    pub fn read_entry<Q, R>(&self, key: &Q, read: impl FnOnce(EntryView<'_, V>) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash(key);
        let (entry, deadline) =
            self.core().read(self.hash(key), stable, &guard, &now, typed::is!(key))?;
        let deadline = given(entry, deadline);
        Some(read(EntryView::new(self.core(), entry.get().value(), deadline, &now)))
    }

    /// Uses the entry as [`get`](Self::get) does, without reading it: it counts for the eviction policy, and for a time-to-idle; false if the key is
    /// absent. Lock-free; O(1).
    pub fn touch<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.read(key, |_| ()).is_some()
    }

    /// How often the entry was used, as the eviction policy counts: from 0 to 3, and less again as time goes by; None if the key is absent, or nothing is counted since
    /// the cache has no bound. No use of the entry. Lock-free; O(1).
    pub fn frequency<Q>(&self, key: &Q) -> Option<u8>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core().engine.frequency(hash, &guard, &now, typed::is!(key))
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// As [`read`](Self::read), and `read` sees when the entry is due, too: see [`Cache::read_entry`].
    pub fn read_entry<R>(
        &self,
        key: &[u8],
        read: impl FnOnce(EntryView<'_, [u8]>) -> R,
    ) -> Option<R> {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash_of_bytes(key);
        let (entry, deadline) = self.core().read(self.hash(key), stable, &guard, &now, is(key))?;
        let deadline = given(entry, deadline);
        Some(read(EntryView::new(self.core(), Blob::value(entry), deadline, &now)))
    }

    /// Uses the entry without reading it; false if the key is absent: see [`Cache::touch`].
    pub fn touch(&self, key: &[u8]) -> bool {
        self.read(key, |_| ()).is_some()
    }

    /// How often the entry was used, as the eviction policy counts: see [`Cache::frequency`].
    pub fn frequency(&self, key: &[u8]) -> Option<u8> {
        let (guard, now) = enter(self.core());
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core().engine.frequency(hash, &guard, &now, is(key))
    }
}
