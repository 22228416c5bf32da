//! How a baseline cache is configured: pure-kv's two parameters, and what the tests need.

use std::time::Duration;

use super::collector::Worker;
use super::{MutexCache, Shared};
use crate::clock::{Clock, WallClock};
use crate::histogram::Recorder;
use crate::sync::Arc;

/// The bits at the top of a hash that `HashMap` keeps beside its slots; it takes the slot's number from the bottom.
const MAP_TAG_BITS: u32 = 7;
/// Leaves the maps inside 2^41 slots before they would share a bit with the shards.
const MAX_SHARD_BITS: u32 = 16;

/// Configures a [`MutexCache`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    shards: usize,
    clock: Clock,
    ttl_garbage_timeout: Duration,
    time_to_live: Option<Duration>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            shards: 32,
            clock: Clock::system(),
            ttl_garbage_timeout: Duration::from_secs(60),
            time_to_live: None,
        }
    }
}

impl Builder {
    /// How many shards; rounded up to a power of two, from 1 to 65,536. 32 unless said otherwise.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// The source of time. A manual clock means no thread: expired entries are removed by
    /// [`advance`](crate::Kv::advance).
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The time between two runs of the collector; one minute unless said otherwise. Zero means none, ever: expired
    /// entries are absent, but stay in memory until their keys are overwritten or removed, and
    /// [`advance`](crate::Kv::advance) does nothing.
    pub fn ttl_garbage_timeout(mut self, timeout: Duration) -> Self {
        self.ttl_garbage_timeout = timeout;
        self
    }

    /// The time-to-live of entries that are inserted without one; none unless said otherwise.
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.time_to_live = Some(ttl);
        self
    }

    /// Builds it, and starts the collector's thread if it is to have one.
    ///
    /// # Panics
    ///
    /// When the system gives us no thread.
    pub fn build(self) -> MutexCache {
        let shards = self.shards.clamp(1, 1 << MAX_SHARD_BITS).next_power_of_two();
        let collects = !self.ttl_garbage_timeout.is_zero();
        let threaded = collects && !self.clock.is_manual();
        let shared = Arc::new(Shared {
            shards: (0..shards).map(|_| Default::default()).collect(),
            shard_shift: u64::BITS - MAP_TAG_BITS - shards.ilog2(),
            hasher: ahash::RandomState::new(),
            wall: WallClock::now(&self.clock),
            clock: self.clock,
            default_ttl: self.time_to_live,
            deadlines: collects.then(Default::default),
            expiry_lag: Recorder::new(),
        });
        let collector =
            threaded.then(|| Worker::spawn(Arc::clone(&shared), self.ttl_garbage_timeout));
        MutexCache { shared, _collector: collector }
    }
}
