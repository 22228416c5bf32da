//! The typed face.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use super::bound::TooHeavy;
use super::builder::Builder;
use super::core::{Core, enter, ttl_of};
use super::entry::Typed;
use super::pinned::Pinned;
use super::settings::{OnWrite, Weigher};
use super::warm::{self, stable_hash};
use crate::clock::{NEVER, Now};
#[cfg(feature = "dump")]
use crate::engine::Arriving;
use crate::engine::Heavy;
use crate::hash::hash_of;
use crate::kv::{Expiration, Ttl};
use crate::sync::epoch::{self, Guard};
use crate::table::Owned;

/// A concurrent cache from keys to values, each entry with its own time-to-live.
///
/// A handle: cloning it is cheap and gives another handle on the same entries. Dropping the last one ends the background thread,
/// waits for it (as long as one slice of its work takes), and frees every entry; O(entries). What had been removed before
/// and a pinned thread may still look at is freed later.
///
/// No operation waits for another thread, but those that load what is missing: see [`get_or_insert_with`](Self::get_or_insert_with) (and, on top of a snapshot, changes of what is not in memory
/// yet: see `Builder::warm_from`). Values are handed out as clones ([`get`](Self::get)), to a closure
/// ([`read`](Self::read)), or by reference under a pin ([`pin`](Self::pin)). Keys and values are freed some time after their removal, perhaps
/// on another thread: hence the bounds.
///
/// ```
/// use std::time::Duration;
/// use purekv::Cache;
///
/// let cache = Cache::new();
/// cache.insert("apple".to_string(), 3);
/// cache.insert_with_ttl("pear".to_string(), 5, Duration::from_secs(60));
/// assert_eq!(cache.get("apple"), Some(3));
/// assert!(cache.update(&"apple".to_string(), |count| count + 1));
/// assert_eq!(cache.remove("apple"), Some(4));
/// ```
pub struct Cache<K, V, S = ahash::RandomState>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) inner: Arc<Inner<K, V, S>>,
}

pub(super) struct Inner<K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) core: Core<Typed<K, V>>,
    hasher: S,
    /// None: every entry weighs 1.
    weigher: Option<Arc<Weigher<K, V>>>,
    on_write: Option<Arc<OnWrite<K, V>>>,
}

impl<K, V, S> Clone for Cache<K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// An empty cache with the default settings: no time-to-live unless an entry is given one, expiry in the background.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a new cache. Nothing is allocated and no thread started before `build`.
    pub fn builder() -> Builder<Self> {
        Builder::new()
    }
}

impl<K, V> Default for Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V, S> Builder<Cache<K, V>, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    /// Makes the cache; starts its background thread, if it is to have one. Where the system gives no thread, it goes
    /// without: then what is due is removed when an operation meets it, or by [`advance`](Cache::advance). O(shards).
    pub fn build(self) -> Cache<K, V, S> {
        let mut core = Core::new(&self, self.face.hooks(), ());
        warm::start_cache(&self, &mut core);
        let Self { hasher, face, .. } = self;
        let (weigher, on_write) = (face.weigher, face.on_write);
        Cache { inner: Arc::new(Inner { core, hasher, weigher, on_write }) }
    }
}

