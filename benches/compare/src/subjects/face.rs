//! purekv's two faces: `read` for a single get, `pin()` for a session, `get_many` for a batch, as their docs advise.
//!
//! Where the crate has no background thread to be measured with (`Config::background` off), expiry is by hand.

use std::time::Duration;

use purekv::{Cache, Store};

use super::{Config, Session, Subject};

macro_rules! face {
    ($face:ident, $pinned:ident, $store:ty, $view:ty) => {
        impl Subject for $face {
            const EXPIRES: bool = true;
            type Session<'a> = $pinned<'a>;

            fn build(config: &Config) -> Self {
                let builder = <$store>::builder().initial_capacity(config.capacity());
                let builder = if config.background {
                    builder
                } else {
                    builder.expiry(purekv::Expiry::Manual)
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
pub(crate) struct StoreFace(Store);

pub(crate) struct PinnedStore<'a>(purekv::PinnedStore<'a>);

/// `Cache` with boxed byte strings, which is what the peers hold.
pub(crate) struct CacheFace(Cache<Box<[u8]>, Box<[u8]>>);

pub(crate) struct PinnedCache<'a>(purekv::Pinned<'a, Box<[u8]>, Box<[u8]>>);

face!(StoreFace, PinnedStore, Store, purekv::PinnedStore<'_>);
face!(
    CacheFace,
    PinnedCache,
    Cache<Box<[u8]>, Box<[u8]>>,
    purekv::Pinned<'_, Box<[u8]>, Box<[u8]>>
);
