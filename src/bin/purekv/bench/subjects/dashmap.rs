//! dashmap: `get` hands out a reference that holds the shard's read lock; it is read and dropped at once, as its docs
//! advise (a reference kept across another call may deadlock), so there is no session.

use std::time::Duration;

use super::{Config, Singly, Subject};

/// `DashMap` with its default number of shards (four per core). No time-to-live.
pub(crate) struct Dash(dashmap::DashMap<Box<[u8]>, Box<[u8]>, ahash::RandomState>);

impl Subject for Dash {
    const EXPIRES: bool = false;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let hasher = ahash::RandomState::new();
        Self(dashmap::DashMap::with_capacity_and_hasher(config.capacity(), hasher))
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|value| read(&value))
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
        self.0.len()
    }
}
