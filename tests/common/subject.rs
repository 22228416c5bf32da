//! The implementations of [`Kv`] that every suite runs over.

use std::time::Duration;

use purekv::{Clock, Kv, ManualClock};

/// A way to make a fresh, empty cache whose expiry is driven by hand.
pub(crate) trait Subject {
    type Cache: Kv;

    /// `default_ttl` is for entries that are inserted without one.
    fn make(clock: Clock, default_ttl: Option<Duration>) -> Self::Cache;

    /// One with a manual clock and no default time-to-live.
    fn fresh() -> (Self::Cache, ManualClock) {
        let (clock, time) = Clock::manual();
        (Self::make(clock, None), time)
    }
}

/// Implements [`Subject`] for a cache type by what its builder is told besides clock and default time-to-live.
macro_rules! subject {
    ($name:ident, $cache:ty $(, $setting:ident($value:expr))*) => {
        pub(crate) struct $name;

        impl Subject for $name {
            type Cache = $cache;

            fn make(clock: Clock, default_ttl: Option<Duration>) -> Self::Cache {
                let builder = <$cache>::builder().clock(clock)$(.$setting($value))*;
                match default_ttl {
                    Some(ttl) => builder.time_to_live(ttl).build(),
                    None => builder.build(),
                }
            }
        }
    };
}

subject!(Baseline, purekv::baseline::MutexCache);
/// Always the same: what fails once is to fail again.
pub(crate) fn hasher() -> ahash::RandomState {
    ahash::RandomState::with_seeds(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344)
}

subject!(Bytes, purekv::Store, expiry(purekv::Expiry::Manual), hasher(hasher()));
subject!(Typed, purekv::Cache<Vec<u8>, Vec<u8>>, expiry(purekv::Expiry::Manual), hasher(hasher()));

/// Calls a macro once for each subject, with a name for a module, the subject's type, and what is given besides.
macro_rules! for_each_subject {
    ($call:ident $arguments:tt) => {
        $call! { baseline, $crate::common::subject::Baseline, $arguments }
        $call! { store, $crate::common::subject::Bytes, $arguments }
        $call! { cache, $crate::common::subject::Typed, $arguments }
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
