//! A cache's figures for the [`metrics`] facade, and by way of that for any monitoring system.

use std::time::Duration;

use metrics::{SharedString, Unit, counter, describe_counter, describe_gauge, gauge};

use super::stats::Stats;
use crate::histogram::Histogram;

/// Something that only grows: its name, what it is, and where to find it; None: not counted.
type Count = (&'static str, &'static str, fn(&Stats) -> Option<u64>);
/// Something that comes and goes.
type Level = (&'static str, Unit, &'static str, fn(&Stats) -> u64);
/// A distribution of durations.
type Times = (&'static str, &'static str, fn(&Stats) -> &Histogram);

const COUNTS: &[Count] = &[
    ("purekv_hits_total", "Look-ups that have found an entry", |s| Some(s.hits? as u64)),
    ("purekv_misses_total", "Look-ups that have found none", |s| Some(s.misses? as u64)),
    ("purekv_inserted_total", "Entries that came to absent keys", |s| Some(s.inserted as u64)),
    ("purekv_replaced_total", "Entries replaced by others", |s| Some(s.replaced as u64)),
    ("purekv_expired_total", "Entries removed because due", |s| Some(s.expired as u64)),
    ("purekv_evicted_total", "Entries without room", |s| Some(s.evicted as u64)),
    ("purekv_removed_total", "Entries removed one by one", |s| Some(s.removed as u64)),
    ("purekv_cleared_total", "Entries removed all at once", |s| Some(s.cleared as u64)),
    ("purekv_load_successes_total", "Loads that brought a value", |s| Some(s.load_successes)),
    ("purekv_load_failures_total", "Loads that brought none", |s| Some(s.load_failures)),
    ("purekv_listener_panics_total", "Panics of the removal listener", |s| {
        Some(s.listener_panics as u64)
    }),
];

const LEVELS: &[Level] = &[
    ("purekv_entries", Unit::Count, "Entries stored", |s| s.entries as u64),
    ("purekv_weight", Unit::Count, "What the entries weigh", |s| s.weight),
    ("purekv_loads_pending", Unit::Count, "Keys being loaded", |s| s.loads_pending as u64),
    ("purekv_cold_entries", Unit::Count, "Entries of a snapshot that have not come", |s| {
        s.cold as u64
    }),
    ("purekv_table_bytes", Unit::Bytes, "The table's shards", |s| s.table_bytes as u64),
    ("purekv_wheel_bytes", Unit::Bytes, "The timing wheel's records", |s| s.wheel_bytes as u64),
    ("purekv_policy_bytes", Unit::Bytes, "The policy's queues and ghosts", |s| {
        s.policy_bytes as u64
    }),
    ("purekv_retired_bytes", Unit::Bytes, "Removed and not freed yet, in this process", |s| {
        s.retired_bytes as u64
    }),
];

const TIMES: &[Times] = &[
    ("purekv_expiry_lag_seconds", "From deadline to removal", |s| &s.expiry_lag),
    ("purekv_load_seconds", "How long loads took", |s| &s.load_times),
];

/// Those of a distribution that are told.
const QUANTILES: [(f64, &str); 4] = [(0.5, "0.5"), (0.9, "0.9"), (0.99, "0.99"), (0.999, "0.999")];

impl Stats {
    /// Hands these figures to the recorder of the [`metrics`] crate, each with the label `cache`. To be called when they are wanted, say once
    /// before each scrape: nothing is recorded as it happens, so a cache is no slower for it. Feature `metrics`.
    ///
    /// Counters are set to what was counted since the cache was made. Distributions are gauges of their quantiles (label `quantile`; seconds;
    /// over the whole life of the cache), beside counters of how many there were (`…_count`).
    pub fn export(&self, cache: impl Into<SharedString>) {
        let cache = cache.into();
        for (name, about, value) in COUNTS {
            if let Some(value) = value(self) {
                describe_counter!(*name, Unit::Count, *about);
                counter!(*name, "cache" => cache.clone()).absolute(value);
            }
        }
        for (name, unit, about, value) in LEVELS {
            describe_gauge!(*name, *unit, *about);
            gauge!(*name, "cache" => cache.clone()).set(value(self) as f64);
        }
        for (name, about, times) in TIMES {
            let times = times(self);
            describe_gauge!(*name, Unit::Seconds, *about);
            for (quantile, label) in QUANTILES {
                let value = Duration::as_secs_f64(&times.quantile(quantile));
                gauge!(*name, "cache" => cache.clone(), "quantile" => label).set(value);
            }
            counter!(format!("{name}_count"), "cache" => cache.clone()).absolute(times.count());
        }
    }
}
