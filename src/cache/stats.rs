//! What a cache can tell about itself.

use std::time::Duration;

use crate::histogram::Histogram;

/// A snapshot of a cache's state. Each figure is read by itself, so while threads are at work they need not add up to
/// the last one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Entries stored, those included that are due and not removed yet.
    pub entries: usize,
    /// What they weigh; in a store with `max_memory`, the bytes that they take. 0 in a cache without a bound.
    pub weight: u64,
    /// Look-ups that have found an entry, and those that have not: `get`, `read`, `get_many` and those of views, and the first look of
    /// `get_or_insert_with` and its like. None unless the builder's `record_stats` was called.
    pub hits: Option<usize>,
    /// See [`hits`](Self::hits).
    pub misses: Option<usize>,
    /// Entries that came to a key that was absent.
    pub inserted: usize,
    /// Entries that another has taken the place of.
    pub replaced: usize,
    /// Entries that were removed because they were due.
    pub expired: usize,
    /// Entries for which there was no room.
    pub evicted: usize,
    /// Entries that somebody has removed, one by one.
    pub removed: usize,
    /// Entries that went by `clear`.
    pub cleared: usize,
    /// Calls of the removal listener that have panicked.
    pub listener_panics: usize,
    /// Shards of the table.
    pub shards: usize,
    /// Bytes of the table's shards.
    pub table_bytes: usize,
    /// Bytes of the timing wheel's records.
    pub wheel_bytes: usize,
    /// Records in the timing wheel.
    pub wheel_records: usize,
    /// Those of them whose entries are gone or have been armed anew. They are swept out when they outnumber the others.
    pub wheel_records_stale: usize,
    /// Bytes of the eviction policy's queues, and of what it remembers of keys that it evicted.
    pub policy_bytes: usize,
    /// Records in the policy's queues. Those whose entries are gone are dropped when they outnumber the others.
    pub policy_records: usize,
    /// Bytes of removed entries that are not freed yet, because a thread was pinned when they were removed or has not been collected
    /// from. Of all caches in the process: they share their collector. A figure that only grows means that some thread holds a pin.
    pub retired_bytes: usize,
    /// From an entry's deadline to its removal.
    pub expiry_lag: Histogram,
    /// Keys that are being loaded, by `get_or_insert_with` and its like.
    pub loads_pending: usize,
    /// Loads that brought a value.
    pub load_successes: u64,
    /// Loads that brought an error, panicked, or were dropped half way.
    pub load_failures: u64,
    /// How long all loads took together, those that failed included; by the cache's clock.
    pub load_time: Duration,
    /// How long each of them took.
    pub load_times: Histogram,
    /// Entries of the snapshot below that have neither come into memory nor been changed, removed or found due. 0 if there is none: see `warm_from`.
    pub cold: usize,
    /// How often something was found wrong with that snapshot: what is damaged counts as absent.
    pub warming_errors: u64,
}

impl Stats {
    /// Hits in all look-ups, 0 to 1; None before the first of them, or if they are not counted.
    pub fn hit_ratio(&self) -> Option<f64> {
        let (hits, misses) = (self.hits?, self.misses?);
        (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64)
    }
}
