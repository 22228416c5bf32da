//! The implementations of [`Kv`] that every suite runs over.

use std::time::Duration;

use purekv::baseline::MutexCache;
use purekv::{Cache, Clock, Expiry, Kv, ManualClock, Store};

use super::weak::Weak;

/// A way to make a fresh, empty cache whose expiry is driven by hand.
pub(crate) trait Subject {
    type Cache: Kv;

    /// `default_ttl` is for entries that are inserted without one.
    fn make(clock: Clock, default_ttl: Option<Duration>) -> Self::Cache;

    /// How many of `count` keys a test should do with: fewer where every look-up goes through all of them.
    fn many(count: u32) -> u32 {
        count
    }

    /// One with a manual clock and no default time-to-live.
    fn fresh() -> (Self::Cache, ManualClock) {
        let (clock, time) = Clock::manual();
        (Self::make(clock, None), time)
    }
}

/// Implements [`Subject`] for a cache type by a builder that is yet to be told clock and default time-to-live.
macro_rules! subject {
    ($name:ident, $cache:ty, $builder:expr $(, at most $most:expr)?) => {
        pub(crate) struct $name;

        impl Subject for $name {
            type Cache = $cache;

            $(
                fn many(count: u32) -> u32 {
                    count.min($most)
                }
            )?

            fn make(clock: Clock, default_ttl: Option<Duration>) -> Self::Cache {
                let builder = $builder.clock(clock);
                match default_ttl {
                    Some(ttl) => builder.time_to_live(ttl).build(),
                    None => builder.build(),
                }
            }
        }
    };
}

/// Always the same: what fails once is to fail again.
pub(crate) fn hasher() -> ahash::RandomState {
    ahash::RandomState::with_seeds(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344)
}

type Vectors<S> = Cache<Vec<u8>, Vec<u8>, S>;

subject!(Baseline, MutexCache, MutexCache::builder());
subject!(Bytes, Store, Store::builder().expiry(Expiry::Manual).hasher(hasher()));
subject!(Typed, Cache<Vec<u8>, Vec<u8>>, Cache::builder().expiry(Expiry::Manual).hasher(hasher()));
// With room for all.
subject!(
    Bounded,
    Store,
    Store::builder().expiry(Expiry::Manual).hasher(hasher()).max_capacity(10_000_000)
);
subject!(
    Weighed,
    Cache<Vec<u8>, Vec<u8>>,
    Cache::builder()
        .expiry(Expiry::Manual)
        .hasher(hasher())
        .weigher(|key: &Vec<u8>, value: &Vec<u8>| (key.len() + value.len()) as u32)
        .max_capacity(10_000_000_000)
);
// All keys in one chain.
subject!(
    OneHash,
    Store<Weak<1>>,
    Store::builder().expiry(Expiry::Manual).hasher(Weak::default()),
    at most 300
);
// In two.
subject!(
    TwoHashes,
    Vectors<Weak<2>>,
    Cache::builder().expiry(Expiry::Manual).hasher(Weak::default()),
    at most 600
);

/// Calls a macro once for each subject, with a name for a module, the subject's type, and what is given besides.
macro_rules! for_each_subject {
    ($call:ident $arguments:tt) => {
        $call! { baseline, $crate::common::subject::Baseline, $arguments }
        $call! { store, $crate::common::subject::Bytes, $arguments }
        $call! { cache, $crate::common::subject::Typed, $arguments }
        $call! { store_with_capacity, $crate::common::subject::Bounded, $arguments }
        $call! { cache_with_weigher, $crate::common::subject::Weighed, $arguments }
        $call! { store_with_one_hash, $crate::common::subject::OneHash, $arguments }
        $call! { cache_with_two_hashes, $crate::common::subject::TwoHashes, $arguments }
    };
}
pub(crate) use for_each_subject;

/// Makes a `#[test]` of each named function `fn name<S: Subject>()`, for each subject.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        $crate::common::subject::for_each_subject! { instantiate_tests ($($test)*) }
    };
}
pub(crate) use tests;

/// One subject's part of [`tests`].
macro_rules! instantiate_tests {
    ($module:ident, $subject:ty, ($($test:ident)*)) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test::<$subject>();
                }
            )*
        }
    };
}
pub(crate) use instantiate_tests;
