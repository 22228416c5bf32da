//! The byte-string face.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use super::blob::{Blob, BlobContext};
use super::bound::TooHeavy;
use super::builder::Builder;
use super::core::{Core, enter, ttl_of};
use super::pinned::PinnedStore;
use super::warm::{self, stable_hash_of_bytes};
use crate::clock::{NEVER, Now};
#[cfg(feature = "dump")]
use crate::engine::Arriving;
use crate::engine::{Capacity, Heavy};
use crate::hash::hash_of_bytes;
use crate::kv::{Expiration, Ttl};
use crate::sync::epoch::{self, Guard};
use crate::table::{Owned, Shared};

/// A concurrent store of byte strings under byte strings, each with its own time-to-live: pure-kv's store.
///
/// It has the operations of [`Cache`](crate::Cache), by the same names and with the same meaning; what is said there goes for it too.
/// Header, key and value of an entry are one allocation, so a small hit touches one cache line of memory beside the table's.
///
/// ```
/// use std::time::Duration;
/// use purekv::{Store, Ttl};
///
/// let store = Store::new();
/// store.insert_with_ttl(b"session:7", b"alice", Duration::from_secs(30));
/// assert_eq!(store.get(b"session:7").as_deref(), Some(&b"alice"[..]));
/// assert!(store.persist(b"session:7"));
/// assert_eq!(store.ttl(b"session:7"), Some(Ttl::Never));
/// ```
pub struct Store<S = ahash::RandomState>
where
    S: BuildHasher + Send + Sync + 'static,
{
    core: Arc<Core<Blob<S>>>,
}

impl<S: BuildHasher + Send + Sync + 'static> Clone for Store<S> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone() }
    }
}

