//! The two faces, by one trait: the calls that their docs advise.

use std::time::Duration;

use ahash::RandomState;
use purekv::{Cache, Expiry, Pinned, PinnedStore, Store};

use crate::keys::digest;

pub(crate) type BoxedCache = Cache<Box<[u8]>, Box<[u8]>>;

/// How large.
#[derive(Clone, Copy)]
pub(crate) enum Size {
    /// With room for so many entries.
    For(u64),
    /// With so many at most.
    Bounded(u64),
}

/// A store of byte strings.
pub(crate) trait Face {
    type Session<'a>: Session
    where
        Self: 'a;

    /// Always the same, without a thread of its own.
    fn of(size: Size) -> Self;
    fn session(&self) -> Self::Session<'_>;
    fn get(&self, key: &[u8]) -> Option<u64>;
    fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>);
    fn remove(&self, key: &[u8]) -> bool;
    fn len(&self) -> u64;
}

/// A view under one pin.
pub(crate) trait Session {
    fn get(&self, key: &[u8]) -> Option<u64>;
    fn get_many(&self, keys: &[&[u8]], visit: impl FnMut(Option<u64>));
}

macro_rules! face {
    ($face:ty, $view:ident) => {
        impl Face for $face {
            type Session<'a> = $view<'a>;

            fn of(size: Size) -> Self {
                let builder = <$face>::builder().expiry(Expiry::Manual);
                let builder = builder.hasher(RandomState::with_seeds(1, 2, 3, 4));
                match size {
                    Size::For(entries) => builder.initial_capacity(entries as usize),
                    Size::Bounded(entries) => builder.max_capacity(entries),
                }
                .build()
            }

            #[inline(always)]
            fn session(&self) -> $view<'_> {
                self.pin()
            }

            #[inline(always)]
            fn get(&self, key: &[u8]) -> Option<u64> {
                self.read(key, |value| digest(value))
            }

            #[inline(always)]
            fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
                match ttl {
                    Some(ttl) => self.insert_with_ttl(key.into(), value.into(), ttl),
                    None => self.insert(key.into(), value.into()),
                };
            }

            #[inline(always)]
            fn remove(&self, key: &[u8]) -> bool {
                self.invalidate(key)
            }

            fn len(&self) -> u64 {
                self.len() as u64
            }
        }

        impl Session for $view<'_> {
            #[inline(always)]
            fn get(&self, key: &[u8]) -> Option<u64> {
                self.get(key).map(|value| digest(value))
            }

            #[inline(always)]
            fn get_many(&self, keys: &[&[u8]], mut visit: impl FnMut(Option<u64>)) {
                self.get_many(keys, |_, value| visit(value.map(|value| digest(value))));
            }
        }
    };
}

type BoxedView<'a> = Pinned<'a, Box<[u8]>, Box<[u8]>>;

face!(Store, PinnedStore);
face!(BoxedCache, BoxedView);
