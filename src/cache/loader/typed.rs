//! Loading on a [`Cache`], by threads.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use super::{KeyOf, Place, ValueOf, fresh, load_here, never_fails};
use crate::cache::core::Core;
use crate::cache::entry::Typed;
use crate::cache::typed::Cache;
use crate::cache::warm::stable_hash;
use crate::clock::Now;
use crate::table::{Owned, Shared};

/// A key of a cache, in a borrowed form.
pub(super) struct TypedKey<'c, K, V, S, Q: ?Sized>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    cache: &'c Cache<K, V, S>,
    key: &'c Q,
    hash: u64,
}

impl<K, V, S, Q> Place for TypedKey<'_, K, V, S, Q>
where
    K: Borrow<Q> + Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
    Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
{
    type Entry = Typed<K, V>;

    fn core(&self) -> &Core<Typed<K, V>> {
        self.cache.core()
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn stable_hash(&self) -> u64 {
        stable_hash(self.key)
    }

    fn is_key(&self, key: &KeyOf<Self>) -> bool {
        key.borrow() == self.key
    }

    fn is_entry(&self, entry: Shared<'_, Typed<K, V>>) -> bool {
        entry.get().key().borrow() == self.key
    }

    fn to_key(&self) -> KeyOf<Self> {
        self.key.to_owned()
    }

    fn to_entry(&self, value: &V, ttl: Option<Duration>, now: &Now<'_>) -> Owned<Typed<K, V>> {
        self.cache.entry(self.hash, self.key.to_owned(), value.clone(), ttl, now)
    }

    fn to_value(&self, entry: Shared<'_, Typed<K, V>>) -> ValueOf<Self> {
        entry.get().value().clone()
    }
}

/// Values that are loaded when they are missing. Of all who ask for a missing key at a time one runs its loader, and the others wait for
/// that: the only operations in this crate that wait for another thread. A hit costs what [`get`](Cache::get) does.
///
/// - **Keys are borrowed**, so that a hit allocates nothing; a load makes two owned ones.
/// - **A loader that panics** does so in its own thread; those who waited begin anew, with one of their own loaders.
/// - **What comes between.** A load that began before its key was inserted, replaced, removed or [cleared](Cache::clear) is not
///   stored. Its callers get what the cache holds by then, or else what was loaded; whoever asks after a removal
///   loads anew. (If a removal meets a load in the very step of storing, the loaded value may be seen until the loading thread has taken it back.)
/// - **A loader may use the cache**, and load other keys. One that asks for its own key on its own thread panics. Loads that wait for
///   each other in a circle, across threads, wait for ever, as threads with two locks do.
/// - **The time-to-live** counts from the end of the load.
/// - **Waiting with a view in hand** ([`pin`](Cache::pin)) holds back, for as long, all memory that is removed from any cache.
impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    pub(super) fn place<'c, Q>(&'c self, key: &'c Q) -> TypedKey<'c, K, V, S, Q>
    where
        Q: Hash + ?Sized,
    {
        TypedKey { cache: self, key, hash: self.hash(key) }
    }

    /// The value of the key; if it is absent, what `load` brings, which is stored with the cache's time-to-live. One caller loads, all
    /// others who ask for the key wait for it, asleep. A hit is lock-free, and O(1).
    ///
    /// ```
    /// # use purekv::Cache;
    /// let cache: Cache<String, usize> = Cache::new();
    /// assert_eq!(cache.get_or_insert_with("key", || 3), 3);
    /// assert_eq!(cache.get_or_insert_with("key", || unreachable!()), 3);
    /// ```
    ///
    /// # Panics
    ///
    /// When `load` does, and when it asks for the same key.
    #[inline]
    pub fn get_or_insert_with<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.get(key) {
            Some(value) => value,
            None => never_fails(load_here(self.place(key), None, || Ok((load(), None)))),
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), with a time-to-live that the loader decides; None: the cache's. Zero: the value
    /// goes to those who wait and is not stored.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::{Cache, Ttl};
    /// let cache: Cache<u32, &str> = Cache::new();
    /// let load = || ("a token", Some(Duration::from_secs(60)));
    /// assert_eq!(cache.get_or_insert_with_ttl(&7, load), "a token");
    /// assert!(matches!(cache.ttl(&7), Some(Ttl::Remaining(_))));
    /// ```
    #[inline]
    pub fn get_or_insert_with_ttl<Q>(
        &self,
        key: &Q,
        load: impl FnOnce() -> (V, Option<Duration>),
    ) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.get(key) {
            Some(value) => value,
            None => never_fails(load_here(self.place(key), None, || Ok(load()))),
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a loader that may fail. Its error goes to all who waited for that load, and
    /// is not kept: who asks next loads again. Waiting callers that expect an error of another type, or none, begin anew.
    ///
    /// The error comes in an `Arc`, for several may get the same one, and errors can seldom be cloned.
    ///
    /// ```
    /// # use purekv::Cache;
    /// let cache: Cache<String, u32> = Cache::new();
    /// let parse = |text: &str| cache.try_get_or_insert_with(text, || text.parse());
    /// assert_eq!(parse("12"), Ok(12));
    /// assert!(parse("twelve").is_err());
    /// assert!(!cache.contains_key("twelve"));
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    #[inline]
    pub fn try_get_or_insert_with<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        match self.get(key) {
            Some(value) => Ok(value),
            None => load_here(self.place(key), None, || Ok((load()?, None))),
        }
    }

    /// As [`try_get_or_insert_with`](Self::try_get_or_insert_with), with a time-to-live that the loader decides; None: the cache's.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Cache;
    /// let cache: Cache<u32, String> = Cache::new();
    /// let load = || Err::<(String, Option<Duration>), _>("no such user");
    /// assert_eq!(*cache.try_get_or_insert_with_ttl(&7, load).unwrap_err(), "no such user");
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    #[inline]
    pub fn try_get_or_insert_with_ttl<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<(V, Option<Duration>), E>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        match self.get(key) {
            Some(value) => Ok(value),
            None => load_here(self.place(key), None, load),
        }
    }

    /// The value of the key, renewed before its time is over: when no more than `ahead` is left to its deadline, one caller loads, on its
    /// own thread, and every other gets the old value at once. If the key is absent, this is
    /// [`get_or_insert_with_ttl`](Self::get_or_insert_with_ttl). An entry that never expires is never refreshed.
    ///
    /// So entries that are asked for often are always there, and nobody waits for them but the one who loads: choose `ahead` longer than
    /// a load takes. The loader says how long the new value lives; None: the cache's time-to-live.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::{Cache, Clock};
    /// let (clock, time) = Clock::manual();
    /// let cache: Cache<u32, &str> = Cache::builder().clock(clock).build();
    /// let ahead = Duration::from_secs(10);
    /// let load = |page| move || (page, Some(Duration::from_secs(60)));
    /// assert_eq!(cache.get_or_refresh_with(&1, ahead, load("old")), "old");
    /// time.advance(Duration::from_secs(49));
    /// assert_eq!(cache.get_or_refresh_with(&1, ahead, load("new")), "old");
    /// time.advance(Duration::from_secs(1));
    /// assert_eq!(cache.get_or_refresh_with(&1, ahead, load("new")), "new");
    /// ```
    ///
    /// # Panics
    ///
    /// When `load` does; the old value stays. And when the key is absent and `load` asks for it.
    #[inline]
    pub fn get_or_refresh_with<Q>(
        &self,
        key: &Q,
        ahead: Duration,
        load: impl FnOnce() -> (V, Option<Duration>),
    ) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => value,
            None => never_fails(load_here(place, Some(ahead), || Ok(load()))),
        }
    }

    /// As [`get_or_refresh_with`](Self::get_or_refresh_with), for a loader that may fail. A refresh that fails keeps the old value and returns
    /// it: there is an error only if there is no value, and the loader is the one to report the others. The next caller
    /// tries again.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Cache;
    /// let cache: Cache<u32, &str> = Cache::new();
    /// let second = Duration::from_secs(1);
    /// let fail = || Err::<(&str, Option<Duration>), _>("out of order");
    /// assert!(cache.try_get_or_refresh_with(&1, 9 * second, fail).is_err());
    /// cache.insert_with_ttl(1, "old", 8 * second);
    /// assert_eq!(cache.try_get_or_refresh_with(&1, 9 * second, fail), Ok("old"));
    /// assert_eq!(cache.stats().load_failures, 2);
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, if there is no value.
    #[inline]
    pub fn try_get_or_refresh_with<Q, E>(
        &self,
        key: &Q,
        ahead: Duration,
        load: impl FnOnce() -> Result<(V, Option<Duration>), E>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => Ok(value),
            None => load_here(place, Some(ahead), load),
        }
    }
}
