//! foyer-memory, the in-memory half of foyer, with S3-FIFO; for workloads that set a bound.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use foyer_memory::{CacheBuilder, S3FifoConfig};

use super::{Bound, Config, Singly, Subject};

type Bytes = Box<[u8]>;

/// `Cache`, which has no time-to-live and must have a bound: twice what will be in it, where the workload sets none. `get` returns a
/// handle, so values are boxed.
pub(crate) struct Foyer(foyer_memory::Cache<Bytes, Bytes, ahash::RandomState>);

impl Subject for Foyer {
    const EXPIRES: bool = false;
    const BOUNDS: bool = true;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        // A name of its own: caches are told apart by it where metrics are gathered.
        static MADE: AtomicU64 = AtomicU64::new(0);
        let bound = config.bound.map_or(2 * config.entries + 1024, |bound| bound.weight() as usize);
        let by_bytes = config.bound.is_some_and(Bound::is_bytes);
        let builder = CacheBuilder::new(bound)
            .with_name(format!("compare-{}", MADE.fetch_add(1, Relaxed)))
            .with_hash_builder(ahash::RandomState::new())
            .with_weighter(
                move |key: &Bytes, value: &Bytes| {
                    if by_bytes { key.len() + value.len() } else { 1 }
                },
            )
            .with_eviction_config(S3FifoConfig::default());
        Self(builder.build())
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|entry| read(entry.value()))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], _ttl: Option<Duration>) {
        self.0.insert(key.into(), value.into());
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.entries()
    }
}
