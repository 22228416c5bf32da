//! Loading on a [`Cache`], by tasks.

use std::borrow::Borrow;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use super::{fresh, load, never_fails};
use crate::cache::typed::Cache;

/// The same for loaders that are futures; on any executor. What is said of [`get_or_insert_with`](Cache::get_or_insert_with) and the
/// methods beside it goes for these too, and tasks and threads that ask for one key wait for each other.
///
/// - **The loader is polled by the caller that leads**, and only then; the future of a caller that finds its key, or waits for another, is
///   dropped unpolled.
/// - **Dropping a call** is fine at any point. If it was leading the load, those who waited begin anew, with one of their own loaders.
/// - **A call that leads and is kept without being polled** keeps all who wait for it waiting. Give a load that others
///   may wait for to a task of its own if yours is one branch of a `select`.
/// - **In a task, use these**, not the ones that put the thread to sleep: on an executor with one thread, that would be the one which
///   the load needs.
impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// The value of the key; if it is absent, what `load` brings, which is stored. One caller loads, the others wait. See
    /// [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// ```
    /// # use purekv::Cache;
    /// # async fn example() {
    /// let cache: Cache<String, usize> = Cache::new();
    /// assert_eq!(cache.get_or_insert_async("key", async { 3 }).await, 3);
    /// assert_eq!(cache.get("key"), Some(3));
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_insert_async<Q>(&self, key: &Q, load: impl Future<Output = V>) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.get_or_insert_async_with_ttl(key, async { (load.await, None) }).await
    }

    /// With a time-to-live that the loader decides: see [`get_or_insert_with_ttl`](Self::get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::{Cache, Ttl};
    /// # async fn example() {
    /// let cache: Cache<u32, &str> = Cache::new();
    /// let load = async { ("a token", Some(Duration::from_secs(60))) };
    /// assert_eq!(cache.get_or_insert_async_with_ttl(&7, load).await, "a token");
    /// assert!(matches!(cache.ttl(&7), Some(Ttl::Remaining(_))));
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_insert_async_with_ttl<Q>(
        &self,
        key: &Q,
        load: impl Future<Output = (V, Option<Duration>)>,
    ) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        never_fails(self.try_get_or_insert_async_with_ttl(key, async { Ok(load.await) }).await)
    }

    /// For a loader that may fail: see [`try_get_or_insert_with`](Self::try_get_or_insert_with).
    ///
    /// ```
    /// # use purekv::Cache;
    /// # async fn example() {
    /// let cache: Cache<String, u32> = Cache::new();
    /// assert_eq!(cache.try_get_or_insert_async("12", async { "12".parse() }).await, Ok(12));
    /// assert!(cache.try_get_or_insert_async("?", async { "?".parse() }).await.is_err());
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    pub async fn try_get_or_insert_async<Q, E>(
        &self,
        key: &Q,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        self.try_get_or_insert_async_with_ttl(key, async { Ok((load.await?, None)) }).await
    }

    /// For a loader that may fail and decides the time-to-live: see
    /// [`try_get_or_insert_with_ttl`](Self::try_get_or_insert_with_ttl).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Cache;
    /// # async fn example() {
    /// let cache: Cache<u32, String> = Cache::new();
    /// let load = async { Err::<(String, Option<Duration>), _>("no such user") };
    /// assert_eq!(*cache.try_get_or_insert_async_with_ttl(&7, load).await.unwrap_err(), "no such user");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, one's own or the one waited for.
    pub async fn try_get_or_insert_async_with_ttl<Q, E>(
        &self,
        key: &Q,
        load: impl Future<Output = Result<(V, Option<Duration>), E>>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        match self.get(key) {
            Some(value) => Ok(value),
            None => self::load(self.place(key), None, load).await,
        }
    }

    /// Renewed by one caller when no more than `ahead` of its time is left, while the others get the old value at once: see
    /// [`get_or_refresh_with`](Self::get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Cache;
    /// # async fn example() {
    /// let cache: Cache<u32, &str> = Cache::new();
    /// let second = Duration::from_secs(1);
    /// cache.insert_with_ttl(1, "old", 8 * second);
    /// let load = async { ("new", Some(60 * second)) };
    /// assert_eq!(cache.get_or_refresh_async(&1, 9 * second, load).await, "new");
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    pub async fn get_or_refresh_async<Q>(
        &self,
        key: &Q,
        ahead: Duration,
        load: impl Future<Output = (V, Option<Duration>)>,
    ) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        never_fails(self.try_get_or_refresh_async(key, ahead, async { Ok(load.await) }).await)
    }

    /// For a loader that may fail; a refresh that fails, or is dropped, keeps the old value: see
    /// [`try_get_or_refresh_with`](Self::try_get_or_refresh_with).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purekv::Cache;
    /// # async fn example() {
    /// let cache: Cache<u32, &str> = Cache::new();
    /// let second = Duration::from_secs(1);
    /// cache.insert_with_ttl(1, "old", 8 * second);
    /// let fail = async { Err::<(&str, Option<Duration>), _>("out of order") };
    /// assert_eq!(cache.try_get_or_refresh_async(&1, 9 * second, fail).await, Ok("old"));
    /// # }
    /// # let mut example = std::pin::pin!(example());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(example.as_mut().poll(&mut context).is_ready());
    /// ```
    ///
    /// # Errors
    ///
    /// That of the loader, if there is no value.
    pub async fn try_get_or_refresh_async<Q, E>(
        &self,
        key: &Q,
        ahead: Duration,
        load: impl Future<Output = Result<(V, Option<Duration>), E>>,
    ) -> Result<V, Arc<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let place = self.place(key);
        match fresh(&place, ahead) {
            Some(value) => Ok(value),
            None => self::load(place, Some(ahead), load).await,
        }
    }
}
