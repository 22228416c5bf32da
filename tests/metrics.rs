//! What the `metrics` facade is told.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use purekv::{Cache, Clock, Expiry};

/// Everything that was recorded while `work` ran, by name and labels.
fn recorded(work: impl FnOnce()) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let figures = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let mut labels: Vec<_> =
            key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.sort();
        let value = match value {
            DebugValue::Counter(value) => value as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(_) => panic!("there are none"),
        };
        (format!("{}{{{}}}", key.key().name(), labels.join(",")), value)
    });
    figures.collect()
}

#[test]
fn all_figures_are_exported_by_the_name_of_their_cache() {
    let (clock, time) = Clock::manual();
    let builder = Cache::builder().clock(clock).expiry(Expiry::Manual);
    let cache = builder.max_capacity(10).record_stats().build();
    for key in 0..15 {
        cache.insert(key, key);
    }
    cache.insert_with_ttl(100, 1, Duration::from_secs(1));
    cache.insert_with_ttl(100, 2, Duration::from_secs(1));
    assert_eq!((cache.get(&100), cache.get(&1000)), (Some(2), None));
    time.advance(Duration::from_secs(3));
    assert_eq!(cache.advance(), 1);
    assert_eq!(cache.remove(&1), Some(1));
    let figures = recorded(|| cache.stats().export("sessions"));
    let of = |name: &str| figures.get(&format!("{name}{{cache=sessions}}")).copied();
    for (name, value) in [
        ("purekv_hits_total", 1.0),
        ("purekv_misses_total", 1.0),
        ("purekv_inserted_total", 16.0),
        ("purekv_replaced_total", 1.0),
        ("purekv_expired_total", 1.0),
        ("purekv_evicted_total", 6.0),
        ("purekv_removed_total", 1.0),
        ("purekv_cleared_total", 0.0),
        ("purekv_entries", 8.0),
        ("purekv_weight", 8.0),
        ("purekv_expiry_lag_seconds_count", 1.0),
    ] {
        assert_eq!(of(name), Some(value), "{name}");
    }
    assert!(of("purekv_table_bytes") > Some(0.0));
    let lag = figures["purekv_expiry_lag_seconds{cache=sessions,quantile=0.99}"];
    assert!((2.0..2.2).contains(&lag), "{lag}");
}

#[test]
fn what_is_not_counted_is_not_exported() {
    let cache: Cache<u32, u32> = Cache::builder().expiry(Expiry::Off).build();
    let figures = recorded(|| cache.stats().export("cache"));
    assert!(figures.keys().all(|name| !name.contains("hits") && !name.contains("misses")));
    assert!(figures.contains_key("purekv_entries{cache=cache}"));
}
