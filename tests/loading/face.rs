//! Both faces, and one with a hasher that tells nothing, as maps from numbers to numbers.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use purekv::{Cache, Clock, Expiry, Op, Stats, Store};

use crate::weak::Weak;

/// A value and its time-to-live.
pub(crate) type Timed = (u32, Option<Duration>);

/// What the tests need of a face.
pub(crate) trait Face: Clone + Send + Sync + 'static {
    fn make(clock: Clock) -> Self;
    fn get(&self, key: u32) -> Option<u32>;
    fn insert(&self, key: u32, value: u32);
    fn insert_with_ttl(&self, key: u32, value: u32, ttl: Duration);
    fn insert_if_absent(&self, key: u32, value: u32) -> bool;
    fn remove(&self, key: u32) -> Option<u32>;
    fn invalidate(&self, key: u32) -> bool;
    fn put_by_compute(&self, key: u32, value: u32);
    fn remove_by_compute(&self, key: u32);
    fn set_ttl(&self, key: u32, ttl: Duration) -> bool;
    fn remove_by_retain(&self, key: u32);
    fn clear(&self);
    fn stats(&self) -> Stats;

    fn load(&self, key: u32, load: impl FnOnce() -> u32) -> u32;
    fn load_with_ttl(&self, key: u32, load: impl FnOnce() -> Timed) -> u32;
    fn try_load<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<u32, E>,
    ) -> Result<u32, Arc<E>>;
    fn try_load_with_ttl<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>>;
    fn refresh(&self, key: u32, ahead: Duration, load: impl FnOnce() -> Timed) -> u32;
    fn try_refresh<E: Send + Sync + 'static>(
        &self,
        key: u32,
        ahead: Duration,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>>;

    #[cfg(feature = "async")]
    fn load_async(
        &self,
        key: u32,
        load: impl Future<Output = u32> + Send,
    ) -> impl Future<Output = u32> + Send;
    #[cfg(feature = "async")]
    fn try_load_async<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl Future<Output = Result<u32, E>> + Send,
    ) -> impl Future<Output = Result<u32, Arc<E>>> + Send;
    #[cfg(feature = "async")]
    fn refresh_async(
        &self,
        key: u32,
        ahead: Duration,
        load: impl Future<Output = Timed> + Send,
    ) -> impl Future<Output = u32> + Send;

    /// Nothing is being loaded any more.
    fn assert_at_rest(&self) {
        assert_eq!(self.stats().loads_pending, 0);
    }
}

impl Face for Cache<u32, u32> {
    fn make(clock: Clock) -> Self {
        Cache::builder().clock(clock).expiry(Expiry::Manual).build()
    }

    fn get(&self, key: u32) -> Option<u32> {
        self.get(&key)
    }

    fn insert(&self, key: u32, value: u32) {
        self.insert(key, value);
    }

    fn insert_with_ttl(&self, key: u32, value: u32, ttl: Duration) {
        self.insert_with_ttl(key, value, ttl);
    }

    fn insert_if_absent(&self, key: u32, value: u32) -> bool {
        self.insert_if_absent(key, value)
    }

    fn remove(&self, key: u32) -> Option<u32> {
        self.remove(&key)
    }

    fn invalidate(&self, key: u32) -> bool {
        self.invalidate(&key)
    }

    fn put_by_compute(&self, key: u32, value: u32) {
        self.compute(key, |_| Op::Put(value));
    }

    fn remove_by_compute(&self, key: u32) {
        self.compute(key, |_| Op::Remove);
    }

    fn set_ttl(&self, key: u32, ttl: Duration) -> bool {
        self.set_ttl(&key, ttl)
    }

    fn remove_by_retain(&self, key: u32) {
        self.retain(|&other, _| other != key);
    }

    fn clear(&self) {
        self.clear();
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn load(&self, key: u32, load: impl FnOnce() -> u32) -> u32 {
        self.get_or_insert_with(&key, load)
    }

    fn load_with_ttl(&self, key: u32, load: impl FnOnce() -> Timed) -> u32 {
        self.get_or_insert_with_ttl(&key, load)
    }

    fn try_load<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<u32, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_insert_with(&key, load)
    }

    fn try_load_with_ttl<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_insert_with_ttl(&key, load)
    }

    fn refresh(&self, key: u32, ahead: Duration, load: impl FnOnce() -> Timed) -> u32 {
        self.get_or_refresh_with(&key, ahead, load)
    }

    fn try_refresh<E: Send + Sync + 'static>(
        &self,
        key: u32,
        ahead: Duration,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_refresh_with(&key, ahead, load)
    }

    #[cfg(feature = "async")]
    async fn load_async(&self, key: u32, load: impl Future<Output = u32> + Send) -> u32 {
        self.get_or_insert_async(&key, load).await
    }

    #[cfg(feature = "async")]
    async fn try_load_async<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl Future<Output = Result<u32, E>> + Send,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_insert_async(&key, load).await
    }

    #[cfg(feature = "async")]
    async fn refresh_async(
        &self,
        key: u32,
        ahead: Duration,
        load: impl Future<Output = Timed> + Send,
    ) -> u32 {
        self.get_or_refresh_async(&key, ahead, load).await
    }
}

