//! The bounded caches that the property holds for.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purekv::{Cache, Clock, Expiry, Kv, RemovalCause, Stats, Store, TooHeavy};

use super::naive::Departure;
use crate::common::subject::hasher;
use crate::common::weak::Weak;

/// What a listener was told, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Departure>>>);

impl Log {
    fn note(&self, key: &[u8], value: &[u8], cause: RemovalCause) {
        self.0.lock().unwrap().push(Departure { key: key.to_vec(), value: value.to_vec(), cause });
    }

    pub(crate) fn take(&self) -> Vec<Departure> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What can be asked of a bounded cache beyond [`Kv`].
pub(crate) trait BoundedKv: Kv {
    fn try_put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), TooHeavy>;
    fn resize(&self, capacity: u64);
    fn capacity(&self) -> Option<u64>;
    fn weight(&self) -> u64;
    fn figures(&self) -> Stats;
}

impl<S: BuildHasher + Send + Sync + 'static> BoundedKv for Store<S> {
    fn try_put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), TooHeavy> {
        match ttl {
            Some(ttl) => self.try_insert_with_ttl(key, value, ttl),
            None => self.try_insert(key, value),
        }
    }

    fn resize(&self, capacity: u64) {
        assert!(self.set_max_capacity(capacity));
    }

    fn capacity(&self) -> Option<u64> {
        self.max_capacity()
    }

    fn weight(&self) -> u64 {
        self.weight()
    }

    fn figures(&self) -> Stats {
        self.stats()
    }
}

impl<S: BuildHasher + Send + Sync + 'static> BoundedKv for Cache<Vec<u8>, Vec<u8>, S> {
    fn try_put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), TooHeavy> {
        match ttl {
            Some(ttl) => self.try_insert_with_ttl(key.to_vec(), value.to_vec(), ttl),
            None => self.try_insert(key.to_vec(), value.to_vec()),
        }
    }

    fn resize(&self, capacity: u64) {
        assert!(self.set_max_capacity(capacity));
    }

    fn capacity(&self) -> Option<u64> {
        self.max_capacity()
    }

    fn weight(&self) -> u64 {
        self.weight()
    }

    fn figures(&self) -> Stats {
        self.stats()
    }
}

/// A way to make a fresh, empty cache with a bound, whose expiry is driven by hand and whose listener writes a log.
pub(crate) trait BoundedSubject {
    type Cache: BoundedKv;

    fn make(clock: Clock, default_ttl: Option<Duration>, capacity: u64, log: Log) -> Self::Cache;

    /// What an entry weighs.
    fn weigh(key: &[u8], value: &[u8]) -> u64;

    /// How many records there may be for so many entries.
    fn most_records(entries: usize) -> usize {
        2 * entries + 2048
    }
}

/// Implements [`BoundedSubject`] by a builder that is yet to be told all but the weights.
macro_rules! subject {
    (
        $name:ident, $cache:ty, $builder:expr, $weigh:expr, |$log:ident| $listener:expr
        $(, at most $most:expr)?
    ) => {
        pub(crate) struct $name;

        impl BoundedSubject for $name {
            type Cache = $cache;

            fn make(
                clock: Clock,
                default_ttl: Option<Duration>,
                capacity: u64,
                $log: Log,
            ) -> Self::Cache {
                let builder = $builder
                    .clock(clock)
                    .expiry(Expiry::Manual)
                    .max_capacity(capacity)
                    .removal_listener($listener);
                match default_ttl {
                    Some(ttl) => builder.time_to_live(ttl).build(),
                    None => builder.build(),
                }
            }

            fn weigh(key: &[u8], value: &[u8]) -> u64 {
                $weigh(key, value)
            }

            $(
                fn most_records(_: usize) -> usize {
                    $most
                }
            )?
        }
    };
}

/// From 1 to 139: from next to nothing to more than most capacities.
fn weigh(_: &[u8], value: &[u8]) -> u64 {
    1 + (value.len() * value.len()) as u64 / 16
}

type Vectors<S> = Cache<Vec<u8>, Vec<u8>, S>;

subject!(Counted, Store, Store::builder().hasher(hasher()), |_, _| 1, |log| {
    move |key: &[u8], value: &[u8], cause| log.note(key, value, cause)
});
subject!(
    Weighed,
    Cache<Vec<u8>, Vec<u8>>,
    Cache::builder()
        .hasher(hasher())
        .weigher(|key: &Vec<u8>, value: &Vec<u8>| weigh(key, value) as u32),
    weigh,
    |log| move |key: &Vec<u8>, value: &Vec<u8>, cause| log.note(key, value, cause)
);
// Records tell their entries apart by place and serial alone; of those that are stale, most pass for one of some entry, and are not dropped.
subject!(
    OneHash,
    Store<Weak<1>>,
    Store::builder().hasher(Weak::default()),
    |_, _| 1,
    |log| move |key: &[u8], value: &[u8], cause| log.note(key, value, cause),
    at most usize::MAX
);
subject!(
    TwoHashes,
    Vectors<Weak<2>>,
    Cache::builder().hasher(Weak::default()).weigher(|key: &Vec<u8>, value: &Vec<u8>| weigh(key, value) as u32),
    weigh,
    |log| move |key: &Vec<u8>, value: &Vec<u8>, cause| log.note(key, value, cause),
    at most usize::MAX
);
