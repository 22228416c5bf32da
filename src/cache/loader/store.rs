//! Loading on a [`Store`], by threads.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use super::{KeyOf, Place, ValueOf, fresh, load_here, never_fails};
use crate::cache::blob::Blob;
use crate::cache::core::Core;
use crate::cache::store::Store;
use crate::cache::warm::stable_hash_of_bytes;
use crate::clock::Now;
use crate::table::{Owned, Shared};

/// A key of a store.
pub(super) struct BytesKey<'c, S: BuildHasher + Send + Sync + 'static> {
    store: &'c Store<S>,
    key: &'c [u8],
    hash: u64,
}

impl<S: BuildHasher + Send + Sync + 'static> Place for BytesKey<'_, S> {
    type Entry = Blob<S>;

    fn core(&self) -> &Core<Blob<S>> {
        self.store.core()
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn stable_hash(&self) -> u64 {
        stable_hash_of_bytes(self.key)
    }

    fn is_key(&self, key: &KeyOf<Self>) -> bool {
        **key == *self.key
    }

    fn is_entry(&self, entry: Shared<'_, Blob<S>>) -> bool {
        Blob::is(entry, self.key)
    }

    fn to_key(&self) -> KeyOf<Self> {
        self.key.into()
    }

    fn to_entry(
        &self,
        value: &ValueOf<Self>,
        ttl: Option<Duration>,
        now: &Now<'_>,
    ) -> Owned<Blob<S>> {
        self.store.entry(self.key, value, ttl, now)
    }

    fn to_value(&self, entry: Shared<'_, Blob<S>>) -> ValueOf<Self> {
        Blob::value(entry).to_vec()
    }
}

/// Values that are loaded when they are missing: see [`Cache::get_or_insert_with`](crate::Cache::get_or_insert_with) and the
/// methods beside it, which say what is meant by all of these.
impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    pub(super) fn place<'c>(&'c self, key: &'c [u8]) -> BytesKey<'c, S> {
        BytesKey { store: self, key, hash: self.hash(key) }
    }

    /// A copy of the value; if the key is absent, what `load` brings, which is stored. One caller loads, all others who ask for the key
    /// wait for it, asleep: see [`Cache::get_or_insert_with`](crate::Cache::get_or_insert_with).
    ///
    /// ```
    /// # use purekv::Store;
    /// let store = Store::new();
    /// assert_eq!(store.get_or_insert_with(b"key", || b"value".to_vec()), b"value");
    /// assert_eq!(store.get_or_insert_with(b"key", || unreachable!()), b"value");
    /// ```
    ///
    /// # Panics
    ///
    /// When `load` does, and when it asks for the same key.
    #[inline]
    pub fn get_or_insert_with(&self, key: &[u8], load: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        match self.get(key) {
            Some(value) => value,
            None => never_fails(load_here(self.place(key), None, || Ok((load(), None)))),
        }
    }

    /// With a time-to-live that the loader decides: see
    /// [`Cache::get_or_insert_with_ttl`](crate::Cache::get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::{Store, Ttl};
    /// let store = Store::new();
    /// store.get_or_insert_with_ttl(b"key", || (b"value".to_vec(), Some(Duration::from_secs(60))));
    /// assert!(matches!(store.ttl(b"key"), Some(Ttl::Remaining(_))));
    /// ```
    #[inline]
    pub fn get_or_insert_with_ttl(
        &self,
        key: &[u8],
        load: impl FnOnce() -> (Vec<u8>, Option<Duration>),
    ) -> Vec<u8> {
        match self.get(key) {
            Some(value) => value,
            None => never_fails(load_here(self.place(key), None, || Ok(load()))),
        }
    }

    /// For a loader that may fail: see [`Cache::try_get_or_insert_with`](crate::Cache::try_get_or_insert_with).
    ///
    /// ```
    /// # use purekv::Store;
    /// let store = Store::new();
    /// let error = store.try_get_or_insert_with(b"key", || std::fs::read("/no/such/file")).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// assert!(store.is_empty());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    #[inline]
    pub fn try_get_or_insert_with<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        load: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, Arc<E>> {
        match self.get(key) {
            Some(value) => Ok(value),
            None => load_here(self.place(key), None, || Ok((load()?, None))),
        }
    }

    /// For a loader that may fail and decides the time-to-live: see
    /// [`Cache::try_get_or_insert_with_ttl`](crate::Cache::try_get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// let store = Store::new();
    /// let load = || Ok::<_, std::io::Error>((b"value".to_vec(), Some(Duration::from_secs(60))));
    /// assert_eq!(store.try_get_or_insert_with_ttl(b"key", load).unwrap(), b"value");
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    #[inline]
    pub fn try_get_or_insert_with_ttl<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        load: impl FnOnce() -> Result<(Vec<u8>, Option<Duration>), E>,
    ) -> Result<Vec<u8>, Arc<E>> {
        match self.get(key) {
            Some(value) => Ok(value),
            None => load_here(self.place(key), None, load),
        }
    }

    /// Renewed by one caller when no more than `ahead` of its time is left, while the others get the old value: see
    /// [`Cache::get_or_refresh_with`](crate::Cache::get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// let store = Store::new();
    /// let second = Duration::from_secs(1);
    /// store.insert_with_ttl(b"key", b"old", 8 * second);
    /// let load = || (b"new".to_vec(), Some(60 * second));
    /// assert_eq!(store.get_or_refresh_with(b"key", second, load), b"old");
    /// assert_eq!(store.get_or_refresh_with(b"key", 9 * second, load), b"new");
    /// ```
    ///
    /// # Panics
    ///
    /// When `load` does; the old value stays. And when the key is absent and `load` asks for it.
    #[inline]
    pub fn get_or_refresh_with(
        &self,
        key: &[u8],
        ahead: Duration,
        load: impl FnOnce() -> (Vec<u8>, Option<Duration>),
    ) -> Vec<u8> {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => value,
            None => never_fails(load_here(place, Some(ahead), || Ok(load()))),
        }
    }

    /// For a loader that may fail; a refresh that fails keeps and returns the old value: see
    /// [`Cache::try_get_or_refresh_with`](crate::Cache::try_get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// let store = Store::new();
    /// let second = Duration::from_secs(1);
    /// store.insert_with_ttl(b"key", b"old", 8 * second);
    /// let fail = || Err::<(Vec<u8>, Option<Duration>), _>("out of order");
    /// assert_eq!(store.try_get_or_refresh_with(b"key", 9 * second, fail).unwrap(), b"old");
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, if there is no value.
    #[inline]
    pub fn try_get_or_refresh_with<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        ahead: Duration,
        load: impl FnOnce() -> Result<(Vec<u8>, Option<Duration>), E>,
    ) -> Result<Vec<u8>, Arc<E>> {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => Ok(value),
            None => load_here(place, Some(ahead), load),
        }
    }
}
