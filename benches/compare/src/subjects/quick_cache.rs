//! quick_cache: `get` clones the value, so that is an `Arc`, as its docs advise.

use std::sync::Arc;
use std::time::Duration;

use ::quick_cache::UnitWeighter;
use ::quick_cache::sync::{Cache, DefaultLifecycle};

use super::{Config, Singly, Subject};

/// `sync::Cache`, which has no time-to-live and must have a bound: twice what will be in it.
pub(crate) struct Quick(Cache<Box<[u8]>, Arc<[u8]>, UnitWeighter, ahash::RandomState>);

impl Subject for Quick {
    const EXPIRES: bool = false;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let bound = 2 * config.entries as u64 + 1024;
        Self(Cache::with(
            config.capacity(),
            bound,
            UnitWeighter,
            ahash::RandomState::new(),
            DefaultLifecycle::default(),
        ))
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