fn bytes(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

fn number(bytes: Vec<u8>) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

fn timed((value, ttl): Timed) -> (Vec<u8>, Option<Duration>) {
    (bytes(value).to_vec(), ttl)
}

/// A hasher that is made here, and always the same.
pub(crate) trait Seeded: BuildHasher + Clone + Send + Sync + 'static {
    fn seeded() -> Self;
}

impl Seeded for ahash::RandomState {
    fn seeded() -> Self {
        Self::with_seeds(1, 2, 3, 4)
    }
}

impl<const VALUES: u64> Seeded for Weak<VALUES> {
    fn seeded() -> Self {
        Self::default()
    }
}

impl<S: Seeded> Face for Store<S> {
    fn make(clock: Clock) -> Self {
        Store::builder().clock(clock).expiry(Expiry::Manual).hasher(S::seeded()).build()
    }

    fn get(&self, key: u32) -> Option<u32> {
        self.get(&bytes(key)).map(number)
    }

    fn insert(&self, key: u32, value: u32) {
        self.insert(&bytes(key), &bytes(value));
    }

    fn insert_with_ttl(&self, key: u32, value: u32, ttl: Duration) {
        self.insert_with_ttl(&bytes(key), &bytes(value), ttl);
    }

    fn insert_if_absent(&self, key: u32, value: u32) -> bool {
        self.insert_if_absent(&bytes(key), &bytes(value))
    }

    fn remove(&self, key: u32) -> Option<u32> {
        self.remove(&bytes(key)).map(number)
    }

    fn invalidate(&self, key: u32) -> bool {
        self.invalidate(&bytes(key))
    }

    fn put_by_compute(&self, key: u32, value: u32) {
        self.compute(&bytes(key), |_| Op::Put(bytes(value).to_vec()));
    }

    fn remove_by_compute(&self, key: u32) {
        self.compute(&bytes(key), |_| Op::Remove);
    }

    fn set_ttl(&self, key: u32, ttl: Duration) -> bool {
        self.set_ttl(&bytes(key), ttl)
    }

    fn remove_by_retain(&self, key: u32) {
        self.retain(|other, _| other != bytes(key));
    }

    fn clear(&self) {
        self.clear();
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn load(&self, key: u32, load: impl FnOnce() -> u32) -> u32 {
        number(self.get_or_insert_with(&bytes(key), || bytes(load()).to_vec()))
    }

    fn load_with_ttl(&self, key: u32, load: impl FnOnce() -> Timed) -> u32 {
        number(self.get_or_insert_with_ttl(&bytes(key), || timed(load())))
    }

    fn try_load<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<u32, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_insert_with(&bytes(key), || Ok(bytes(load()?).to_vec())).map(number)
    }

    fn try_load_with_ttl<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_insert_with_ttl(&bytes(key), || Ok(timed(load()?))).map(number)
    }

    fn refresh(&self, key: u32, ahead: Duration, load: impl FnOnce() -> Timed) -> u32 {
        number(self.get_or_refresh_with(&bytes(key), ahead, || timed(load())))
    }

    fn try_refresh<E: Send + Sync + 'static>(
        &self,
        key: u32,
        ahead: Duration,
        load: impl FnOnce() -> Result<Timed, E>,
    ) -> Result<u32, Arc<E>> {
        self.try_get_or_refresh_with(&bytes(key), ahead, || Ok(timed(load()?))).map(number)
    }

    #[cfg(feature = "async")]
    async fn load_async(&self, key: u32, load: impl Future<Output = u32> + Send) -> u32 {
        number(self.get_or_insert_async(&bytes(key), async { bytes(load.await).to_vec() }).await)
    }

    #[cfg(feature = "async")]
    async fn try_load_async<E: Send + Sync + 'static>(
        &self,
        key: u32,
        load: impl Future<Output = Result<u32, E>> + Send,
    ) -> Result<u32, Arc<E>> {
        let load = async { Ok(bytes(load.await?).to_vec()) };
        self.try_get_or_insert_async(&bytes(key), load).await.map(number)
    }

    #[cfg(feature = "async")]
    async fn refresh_async(
        &self,
        key: u32,
        ahead: Duration,
        load: impl Future<Output = Timed> + Send,
    ) -> u32 {
        let load = async { timed(load.await) };
        number(self.get_or_refresh_async(&bytes(key), ahead, load).await)
    }
}

/// Makes a `#[test]` of each named function `fn name<F: Face>()`, for each face.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        $crate::face::tests! { cache, purekv::Cache<u32, u32>, ($($test)*) }
        $crate::face::tests! { store, purekv::Store, ($($test)*) }
        $crate::face::tests! { store_with_one_hash, purekv::Store<crate::weak::Weak<1>>, ($($test)*) }
    };
    ($module:ident, $face:ty, ($($test:ident)*)) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test::<$face>();
                }
            )*
        }
    };
}
pub(crate) use tests;
