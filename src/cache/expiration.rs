//! Deadlines by the wall clock, and on a condition.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::time::SystemTime;

use super::blob::Blob;
use super::core::{Core, Loadable, enter};
use super::store::{Store, is};
use super::typed::{self, Cache};
use super::view::EntryView;
use super::warm::{stable_hash, stable_hash_of_bytes};
use crate::clock::Now;
use crate::engine::Retimed;
use crate::kv::{Computed, Expiration};
use crate::sync::epoch::{self, Guard};
use crate::table::Shared;

impl From<Retimed> for Computed {
    fn from(retimed: Retimed) -> Self {
        crate::engine::Decided::from(retimed).into()
    }
}

/// [`Cache::update_ttl`] of either face; `decide` says of the entry and its deadline what instant is meant, if any.
fn update_ttl<E: Loadable>(
    core: &Core<E>,
    hash: u64,
    guard: &Guard,
    now: &Now<'_>,
    is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    mut decide: impl FnMut(Shared<'_, E>, u64) -> Option<u64>,
) -> Computed {
    let retimed = core.engine.retime(hash, guard, now, is_key, |entry, seen| {
        let deadline = decide(entry, seen)?;
        core.overtake_if_due(hash, deadline, guard, now);
        Some(deadline)
    });
    retimed.into()
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Inserts or replaces; the entry is absent from `time` of the wall clock on. A time that has passed is due at once: the key is absent
    /// afterwards. Lock-free; O(1).
    ///
    /// The cache reads the wall clock once, when it is made, and goes by its own [`Clock`](crate::Clock) from then on: so [`expires_at`](Self::expires_at) gives back exactly what
    /// was set (but in a cache with a time-to-idle, where it says when the entry is due if nobody asks for it; [`read_entry`](Self::read_entry) shows what it was given), and nothing becomes due because somebody has set the wall clock. (On the other hand, a deadline does not follow where the wall clock goes.) See [`time`](Self::time).
    pub fn insert_until(&self, key: K, value: V, time: SystemTime) {
        let (hash, now) = (self.hash(&key), Now::new(self.core().clock()));
        let guard = epoch::pin();
        let entry = self.entry_for(hash, key, value, Expiration::At(time), &now);
        let _ = self.put_entry(hash, entry, &guard, &now);
    }

    /// What the wall clock shows, as this cache knows it: what it showed when the cache was made, and what has passed since by the cache's
    /// [`Clock`](crate::Clock). Never blocks.
    pub fn time(&self) -> SystemTime {
        self.core().time()
    }

    /// When the entry is due by the wall clock, as for [`insert_until`](Self::insert_until); Some(None) if it never is, None if it is absent. No use of the entry. Lock-free; O(1).
    pub fn expires_at<Q>(&self, key: &Q) -> Option<Option<SystemTime>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash(key);
        let deadline =
            self.core().deadline(self.hash(key), stable, &guard, &now, typed::is!(key))?;
        Some(self.core().wall.time(deadline))
    }

    /// Makes the entry due at `time` of the wall clock, as [`insert_until`](Self::insert_until) does; false if it is absent. A time that has passed removes it. Lock-free; O(1).
    pub fn expire_at<Q>(&self, key: &Q, time: SystemTime) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.set_deadline(key, |_| self.core().wall.instant(time))
    }

    /// Changes when the entry is due, on a condition: what `decide` answers, given the entry, is carried out if nobody has changed its deadline since; otherwise it
    /// is asked again. The answer may depend on the value, which is that of this very moment. No use of the entry, but that a change puts idleness off as well. Lock-free; O(1).
    ///
    /// - [`Computed::Retimed`]: it is due as was said.
    /// - [`Computed::Removed`]: it was due by then, and so was removed ([`RemovalCause::Removed`](crate::RemovalCause::Removed)). Here alone a change of the deadline that comes in the last moment is not
    ///   seen: it is gone with the entry.
    /// - [`Computed::Kept`]: the answer was [`Expiration::Keep`].
    /// - [`Computed::Absent`]: there is nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use purekv::{Cache, Computed, Expiration, Ttl};
    ///
    /// let cache = Cache::new();
    /// cache.insert_with_ttl("key", 1, Duration::from_secs(60));
    /// // Only if it never expires.
    /// let done = cache.update_ttl("key", |entry| match entry.ttl() {
    ///     Ttl::Never => Expiration::After(Duration::from_secs(10)),
    ///     Ttl::Remaining(_) => Expiration::Keep,
    /// });
    /// assert_eq!(done, Computed::Kept);
    /// ```
    pub fn update_ttl<Q>(
        &self,
        key: &Q,
        mut decide: impl FnMut(EntryView<'_, V>) -> Expiration,
    ) -> Computed
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let core = self.core();
        let (guard, now) = enter(core);
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        update_ttl(core, hash, &guard, &now, typed::is!(key), |entry, seen| {
            let (key, value) = (entry.get().key(), entry.get().value());
            match decide(EntryView::new(core, value, seen, &now)) {
                Expiration::Keep => None,
                expiration => Some(core.due(expiration, || self.ttl_by_hook(key, value), &now)),
            }
        })
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// Inserts or replaces; the entry is absent from `time` of the wall clock on: see [`Cache::insert_until`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use purekv::Store;
    ///
    /// let store = Store::new();
    /// let time = store.time() + Duration::from_secs(60);
    /// store.insert_until(b"key", b"value", time);
    /// assert_eq!(store.expires_at(b"key"), Some(Some(time)));
    /// ```
    pub fn insert_until(&self, key: &[u8], value: &[u8], time: SystemTime) {
        let (hash, now) = (self.hash(key), Now::new(self.core().clock()));
        let guard = epoch::pin();
        let entry = self.entry_for(key, value, Expiration::At(time), &now);
        let _ = self.put_entry(hash, key, entry, &guard, &now);
    }

    /// What the wall clock shows, as this store knows it: see [`Cache::time`].
    pub fn time(&self) -> SystemTime {
        self.core().time()
    }

    /// The same in whole milliseconds since the epoch, for who asks all the time.
    #[cfg(feature = "server")]
    pub(crate) fn wall_millis(&self) -> u64 {
        self.core().wall_millis()
    }

    /// When the entry is due by the wall clock; Some(None) if it never is, None if it is absent: see [`Cache::expires_at`].
    pub fn expires_at(&self, key: &[u8]) -> Option<Option<SystemTime>> {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash_of_bytes(key);
        let deadline = self.core().deadline(self.hash(key), stable, &guard, &now, is(key))?;
        Some(self.core().wall.time(deadline))
    }

    /// Makes the entry due at `time` of the wall clock; false if it is absent: see [`Cache::expire_at`].
    pub fn expire_at(&self, key: &[u8], time: SystemTime) -> bool {
        self.set_deadline(key, |_| self.core().wall.instant(time))
    }

    /// Changes when the entry is due, on a condition: see [`Cache::update_ttl`].
    pub fn update_ttl(
        &self,
        key: &[u8],
        mut decide: impl FnMut(EntryView<'_, [u8]>) -> Expiration,
    ) -> Computed {
        let core = self.core();
        let (guard, now) = enter(core);
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        update_ttl(core, hash, &guard, &now, is(key), |entry, seen| {
            let value = Blob::value(entry);
            match decide(EntryView::new(core, value, seen, &now)) {
                Expiration::Keep => None,
                expiration => Some(core.due(expiration, || self.ttl_by_hook(key, value), &now)),
            }
        })
    }
}