impl Store {
    /// An empty store with the default settings: no time-to-live unless an entry is given one, expiry in the background.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a new store. Nothing is allocated and no thread started before `build`.
    pub fn builder() -> Builder<Self> {
        Builder::new()
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: BuildHasher + Clone + Send + Sync + 'static> Builder<Store, S> {
    /// Makes the store; starts its background thread, if it is to have one. Where the system gives no thread, it goes
    /// without: then what is due is removed when an operation meets it, or by [`advance`](Store::advance). O(shards).
    pub fn build(self) -> Store<S> {
        let weighs_bytes = matches!(self.capacity, Some(Capacity::Memory(_)));
        let on_write = self.face.on_write.clone();
        let context = BlobContext { hasher: self.hasher.clone(), weighs_bytes, on_write };
        let mut core = Core::new(&self, self.face.hooks(), context);
        warm::start_store(&self, &mut core);
        Store { core: Arc::new(core) }
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    #[inline(always)]
    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        hash_of_bytes(&self.core.engine.context().hasher, key)
    }

    pub(super) fn core(&self) -> &Core<Blob<S>> {
        &self.core
    }

    /// Before the key is changed.
    #[inline]
    pub(super) fn settle(&self, hash: u64, key: &[u8], guard: &Guard) {
        self.core.settle(hash, || stable_hash_of_bytes(key), guard, is(key));
    }

    /// A new entry.
    pub(super) fn entry(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
        now: &Now<'_>,
    ) -> Owned<Blob<S>> {
        let ttl = ttl.or_else(|| self.core.engine.context().on_write.as_ref()?(key, value));
        Blob::owned(self.core.until(ttl, now), key, value)
    }

    /// As [`entry`](Self::entry), due as said.
    pub(super) fn entry_for(
        &self,
        key: &[u8],
        value: &[u8],
        expiration: Expiration,
        now: &Now<'_>,
    ) -> Owned<Blob<S>> {
        let due = self.core.due(expiration, || self.ttl_by_hook(key, value), now);
        Blob::owned(self.core.engine.until(due, now), key, value)
    }

    pub(super) fn ttl_by_hook(&self, key: &[u8], value: &[u8]) -> Option<Duration> {
        self.core.engine.context().on_write.as_ref()?(key, value)
    }

    pub(super) fn put(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<(), TooHeavy> {
        let (hash, now) = (self.hash(key), Now::new(self.core.clock()));
        let guard = epoch::pin();
        self.core.engine.expect(hash, &guard);
        let entry = self.entry(key, value, ttl, &now);
        self.put_entry(hash, key, entry, &guard, &now)
    }

    /// Inserts or replaces, due as said. Unlike [`try_insert`](Self::try_insert), what is too heavy leaves what is there (but if the bound is lowered just then).
    #[cfg(feature = "server")]
    pub(crate) fn put_if_light(
        &self,
        key: &[u8],
        value: &[u8],
        expiration: Expiration,
    ) -> Result<(), TooHeavy> {
        let (hash, now) = (self.hash(key), Now::new(self.core.clock()));
        let guard = epoch::pin();
        self.core.engine.expect(hash, &guard);
        let entry = self.entry_for(key, value, expiration, &now);
        self.core.engine.check_weight(&entry)?;
        self.put_entry(hash, key, entry, &guard, &now)
    }

    /// Whether an entry would be light enough to be put, as things are now.
    #[cfg(feature = "server")]
    pub(crate) fn check_weight(&self, key: &[u8], value: &[u8]) -> Result<(), TooHeavy> {
        if self.core.engine.capacity().is_none() {
            return Ok(());
        }
        let now = Now::new(self.core.clock());
        let entry = self.entry_for(key, value, Expiration::Never, &now);
        Ok(self.core.engine.check_weight(&entry)?)
    }

    /// Inserts or replaces by `entry`, which is that of `key`.
    #[inline(always)]
    pub(super) fn put_entry(
        &self,
        hash: u64,
        key: &[u8],
        entry: Owned<Blob<S>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<(), TooHeavy> {
        self.settle(hash, key, guard);
        self.core.loads.overtake(hash, guard);
        Ok(self.core.engine.insert(hash, entry, guard, now, is(key))?)
    }

    fn put_if_absent(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> bool {
        let (hash, now) = (self.hash(key), Now::new(self.core.clock()));
        let guard = epoch::pin();
        self.core.engine.expect(hash, &guard);
        let entry = self.entry(key, value, ttl, &now);
        self.admit(hash, key, entry, &guard, &now) == Ok(true)
    }

    /// Before an entry of `key` is inserted unless there is one; false: there is.
    fn make_way(&self, hash: u64, key: &[u8], guard: &Guard, now: &Now<'_>) -> bool {
        self.settle(hash, key, guard);
        // What is refused overtakes no load.
        if self.core.loads.is_loading(hash, guard) {
            if self.core.engine.read(hash, guard, now, is(key)).is_some() {
                return false;
            }
            self.core.loads.overtake(hash, guard);
        }
        true
    }

    /// Inserts `entry`, which is that of `key`, unless there is one; whether it did.
    fn admit(
        &self,
        hash: u64,
        key: &[u8],
        entry: Owned<Blob<S>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<bool, Heavy> {
        let has_way = self.make_way(hash, key, guard, now);
        Ok(has_way && self.core.engine.insert_if_absent(hash, entry, guard, now, is(key))?)
    }

    /// As [`admit`](Self::admit), of an entry that was found to be light enough.
    #[cfg(feature = "dump")]
    pub(super) fn admit_arriving(
        &self,
        key: &[u8],
        arriving: Arriving<Blob<S>>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        self.make_way(arriving.hash(), key, guard, now)
            && self.core.engine.insert_arriving(arriving, guard, now, is(key))
    }

    /// Inserts or replaces: see [`Cache::insert`](crate::Cache::insert).
    ///
    /// # Panics
    ///
    /// As every operation that inserts: when the allocator hands out addresses of more than 48 bits, or key and value together are
    /// longer than an allocation can be.
    pub fn insert(&self, key: &[u8], value: &[u8]) {
        let _ = self.put(key, value, None);
    }

    /// Inserts or replaces, due after `ttl`: see [`Cache::insert_with_ttl`](crate::Cache::insert_with_ttl).
    pub fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) {
        let _ = self.put(key, value, Some(ttl));
    }

    /// Inserts unless the key is there; whether it did.
    pub fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool {
        self.put_if_absent(key, value, None)
    }

    /// As [`insert_if_absent`](Self::insert_if_absent), due after `ttl`.
    pub fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool {
        self.put_if_absent(key, value, Some(ttl))
    }

    /// A copy of the value. Lock-free; O(1).
    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key, <[u8]>::to_vec)
    }

    /// What `read` makes of the value, without a copy: see [`Cache::read`](crate::Cache::read).
    #[inline]
    pub fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash_of_bytes(key);
        let (entry, _) = self.core.read(self.hash(key), stable, &guard, &now, is(key))?;
        Some(read(Blob::value(entry)))
    }

    /// Copies of the values, in the order of `keys`: see [`Cache::get_many`](crate::Cache::get_many).
    pub fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut values = Vec::with_capacity(keys.len());
        self.pin().get_many(keys, |_, value| values.push(value.map(<[u8]>::to_vec)));
        values
    }

