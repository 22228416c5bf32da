//! papaya: `map.pin()` per operation, or one pin for many gets; its docs say "guard reuse is encouraged, within reason".

use std::time::Duration;

use super::{Config, Session, Subject};

type Map = papaya::HashMap<Box<[u8]>, Box<[u8]>, ahash::RandomState>;

/// `HashMap` with its default (incremental) resizing. No time-to-live.
pub(crate) struct Papaya(Map);

pub(crate) struct Pinned<'a>(
    papaya::HashMapRef<'a, Box<[u8]>, Box<[u8]>, ahash::RandomState, papaya::LocalGuard<'a>>,
);

impl Subject for Papaya {
    const EXPIRES: bool = false;
    type Session<'a> = Pinned<'a>;

    fn build(config: &Config) -> Self {
        Self(Map::with_capacity_and_hasher(config.capacity(), ahash::RandomState::new()))
    }

    #[inline(always)]
    fn session(&self) -> Pinned<'_> {
        Pinned(self.0.pin())
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.pin().get(key).map(|value| read(value))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], _ttl: Option<Duration>) {
        self.0.pin().insert(key.into(), value.into());
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.pin().remove(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Session for Pinned<'_> {
    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|value| read(value))
    }
}