/// Tells the entry of a key.
macro_rules! is {
    ($key:expr) => {
        |entry| entry.get().key().borrow() == $key
    };
}
pub(super) use is;

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    #[inline(always)]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        hash_of(&self.inner.hasher, key)
    }

    pub(super) fn core(&self) -> &Core<Typed<K, V>> {
        &self.inner.core
    }

    /// Before the key is changed.
    #[inline]
    pub(super) fn settle<Q>(&self, hash: u64, key: &Q, guard: &Guard)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core().settle(hash, || stable_hash(key), guard, is!(key));
    }

    /// Before the key of an entry is changed.
    #[inline]
    fn settle_entry(&self, hash: u64, entry: &Owned<Typed<K, V>>, guard: &Guard) {
        self.settle(hash, entry.get().key(), guard);
    }

    pub(super) fn hasher(&self) -> &S {
        &self.inner.hasher
    }

    /// A new entry. Whom the builder was told to ask about it is asked before anything else is done.
    #[inline(always)]
    pub(super) fn entry(
        &self,
        hash: u64,
        key: K,
        value: V,
        ttl: Option<Duration>,
        now: &Now<'_>,
    ) -> Owned<Typed<K, V>> {
        let weight = self.weigh(&key, &value);
        let ttl = ttl.or_else(|| self.inner.on_write.as_ref()?(&key, &value));
        Typed::owned(hash, self.core().until(ttl, now), weight, key, value)
    }

    /// As [`entry`](Self::entry), due as said.
    pub(super) fn entry_for(
        &self,
        hash: u64,
        key: K,
        value: V,
        expiration: Expiration,
        now: &Now<'_>,
    ) -> Owned<Typed<K, V>> {
        let weight = self.weigh(&key, &value);
        let due = self.core().due(expiration, || self.ttl_by_hook(&key, &value), now);
        Typed::owned(hash, self.core().engine.until(due, now), weight, key, value)
    }

    pub(super) fn ttl_by_hook(&self, key: &K, value: &V) -> Option<Duration> {
        self.inner.on_write.as_ref()?(key, value)
    }

    pub(super) fn put(&self, key: K, value: V, ttl: Option<Duration>) -> Result<(), TooHeavy> {
        let (hash, now) = (self.hash(&key), Now::new(self.core().clock()));
        let guard = epoch::pin();
        self.core().engine.expect(hash, &guard);
        let entry = self.entry(hash, key, value, ttl, &now);
        self.put_entry(hash, entry, &guard, &now)
    }

    /// Inserts or replaces by `entry`.
    #[inline(always)]
    pub(super) fn put_entry(
        &self,
        hash: u64,
        entry: Owned<Typed<K, V>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<(), TooHeavy> {
        self.settle_entry(hash, &entry, guard);
        let new = entry.as_ptr();
        self.core().loads.overtake(hash, guard);
        let inserted = self.core().engine.insert(hash, entry, guard, now, |other| {
            // SAFETY: `insert` asks only as long as it owns the entry.
            other.get().key() == unsafe { new.as_ref() }.key()
        });
        Ok(inserted?)
    }

    fn put_if_absent(&self, key: K, value: V, ttl: Option<Duration>) -> bool {
        let (hash, now) = (self.hash(&key), Now::new(self.core().clock()));
        let guard = epoch::pin();
        self.core().engine.expect(hash, &guard);
        let entry = self.entry(hash, key, value, ttl, &now);
        self.admit(hash, entry, &guard, &now) == Ok(true)
    }

    /// Before `entry` is inserted unless there is one of its key; false: there is.
    fn make_way(
        &self,
        hash: u64,
        entry: &Owned<Typed<K, V>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        self.settle_entry(hash, entry, guard);
        // What is refused overtakes no load.
        if self.core().loads.is_loading(hash, guard) {
            let key = entry.get().key();
            if self.core().engine.read(hash, guard, now, is!(key)).is_some() {
                return false;
            }
            self.core().loads.overtake(hash, guard);
        }
        true
    }

    /// Inserts `entry` unless there is one of its key; whether it did.
    fn admit(
        &self,
        hash: u64,
        entry: Owned<Typed<K, V>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<bool, Heavy> {
        if !self.make_way(hash, &entry, guard, now) {
            return Ok(false);
        }
        let new = entry.as_ptr();
        self.core().engine.insert_if_absent(hash, entry, guard, now, |other| {
            // SAFETY: `insert_if_absent` asks only as long as it owns the entry.
            other.get().key() == unsafe { new.as_ref() }.key()
        })
    }

    /// As [`admit`](Self::admit), of an entry that was found to be light enough.
    #[cfg(feature = "dump")]
    pub(super) fn admit_arriving(
        &self,
        arriving: Arriving<Typed<K, V>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        if !self.make_way(arriving.hash(), arriving.entry(), guard, now) {
            return false;
        }
        let new = arriving.entry().as_ptr();
        self.core().engine.insert_arriving(arriving, guard, now, |other| {
            // SAFETY: `insert_arriving` asks only as long as it owns the entry.
            other.get().key() == unsafe { new.as_ref() }.key()
        })
    }

    /// What an entry weighs.
    pub(super) fn weigh(&self, key: &K, value: &V) -> u32 {
        self.inner.weigher.as_ref().map_or(1, |weigh| weigh(key, value).max(1))
    }

    /// Inserts or replaces. The entry gets the cache's time-to-live (none, unless the builder was told one), whatever it had
    /// before. Lock-free; O(1).
    ///
    /// # Panics
    ///
    /// As every operation that inserts: when the allocator hands out addresses of more than 48 bits.
    ///
    /// In a cache with a capacity, it evicts what is too much; an entry that is heavier than the whole capacity is not stored, and its key is
    /// absent afterwards: see [`try_insert`](Self::try_insert).
    pub fn insert(&self, key: K, value: V) {
        let _ = self.put(key, value, None);
    }

    /// Inserts or replaces; the entry is absent `ttl` from now, to the nanosecond. (If `ttl` is a minute or more, "now" is what the
    /// kernel's coarse clock says: some milliseconds ago.) A `ttl` of zero is due at once: the key is absent
    /// afterwards. One of more than a hundred years never is. Lock-free; O(1).
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) {
        let _ = self.put(key, value, Some(ttl));
    }

    /// Inserts unless the key is there; whether it did. An entry that is due is not there. One that is too heavy is not inserted. Lock-free; O(1).
    pub fn insert_if_absent(&self, key: K, value: V) -> bool {
        self.put_if_absent(key, value, None)
    }

    /// As [`insert_if_absent`](Self::insert_if_absent), due after `ttl`.
    pub fn insert_if_absent_with_ttl(&self, key: K, value: V, ttl: Duration) -> bool {
        self.put_if_absent(key, value, Some(ttl))
    }

    /// A clone of the value, made while the thread is pinned. Lock-free; O(1).
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.read(key, V::clone)
    }

    /// What `read` makes of the value. The thread is pinned meanwhile: nothing that is removed anywhere is freed while it runs, so let it
    /// be short. Lock-free; O(1).
    #[inline]
    pub fn read<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash(key);
        let (entry, _) = self.core().read(self.hash(key), stable, &guard, &now, is!(key))?;
        Some(read(entry.get().value()))
    }

    /// Clones of the values, in the order of `keys`. The memory accesses of up to 32 look-ups overlap; on tables larger than the
    /// processor's caches this is several times faster than single gets. Lock-free.
    pub fn get_many<Q>(&self, keys: &[&Q]) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let mut values = Vec::with_capacity(keys.len());
        self.pin().get_many(keys, |_, value| values.push(value.cloned()));
        values
    }

    /// Pins this thread and gives a view through which values can be had by reference. One pin and one reading of the
    /// clock serve all its look-ups: it sees each entry's deadline as of its first look at the clock. While it lives, nothing that is removed
    /// from any cache of the process is freed; it cannot be sent to another thread. Never blocks.
    #[inline]
    pub fn pin(&self) -> Pinned<'_, K, V, S> {
        Pinned::new(self)
    }

    /// Whether the key is there. Lock-free; O(1).
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash(key);
        self.core().deadline(self.hash(key), stable, &guard, &now, is!(key)).is_some()
    }

    /// Removes the key; a clone of what it held. (A clone, for other threads may be looking at it still.) Lock-free; O(1).
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let (guard, now) = enter(self.core());
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core().loads.overtake(hash, &guard);
        let removed = self.core().engine.remove(hash, &guard, &now, is!(key))?;
        Some(removed.get().value().clone())
    }

    /// Removes the key; whether it was there. For values that cannot be cloned. Lock-free; O(1).
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core().loads.overtake(hash, &guard);
        self.core().engine.remove(hash, &guard, &now, is!(key)).is_some()
    }

    /// The time the entry has left; None if it is absent. Lock-free; O(1).
    pub fn ttl<Q>(&self, key: &Q) -> Option<Ttl>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash(key);
        let deadline = self.core().deadline(self.hash(key), stable, &guard, &now, is!(key))?;
        Some(ttl_of(deadline, &now))
    }

    /// Makes the entry due `ttl` from now, sooner or later than it was; false if it is absent. Zero removes it. Lock-free; O(1).
    pub fn set_ttl<Q>(&self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.set_deadline(key, |now| now.deadline_after(ttl))
    }

    /// Makes the entry never expire; false if it is absent. Lock-free; O(1).
    pub fn persist<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.set_deadline(key, |_| NEVER)
    }

    pub(super) fn set_deadline<Q>(&self, key: &Q, deadline: impl FnOnce(&Now<'_>) -> u64) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (guard, now) = enter(self.core());
        let deadline = deadline(&now);
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core().overtake_if_due(hash, deadline, &guard, &now);
        self.core().engine.set_deadline(hash, deadline, &guard, &now, is!(key)).is_some()
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("entries", &self.inner.core.engine.len())
            .finish_non_exhaustive()
    }
}
