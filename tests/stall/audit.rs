//! Whether a store is what it should be: beside a thread that stands still, and when all is over.

use std::collections::HashSet;
use std::time::Duration;

use purekv::ManualClock;

use crate::subject::{Bound, Subject};
use crate::values::{self, check_tag, owner, probe_key};
use crate::worker::Worker;

/// Longer than any time-to-live of the workload, and than a turn of the two lowest levels of the wheel.
const LONG: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3600);
const PROBES: u64 = if cfg!(debug_assertions) { 100 } else { 1000 };

/// The workers are done and the victim stands where it stood: the store still does everything, but what the victim alone
/// has in its hands. If that is the claim to be the ticker, nothing is removed unless it is met; then it is.
pub(crate) fn beside_the_victim<S: Subject>(store: &S, hand: &ManualClock, is_ticker: bool) {
    insert_probes(store, Duration::from_millis(1));
    advance(store, hand, LONG);
    if is_ticker {
        assert!(
            store.len() as u64 >= PROBES,
            "it has the claim, and yet somebody else has advanced"
        );
    }
    for key in (0..PROBES).map(probe_key) {
        assert_eq!(store.get(&key), None, "due");
    }
    // It meets, and so removes, whatever else is due.
    let there = keys(store).len();
    // The victim is between an entry's coming or going and the counting of it, at most.
    assert!(store.len().abs_diff(there) <= 1, "len {}, iteration {there}", store.len());
    insert_probes(store, LONG / 2);
    for (number, key) in (0..PROBES).map(|number| (number, probe_key(number))) {
        match store.remove(&key) {
            None if store.bound().is_some() => {}
            removed => assert_eq!(removed, Some(values::bytes(&key, number))),
        }
        assert_eq!(store.get(&key), None, "removed");
    }
    if let Some(bound) = store.bound() {
        let (weight, sum) = weights(store, bound);
        // Of an entry that the victim is about, one of the two knows nothing.
        assert!(weight.abs_diff(sum) <= bound.heaviest, "weight {weight}, of entries {sum}");
        assert!(weight.max(sum) <= bound.most(1), "weight {weight}, of entries {sum}, {bound:?}");
    }
}

/// Everybody has gone home, the victim too.
pub(crate) fn when_all_is_over<S: Subject>(
    store: &S,
    hand: &ManualClock,
    workers: &mut [Worker<'_, S>],
) {
    advance(store, hand, LONG);
    // Before anybody meets them: the wheel has forgotten no entry that is due.
    let len = store.len();
    workers.iter_mut().for_each(Worker::check_all);
    let keys = keys(store);
    for (lane, worker) in workers.iter().enumerate() {
        let owned = keys.iter().filter(|key| owner(key) == Some(lane)).count();
        assert_eq!(owned, worker.live(), "keys of worker {lane}");
    }
    assert_eq!(len, keys.len(), "len before the iteration, and what it found");
    assert_eq!(store.len(), len, "the iteration has removed something");
    expect_wheel(store, 0, 0, "all records are past");
    if let Some(bound) = store.bound() {
        let (weight, sum) = weights(store, bound);
        assert_eq!(weight, sum, "what is counted, and what entries weigh");
        assert!(weight <= bound.capacity, "weight {weight}, {bound:?}");
    }

    store.clear();
    assert_eq!(store.len(), 0, "cleared");
    assert!(self::keys(store).is_empty(), "cleared");
    for worker in &mut *workers {
        worker.was_cleared();
        worker.check_all();
        assert_eq!(worker.live(), 0, "cleared");
    }
    if let Some(bound) = store.bound() {
        can_be_evicted(store, bound);
        // Room for all probes.
        store.resize(PROBES * bound.heaviest);
    }
    lives_on(store, hand);
    if let (Some(told), Some(stats)) = (store.told(), store.figures()) {
        let counted = [stats.expired, stats.evicted, stats.replaced, stats.removed, stats.cleared];
        assert_eq!(told, counted, "what the listener was told, and what was counted");
    }
}

/// Whatever is inserted goes when there is no room left, and leaves nothing in the accounts.
fn can_be_evicted<S: Subject>(store: &S, bound: Bound) {
    store.resize(PROBES * bound.heaviest / 4);
    for (key, number) in (0..PROBES).map(probe_key).zip(0..) {
        store.insert(&key, &values::bytes(&key, number));
    }
    let (weight, sum) = weights(store, bound);
    assert_eq!(weight, sum);
    assert!(weight <= PROBES * bound.heaviest / 4 && weight > 0);
    store.resize(0);
    assert_eq!((weights(store, bound), store.len()), ((0, 0), 0), "something cannot be evicted");
}

/// What the store says that it weighs, and what its entries do.
fn weights<S: Subject>(store: &S, bound: Bound) -> (u64, u64) {
    let mut sum = 0;
    store.for_each(|_, value| sum += (bound.weigh)(value));
    (store.figures().map_or(0, |stats| stats.weight), sum)
}

/// The store counts right, and loses no timer, after all that has happened to it.
fn lives_on<S: Subject>(store: &S, hand: &ManualClock) {
    let probes = PROBES as usize;
    insert_probes(store, HOUR);
    assert_eq!(store.len(), probes);
    expect_wheel(store, probes, probes, "a record for each");
    for key in (0..PROBES).map(probe_key) {
        assert!(store.set_ttl(&key, LONG / 2));
    }
    expect_wheel(store, 2 * probes, probes, "another record for each");
    advance(store, hand, LONG);
    assert_eq!(store.len(), 0, "expired, and nobody has met them");
    advance(store, hand, HOUR);
    expect_wheel(store, 0, 0, "all records are past");
    if let Some(stats) = store.figures() {
        assert_eq!(stats.entries, 0);
        assert_eq!(stats.wheel_bytes, 0, "a chunk was forgotten");
    }
}

fn expect_wheel<S: Subject>(store: &S, records: usize, armed: usize, why: &str) {
    if let Some(stats) = store.figures() {
        let found = (stats.wheel_records, stats.wheel_records - stats.wheel_records_stale);
        assert_eq!(found, (records, armed), "records, and those an entry waits for: {why}");
    }
}

fn insert_probes<S: Subject>(store: &S, ttl: Duration) {
    for key in (0..PROBES).map(probe_key).zip(0..) {
        store.insert_with_ttl(&key.0, &values::bytes(&key.0, key.1), ttl);
    }
}

/// More than once: what the first time around is pushed again fires at the next.
fn advance<S: Subject>(store: &S, hand: &ManualClock, by: Duration) {
    hand.advance(by);
    for _ in 0..3 {
        store.advance();
    }
}

/// All keys, each once, and each with a value of its own.
fn keys<S: Subject>(store: &S) -> HashSet<Vec<u8>> {
    let mut keys = HashSet::new();
    store.for_each(|key, value| {
        check_tag(key, value);
        assert!(keys.insert(key.to_vec()), "visited twice: {key:?}");
    });
    keys
}
