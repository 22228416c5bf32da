//! The mutex baseline, through the `Kv` trait: `read`, without a copy, and `insert_with_ttl`.

use std::time::Duration;

use purekv::Kv;
use purekv::baseline::MutexCache;

use super::{Config, Singly, Subject};

/// pure-kv's collector, at an interval that lets it keep up: every 100 ms (its server's default is a minute).
const COLLECT_EVERY: Duration = Duration::from_millis(100);
/// As good as no thread, and yet deadlines are kept.
const NEVER_COLLECT: Duration = Duration::from_secs(86_400);

/// `MutexCache` with its default of 32 shards, unless a workload asks for another number.
pub(crate) struct Baseline(MutexCache);

impl Subject for Baseline {
    const EXPIRES: bool = true;
    const SHARDS: bool = true;
    type Session<'a> = Singly<'a, Self>;

    fn build(config: &Config) -> Self {
        let builder = MutexCache::builder();
        let (builder, every) = match config.shards {
            Some(asked) => (builder.shards(asked.shards), asked.collect_every),
            None => (builder, COLLECT_EVERY),
        };
        let every = if config.background { every } else { NEVER_COLLECT };
        Self(builder.ttl_garbage_timeout(every).build())
    }

    #[inline(always)]
    fn session(&self) -> Singly<'_, Self> {
        Singly(self)
    }

    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.read(key, read)
    }

    #[inline(always)]
    fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
        match ttl {
            Some(ttl) => self.0.insert_with_ttl(key, value, ttl),
            None => self.0.insert(key, value),
        }
    }

    #[inline(always)]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
