//! Loading on a [`Store`], by tasks.

use std::future::Future;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use super::{fresh, load, never_fails};
use crate::cache::store::Store;

/// The same for loaders that are futures, on any executor: see [`Cache::get_or_insert_async`](crate::Cache::get_or_insert_async) and
/// the methods beside it.
impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// A copy of the value; if the key is absent, what `load` brings, which is stored. One caller loads, the others wait. See
    /// [`Cache::get_or_insert_async`](crate::Cache::get_or_insert_async).
    ///
    /// ```
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// assert_eq!(store.get_or_insert_async(b"key", async { b"value".to_vec() }).await, b"value");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_insert_async(
        &self,
        key: &[u8],
        load: impl Future<Output = Vec<u8>>,
    ) -> Vec<u8> {
        self.get_or_insert_async_with_ttl(key, async { (load.await, None) }).await
    }

    /// With a time-to-live that the loader decides: see
    /// [`Cache::get_or_insert_with_ttl`](crate::Cache::get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// let load = async { (b"value".to_vec(), Some(Duration::from_secs(60))) };
    /// assert_eq!(store.get_or_insert_async_with_ttl(b"key", load).await, b"value");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_insert_async_with_ttl(
        &self,
        key: &[u8],
        load: impl Future<Output = (Vec<u8>, Option<Duration>)>,
    ) -> Vec<u8> {
        never_fails(self.try_get_or_insert_async_with_ttl(key, async { Ok(load.await) }).await)
    }

    /// For a loader that may fail: see [`Cache::try_get_or_insert_with`](crate::Cache::try_get_or_insert_with).
    ///
    /// ```
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// let error = store.try_get_or_insert_async(b"key", async { Err("no such user") }).await;
    /// assert_eq!(*error.unwrap_err(), "no such user");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    pub async fn try_get_or_insert_async<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        load: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Vec<u8>, Arc<E>> {
        self.try_get_or_insert_async_with_ttl(key, async { Ok((load.await?, None)) }).await
    }

    /// For a loader that may fail and decides the time-to-live: see
    /// [`Cache::try_get_or_insert_with_ttl`](crate::Cache::try_get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// let load = async { Ok::<_, String>((b"value".to_vec(), Some(Duration::from_secs(60)))) };
    /// assert_eq!(store.try_get_or_insert_async_with_ttl(b"key", load).await.unwrap(), b"value");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    pub async fn try_get_or_insert_async_with_ttl<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        load: impl Future<Output = Result<(Vec<u8>, Option<Duration>), E>>,
    ) -> Result<Vec<u8>, Arc<E>> {
        match self.get(key) {
            Some(value) => Ok(value),
            None => self::load(self.place(key), None, load).await,
        }
    }

    /// Renewed by one caller when no more than `ahead` of its time is left, while the others get the old value at once: see
    /// [`Cache::get_or_refresh_with`](crate::Cache::get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// let second = Duration::from_secs(1);
    /// store.insert_with_ttl(b"key", b"old", 8 * second);
    /// let load = async { (b"new".to_vec(), Some(60 * second)) };
    /// assert_eq!(store.get_or_refresh_async(b"key", 9 * second, load).await, b"new");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_refresh_async(
        &self,
        key: &[u8],
        ahead: Duration,
        load: impl Future<Output = (Vec<u8>, Option<Duration>)>,
    ) -> Vec<u8> {
        never_fails(self.try_get_or_refresh_async(key, ahead, async { Ok(load.await) }).await)
    }

    /// For a loader that may fail; a refresh that fails, or is dropped, keeps the old value: see
    /// [`Cache::try_get_or_refresh_with`](crate::Cache::try_get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Store;
    /// # async fn example() {
    /// let store = Store::new();
    /// let second = Duration::from_secs(1);
    /// store.insert_with_ttl(b"key", b"old", 8 * second);
    /// let fail = async { Err::<(Vec<u8>, Option<Duration>), _>("out of order") };
    /// assert_eq!(store.try_get_or_refresh_async(b"key", 9 * second, fail).await.unwrap(), b"old");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, if there is no value.
    pub async fn try_get_or_refresh_async<E: Send + Sync + 'static>(
        &self,
        key: &[u8],
        ahead: Duration,
        load: impl Future<Output = Result<(Vec<u8>, Option<Duration>), E>>,
    ) -> Result<Vec<u8>, Arc<E>> {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => Ok(value),
            None => self::load(place, Some(ahead), load).await,
        }
    }
}
