//! No store at all: what the loop, the clock reads and the machine cost by themselves.

use std::hint::black_box;
use std::time::Duration;

use super::{Config, Singly, Subject};

/// Finds nothing and keeps nothing.
pub(crate) struct NoStore;

impl Subject for NoStore {
    const EXPIRES: bool = true;
    const STORES: bool = false;
    const BOUNDS: bool = true;
    type Session<'a> = Singly<'a, Self>;

    fn build(_: &Config) -> Self {
        Self
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], _read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        black_box(key);
        None
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
        black_box((key, value, ttl));
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        black_box(key);
        true
    }

    fn len(&self) -> usize {
        0
    }
}
