//! What the store tells about itself, for INFO and its like.

use std::time::Duration;

use super::Database;
use crate::kv::Ttl;

/// How many entries are looked at to estimate the time that entries have left.
const SAMPLE: usize = 64;

/// Figures of the store.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Figures {
    /// Entries, those included that are due and not removed yet.
    pub(in crate::server) keys: u64,
    /// Those of them with a deadline, about.
    pub(in crate::server) deadlines: u64,
    /// How many milliseconds these have left on average, by a few of them.
    pub(in crate::server) mean_ttl: u64,
    /// Bytes that entries and tables take, if they are counted.
    pub(in crate::server) used: Option<u64>,
    /// Bytes of tables, wheel and policy.
    pub(in crate::server) overhead: u64,
    /// Bytes that wait to be freed.
    pub(in crate::server) retired: u64,
    /// The bound, if there is one in bytes.
    pub(in crate::server) most: Option<u64>,
    /// None if they are not counted.
    pub(in crate::server) hits: Option<u64>,
    pub(in crate::server) misses: Option<u64>,
    pub(in crate::server) expired: u64,
    pub(in crate::server) evicted: u64,
    /// Entries that came, were replaced or went, by whatever.
    pub(in crate::server) changes: u64,
    /// Entries of the snapshot below that are not in memory.
    pub(in crate::server) cold: u64,
    /// From deadlines to removals: seconds that half of them and 99 of 100 took no longer than.
    pub(in crate::server) lag: [f64; 2],
}

impl Figures {
    /// What counts up, from these on.
    pub(in crate::server) fn since(mut self, before: &Self) -> Self {
        let from = |now: &mut Option<u64>, before: Option<u64>| {
            *now = now.map(|now| now.saturating_sub(before.unwrap_or(0)));
        };
        from(&mut self.hits, before.hits);
        from(&mut self.misses, before.misses);
        self.expired = self.expired.saturating_sub(before.expired);
        self.evicted = self.evicted.saturating_sub(before.evicted);
        self
    }
}

impl Database {
    /// Figures as they are now. O(shards).
    pub(in crate::server) fn figures(&self) -> Figures {
        let stats = self.store.stats();
        let overhead = (stats.table_bytes + stats.wheel_bytes + stats.policy_bytes) as u64;
        let most = self.store.max_memory();
        let gone = stats.expired + stats.evicted + stats.removed + stats.cleared;
        let deadlines = stats.wheel_records.saturating_sub(stats.wheel_records_stale) as u64;
        Figures {
            keys: (stats.entries + stats.cold) as u64,
            deadlines,
            mean_ttl: if deadlines > 0 { self.mean_ttl() } else { 0 },
            used: most.map(|_| stats.weight + overhead),
            overhead,
            retired: stats.retired_bytes as u64,
            most,
            hits: stats.hits.map(|hits| hits as u64),
            misses: stats.misses.map(|misses| misses as u64),
            expired: stats.expired as u64,
            evicted: stats.evicted as u64,
            changes: (stats.inserted + stats.replaced + gone) as u64,
            cold: stats.cold as u64,
            lag: [0.5, 0.99].map(|part| stats.expiry_lag.quantile(part).as_secs_f64()),
        }
    }

    fn mean_ttl(&self) -> u64 {
        let (mut sum, mut count) = (Duration::ZERO, 0);
        // Those that come first do so by their hashes, which know nothing of deadlines.
        self.store.scan(0, SAMPLE, |_, entry| {
            if let Ttl::Remaining(left) = entry.ttl() {
                sum = sum.saturating_add(left);
                count += 1;
            }
        });
        u64::try_from(sum.as_millis() / u128::from(count.max(1_u32))).unwrap_or(u64::MAX)
    }
}
