//! Replays against stores small enough to know the answer.

use std::sync::mpsc;

use super::*;
use crate::baseline::MutexCache;
use crate::replay::size::{LARGEST_VALUE, USUAL_VALUE};
use crate::replay::{Subject, compare, zipf};
use crate::{Clock, ManualClock};

fn quiet(_: u64) {}

fn fixed(threads: usize, ttl: TtlChoice) -> Options {
    Options { threads, ttl, ..Options::default() }
}

fn timed_store() -> (MutexCache, ManualClock) {
    let (clock, time) = Clock::manual();
    (MutexCache::builder().clock(clock).ttl_garbage_timeout(Duration::ZERO).build(), time)
}

#[test]
fn without_ttl_every_key_misses_once() {
    let workload = zipf(50_000, 2_000, 0.99, 3).unwrap();
    let (store, _) = timed_store();
    let outcome = replay(&store, &workload, &fixed(1, TtlChoice::None), &quiet).unwrap();
    let unique = workload.unique_keys();
    assert_eq!(outcome.requests, 50_000);
    assert_eq!(outcome.gets, 50_000);
    assert_eq!(outcome.gets - outcome.hits, unique as u64);
    assert_eq!(outcome.entries, unique);
    assert_eq!(outcome.expiry_lag.count(), 0);
    // The first of each eight, of all gets and of all inserts.
    assert_eq!(outcome.get.samples, 50_000 / 8);
    assert_eq!(outcome.insert.samples, (unique as u64).div_ceil(8));
    assert!(outcome.get.p50 <= outcome.get.p99 && outcome.get.p99 <= outcome.get.p999);
    assert!(outcome.requests_per_second() > 0.0);
}

#[test]
fn threads_share_the_requests_out() {
    let workload = zipf(10_000, 500, 0.99, 3).unwrap();
    for threads in [0, 1, 3, 64] {
        let (store, _) = timed_store();
        let (tell, told) = mpsc::channel();
        let progress = |done| tell.send(done).unwrap();
        let outcome =
            replay(&store, &workload, &fixed(threads, TtlChoice::None), &progress).unwrap();
        assert_eq!(told.try_iter().sum::<u64>(), 10_000);
        assert_eq!(outcome.gets, 10_000);
        assert_eq!(outcome.entries, workload.unique_keys());
    }
}

#[test]
fn sets_insert_without_asking() {
    let set = |key| Request { operation: Operation::Set, ..Request::get(key) };
    let workload = Workload::new("sets", vec![set(1), set(1), Request::get(1), Request::get(2)]);
    let (store, _) = timed_store();
    let options = Options { sample: 1, ..fixed(1, TtlChoice::None) };
    let outcome = replay(&store, &workload, &options, &quiet).unwrap();
    assert_eq!((outcome.gets, outcome.hits, outcome.insert.samples), (2, 1, 3));
    assert_eq!(outcome.hit_ratio(), Some(0.5));

    let workload = Workload::new("sets", vec![set(1)]);
    let outcome = replay(&timed_store().0, &workload, &options, &quiet).unwrap();
    assert_eq!(outcome.hit_ratio(), None);
}

#[test]
fn values_have_the_size_asked_for() {
    let sized = |key, size| Request { size, ..Request::get(key) };
    let requests = vec![sized(1, 0), sized(2, 3), sized(3, u32::MAX), sized(3, 1), sized(2, 3)];
    let workload = Workload::new("sizes", requests);
    for (value_size, sizes) in [
        (ValueSize::Trace, [USUAL_VALUE, 3, LARGEST_VALUE]),
        (ValueSize::Fixed(5), [5; 3]),
        (ValueSize::Fixed(0), [0; 3]),
        (ValueSize::Fixed(usize::MAX), [LARGEST_VALUE; 3]),
    ] {
        let (store, _) = timed_store();
        let options = Options { value_size, ..fixed(1, TtlChoice::None) };
        let outcome = replay(&store, &workload, &options, &quiet).unwrap();
        assert_eq!(outcome.hits, 2);
        for (id, size) in (1..).zip(sizes) {
            assert_eq!(store.read(&key_bytes(id), <[u8]>::len), Some(size), "{value_size:?}");
        }
    }
}

#[test]
fn inserted_values_expire() {
    let (store, time) = timed_store();
    let workload = zipf(1_000, 100, 0.0, 3).unwrap();
    let second = Duration::from_secs(1);
    let options = fixed(1, TtlChoice::Between(second, second));
    let first = replay(&store, &workload, &options, &quiet).unwrap();
    time.advance(Duration::from_secs(3));
    let again = replay(&store, &workload, &options, &quiet).unwrap();
    assert_eq!(again.hits, first.hits, "all had expired in between");
    // Nothing lives as long as a zero TTL is given.
    let options = fixed(1, TtlChoice::Between(Duration::ZERO, Duration::ZERO));
    let never = replay(&timed_store().0, &workload, &options, &quiet).unwrap();
    assert_eq!((never.hits, never.hit_ratio()), (0, Some(0.0)));
}

#[test]
fn what_is_due_at_the_end_is_counted() {
    let (clock, time) = Clock::manual();
    let store = MutexCache::builder().clock(clock).build();
    let workload = Workload::new("new keys", (0..2 * BLOCK as u64).map(Request::get).collect());
    let (half, second) = (Duration::from_millis(500), Duration::from_secs(1));
    let options = fixed(1, TtlChoice::Between(half, half));
    // Two blocks, so the first has been due for a second and a half, the second for half a second.
    let outcome = replay(&store, &workload, &options, &|_| time.advance(second)).unwrap();
    assert_eq!(outcome.entries, 2 * BLOCK);
    assert_eq!(outcome.expiry_lag.count(), 2 * BLOCK as u64);
    assert_eq!(outcome.expiry_lag.max(), second + half);
    assert!(outcome.expiry_lag.quantile(0.5) < second);
    assert!(store.is_empty());
}

#[test]
fn a_wrong_value_fails_the_run() {
    let (store, _) = timed_store();
    store.insert(&key_bytes(7), &8_u64.to_le_bytes());
    let workload = Workload::new("one", vec![Request::get(7)]);
    let error = replay(&store, &workload, &fixed(1, TtlChoice::None), &quiet).unwrap_err();
    assert!(matches!(error, ReplayError::WrongValue { hits: 1 }));
}

#[test]
fn nothing_to_replay_is_an_error() {
    let workload = Workload::new("nothing", Vec::new());
    let error = replay(&timed_store().0, &workload, &Options::default(), &quiet).unwrap_err();
    assert!(matches!(error, ReplayError::Empty { .. }));
}

#[test]
fn a_comparison_runs_each_in_turn() {
    let workload = zipf(2_000, 100, 0.99, 3).unwrap();
    let stores = [
        Subject::new("one", MutexCache::new),
        Subject::new("other", || MutexCache::builder().shards(1).build()),
    ];
    let report = compare(&stores, &workload, &fixed(2, TtlChoice::None), 3, &quiet).unwrap();
    let names: Vec<&str> = report.outcomes().map(|(name, _)| name).collect();
    assert_eq!(names, ["one", "other"]);
    assert!(report.outcomes().all(|(_, outcomes)| outcomes.len() == 3));
    let table = report.to_string();
    assert!(table.contains("2 threads") && table.contains("3 runs each"), "{table}");
    let json = report.to_json();
    assert!(json["subjects"][1]["figures"]["requests_per_second"]["runs"][2].is_f64());
    assert!(json["subjects"][0]["figures"]["expiry_lag_p50_ns"]["median"].is_null());
}
