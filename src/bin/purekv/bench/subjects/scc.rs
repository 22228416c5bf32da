//! scc: `HashMap`, whose docs recommend it for writing, and `HashIndex`, which they recommend for reading.

use std::time::Duration;

use super::{Config, Session, Singly, Subject};

/// `HashMap`: `read_sync` (a read lock on the bucket) and `upsert_sync`, its own insert-or-replace. No time-to-live.
pub(crate) struct SccMap(scc::HashMap<Box<[u8]>, Box<[u8]>, ahash::RandomState>);

impl Subject for SccMap {
    const EXPIRES: bool = false;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let hasher = ahash::RandomState::new();
        Self(scc::HashMap::with_capacity_and_hasher(config.capacity(), hasher))
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.read_sync(key, |_, value| read(value))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], _ttl: Option<Duration>) {
        self.0.upsert_sync(key.into(), value.into());
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove_sync(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// `HashIndex`: lock-free `peek_with`, and `peek` under one `Guard` for many gets.
///
/// Replacing is `get_sync` and `update`, as its docs show; `entry_sync` would allocate one more key per call. `update` puts the
/// new entry into another slot and then marks the old one, and a `peek` that looks at the two in the wrong order misses the
/// key: some one in a million gets of a hot key. No time-to-live.
pub(crate) struct SccIndex(scc::HashIndex<Box<[u8]>, Box<[u8]>, ahash::RandomState>);

pub(crate) struct Guarded<'a> {
    index: &'a SccIndex,
    guard: scc::Guard,
}

impl Subject for SccIndex {
    const EXPIRES: bool = false;
    const REPLACES_ATOMICALLY: bool = false;
    type Session<'a> = Guarded<'a>;

    fn build(config: &Config) -> Self {
        let hasher = ahash::RandomState::new();
        Self(scc::HashIndex::with_capacity_and_hasher(config.capacity(), hasher))
    }

    #[inline(always)]
    fn session(&self) -> Guarded<'_> {
        Guarded { index: self, guard: scc::Guard::new() }
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.peek_with(key, |_, value| read(value))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], _ttl: Option<Duration>) {
        let mut value: Box<[u8]> = value.into();
        loop {
            if let Some(mut entry) = self.0.get_sync(key) {
                entry.update(value);
                return;
            }
            match self.0.insert_sync(key.into(), value) {
                Ok(()) => return,
                Err((_, refused)) => value = refused,
            }
        }
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove_sync(key)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Session for Guarded<'_> {
    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.index.0.peek(key, &self.guard).map(|value| read(value))
    }
}
