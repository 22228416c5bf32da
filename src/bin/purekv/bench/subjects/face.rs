//! purekv's two faces: `read` for a single get, `pin()` for a session, `get_many` for a batch, as their docs advise.
//!
//! With `BOUND` they have a capacity, of exactly as many entries as a workload has; where it sets no other bound, nothing is evicted.
//!
//! Where the crate has no background thread to be measured with (`Config::background` off), expiry is by hand.

use std::time::Duration;

use purekv::{Cache, Store};

use super::{Bound, Config, Session, Subject};

type BoxedCache = Cache<Box<[u8]>, Box<[u8]>>;

macro_rules! face {
    ($face:ident, $pinned:ident, $store:ty, $view:ty, $by_bytes:expr) => {
        impl<const BOUND: bool> Subject for $face<BOUND> {
            const EXPIRES: bool = true;
            const BOUNDS: bool = true;
            const BOUNDS_EXACTLY: bool = true;
            type Session<'a> = $pinned<'a>;

            fn build(config: &Config) -> Self {
                let builder = <$store>::builder().initial_capacity(config.capacity());
                let builder = if config.background {
                    builder
                } else {
                    builder.expiry(purekv::Expiry::Manual)
                };
                let bound = config.bound.or(BOUND.then_some(Bound::Entries(config.entries)));
                let builder = match bound {
                    None => builder,
                    Some(Bound::Entries(entries)) => builder.max_capacity(entries as u64),
                    Some(Bound::Bytes(bytes)) => ($by_bytes)(builder, bytes),
                };
                Self(builder.build())
            }

            #[inline(always)]
            fn session(&self) -> $pinned<'_> {
                $pinned(self.0.pin())
            }

            #[inline(always)]
            fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
                self.0.read(key, |value| read(value))
            }

            #[inline(always)]
            fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
                match ttl {
                    Some(ttl) => self.0.insert_with_ttl(key.into(), value.into(), ttl),
                    None => self.0.insert(key.into(), value.into()),
                };
            }

            #[inline(always)]
            fn remove(&self, key: &[u8]) -> bool {
                self.0.invalidate(key)
            }

            fn len(&self) -> usize {
                self.0.len()
            }

            fn parts(&self) -> Vec<(&'static str, u64)> {
                let stats = self.0.stats();
                vec![
                    ("entries, as weighed", stats.weight),
                    ("table", stats.table_bytes as u64),
                    ("wheel", stats.wheel_bytes as u64),
                    ("policy", stats.policy_bytes as u64),
                    ("retired", stats.retired_bytes as u64),
                ]
            }
        }

        impl Session for $pinned<'_> {
            #[inline(always)]
            fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
                self.0.get(key).map(|value| read(value))
            }

            #[inline(always)]
            fn get_many(&self, keys: &[&[u8]], mut visit: impl FnMut(usize, Option<&[u8]>)) {
                self.0.get_many(keys, |index, value| visit(index, value.map(|value| &value[..])));
            }
        }
    };
}

/// `Store`: byte strings in one allocation.
pub(crate) struct StoreFace<const BOUND: bool>(Store);

pub(crate) struct PinnedStore<'a>(purekv::PinnedStore<'a>);

/// `Cache` with boxed byte strings, which is what the peers hold.
pub(crate) struct CacheFace<const BOUND: bool>(BoxedCache);

pub(crate) struct PinnedCache<'a>(purekv::Pinned<'a, Box<[u8]>, Box<[u8]>>);

face!(
    StoreFace,
    PinnedStore,
    Store,
    purekv::PinnedStore<'_>,
    |builder: purekv::Builder<Store>, bytes| builder.max_memory(bytes)
);
face!(
    CacheFace,
    PinnedCache,
    BoxedCache,
    purekv::Pinned<'_, Box<[u8]>, Box<[u8]>>,
    |builder: purekv::Builder<BoxedCache>, bytes| {
        builder.weigher(|key, value| (key.len() + value.len()) as u32).max_capacity(bytes)
    }
);