    /// A view that gives values by reference: see [`Cache::pin`](crate::Cache::pin).
    #[inline]
    pub fn pin(&self) -> PinnedStore<'_, S> {
        PinnedStore::new(self)
    }

    /// Whether the key is there. Lock-free; O(1).
    pub fn contains_key(&self, key: &[u8]) -> bool {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash_of_bytes(key);
        self.core.deadline(self.hash(key), stable, &guard, &now, is(key)).is_some()
    }

    /// Removes the key; a copy of what it held. Lock-free; O(1).
    pub fn remove(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.take(key, <[u8]>::to_vec)
    }

    /// Removes the key; whether it was there. Lock-free; O(1).
    pub fn invalidate(&self, key: &[u8]) -> bool {
        self.take(key, |_| ()).is_some()
    }

    fn take<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (guard, now) = enter(self.core());
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core.loads.overtake(hash, &guard);
        let removed = self.core.engine.remove(hash, &guard, &now, is(key))?;
        Some(read(Blob::value(removed)))
    }

    /// The time the entry has left; None if it is absent. Lock-free; O(1).
    pub fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        let (guard, now) = enter(self.core());
        let stable = || stable_hash_of_bytes(key);
        let deadline = self.core.deadline(self.hash(key), stable, &guard, &now, is(key))?;
        Some(ttl_of(deadline, &now))
    }

    /// Makes the entry due `ttl` from now; false if it is absent. Lock-free; O(1).
    pub fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool {
        self.set_deadline(key, |now| now.deadline_after(ttl))
    }

    /// Makes the entry never expire; false if it is absent. Lock-free; O(1).
    pub fn persist(&self, key: &[u8]) -> bool {
        self.set_deadline(key, |_| NEVER)
    }

    pub(super) fn set_deadline(&self, key: &[u8], deadline: impl FnOnce(&Now<'_>) -> u64) -> bool {
        let (guard, now) = enter(self.core());
        let deadline = deadline(&now);
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        self.core.overtake_if_due(hash, deadline, &guard, &now);
        self.core.engine.set_deadline(hash, deadline, &guard, &now, is(key)).is_some()
    }
}

/// Tells the entry of a key.
pub(super) fn is<'k, S: 'k>(key: &'k [u8]) -> impl Fn(Shared<'_, Blob<S>>) -> bool + Copy + 'k {
    move |entry| Blob::is(entry, key)
}

impl<S: BuildHasher + Send + Sync + 'static> fmt::Debug for Store<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("entries", &self.len()).finish_non_exhaustive()
    }
}
