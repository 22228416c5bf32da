//! moka: `get` clones the value, so that is an `Arc`, as its docs advise; a time-to-live per entry is given by an
//! [`moka::Expiry`] that finds it in the value.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Bound, Config, Singly, Subject};

type Bytes = Box<[u8]>;

#[derive(Clone)]
struct Timed {
    ttl: Option<Duration>,
    bytes: Arc<[u8]>,
}

struct PerEntry;

impl moka::Expiry<Box<[u8]>, Timed> for PerEntry {
    fn expire_after_create(&self, _: &Box<[u8]>, value: &Timed, _: Instant) -> Option<Duration> {
        value.ttl
    }

    fn expire_after_update(
        &self,
        _: &Box<[u8]>,
        value: &Timed,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        value.ttl
    }
}

/// `sync::Cache`, unless it is to have one without a bound (which spares it its frequency sketch), with per-entry expiry where entries have a
/// time-to-live.
pub(crate) struct Moka(moka::sync::Cache<Box<[u8]>, Timed, ahash::RandomState>);

impl Subject for Moka {
    const EXPIRES: bool = true;
    const BOUNDS: bool = true;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let builder = moka::sync::Cache::builder().initial_capacity(config.capacity());
        let builder = match config.bound {
            None => builder,
            Some(bound) => builder.max_capacity(bound.weight()),
        };
        let builder = match config.bound.is_some_and(Bound::is_bytes) {
            false => builder,
            true => {
                builder.weigher(|key: &Bytes, value: &Timed| (key.len() + value.bytes.len()) as u32)
            }
        };
        let hasher = ahash::RandomState::new();
        Self(if config.ttl {
            builder.expire_after(PerEntry).build_with_hasher(hasher)
        } else {
            builder.build_with_hasher(hasher)
        })
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key).map(|value| read(&value.bytes))
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
        self.0.insert(key.into(), Timed { ttl, bytes: value.into() });
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.run_pending_tasks();
        self.0.entry_count() as usize
    }
}
