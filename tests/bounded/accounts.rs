//! Threads do everything at once; when they are at rest all accounts agree.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use purekv::{Cache, Op, RemovalCause};

use crate::bounded;
use crate::random::Random;

const THREADS: u64 = 4;
const ROUNDS: u64 = 6;
const OPERATIONS: u64 = if cfg!(debug_assertions) { 4000 } else { 20_000 };

/// What every entry is: a number of its own, and what it weighs.
#[derive(Clone, Copy, Debug)]
struct Value {
    number: u64,
    weight: u32,
}

/// What the listener has been told: how often each entry left, and for which cause.
#[derive(Default)]
struct Departures {
    left: Mutex<HashMap<u64, u32>>,
    by_cause: [AtomicU64; RemovalCause::ALL.len()],
}

/// At rest: what is counted is there, within its bound; records are not many more than entries.
fn check(cache: &Cache<u64, Value>, capacity: u64) -> Vec<Value> {
    let values: Vec<Value> = cache.iter().map(|(_, value)| value).collect();
    let weight: u64 = values.iter().map(|value| u64::from(value.weight)).sum();
    assert_eq!(cache.weight(), weight, "the sum of weights");
    assert_eq!(cache.len(), values.len());
    assert!(weight <= capacity, "{weight} of {capacity}");
    let records = cache.stats().policy_records;
    assert!(records >= values.len(), "each entry has a record: {records} of {}", values.len());
    assert!(records <= 2 * values.len() + 2048, "{records} for {}", values.len());
    values
}

/// Threads at work on `keys` keys of weights up to `heaviest`, in rounds; after each of them the accounts are checked.
fn work(keys: u64, heaviest: u64, capacity: u64, change_capacity: bool) {
    let departures = Arc::new(Departures::default());
    let told = departures.clone();
    let (builder, time) = bounded(capacity);
    let cache = builder
        .weigher(|_, value: &Value| value.weight)
        .removal_listener(move |_, value, cause: RemovalCause| {
            *told.left.lock().unwrap().entry(value.number).or_default() += 1;
            told.by_cause[cause as usize].fetch_add(1, Relaxed);
        })
        .build();
    let (numbers, refused) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    for round in 0..ROUNDS {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (cache, time, numbers, refused) = (&cache, &time, &numbers, &refused);
                let mut random = Random::new(round).fork(thread);
                scope.spawn(move || {
                    for _ in 0..OPERATIONS {
                        let key = random.below(keys);
                        let weight = 1 + random.below(heaviest) as u32;
                        let value = || Value { number: numbers.fetch_add(1, Relaxed), weight };
                        // A number that is in no entry in the end has not left one either.
                        let unless = |stored: bool, number| {
                            if !stored {
                                refused.lock().unwrap().push(number);
                            }
                        };
                        match random.below(16) {
                            0..4 => drop(cache.get(&key)),
                            4..8 => {
                                let value = value();
                                unless(cache.try_insert(key, value).is_ok(), value.number);
                            }
                            8 => {
                                let (value, ttl) =
                                    (value(), Duration::from_millis(random.below(9)));
                                cache.insert_with_ttl(key, value, ttl);
                                unless(!ttl.is_zero(), value.number);
                            }
                            9 => {
                                let value = value();
                                unless(cache.insert_if_absent(key, value), value.number);
                            }
                            10 => {
                                cache.remove(&key);
                            }
                            11 => {
                                // Those of attempts that were lost are dropped.
                                let mut last = None;
                                let decide = |old: Option<&Value>| {
                                    let new = old.map(|old| {
                                        let number = numbers.fetch_add(1, Relaxed);
                                        last.replace(number).into_iter().for_each(|number| {
                                            refused.lock().unwrap().push(number);
                                        });
                                        Value { number, weight: old.weight % heaviest as u32 + 1 }
                                    });
                                    new.map_or(Op::Keep, Op::PutKeepTtl)
                                };
                                let stored =
                                    cache.compute(key, decide) == purekv::Computed::Replaced;
                                if let Some(last) = last {
                                    unless(stored, last);
                                }
                            }
                            12 => {
                                cache.set_ttl(&key, Duration::from_millis(random.below(9)));
                            }
                            13 => {
                                time.advance(Duration::from_micros(random.below(100)));
                                cache.advance();
                            }
                            14 if random.once_in(50) => cache.clear(),
                            14 if random.once_in(50) => {
                                cache.retain(|key, _| !key.is_multiple_of(3))
                            }
                            14 if change_capacity && random.once_in(20) => {
                                cache.set_max_capacity(capacity / (1 + random.below(4)));
                            }
                            _ => {
                                cache.persist(&key);
                            }
                        }
                        // At most one entry for each thread that is inserting.
                        assert!(cache.weight() <= capacity + THREADS * heaviest);
                    }
                });
            }
        });
        cache.set_max_capacity(capacity);
        // What is due and not removed yet is counted and not walked over.
        cache.advance();
        check(&cache, capacity);
    }
    let left = departures.left.lock().unwrap();
    assert!(left.values().all(|&times| times == 1), "told twice of one entry");
    let stats = cache.stats();
    let counted = [stats.expired, stats.evicted, stats.replaced, stats.removed, stats.cleared];
    let told = departures.by_cause.iter().map(|count| count.load(Relaxed) as usize);
    // Who was replaced by what was due at once has left by removal.
    assert_eq!(told.clone().sum::<usize>(), counted.iter().sum::<usize>());
    let here = check(&cache, capacity);
    assert!(here.iter().all(|value| !left.contains_key(&value.number)), "it has left and is here");
    let refused = refused.into_inner().unwrap();
    assert!(refused.iter().all(|number| !left.contains_key(number)), "it was never here");
    assert_eq!(numbers.into_inner() as usize, left.len() + here.len() + refused.len());
    assert_eq!(stats.listener_panics, 0);
}

#[test]
fn of_few_keys() {
    work(8, 1, 4, false);
}

#[test]
fn of_few_keys_with_weights() {
    work(16, 10, 50, false);
}

#[test]
fn of_many_keys() {
    work(2000, 1, 500, false);
}

#[test]
fn of_many_keys_with_weights() {
    work(2000, 50, 5000, false);
}

#[test]
fn while_the_capacity_changes() {
    work(500, 20, 2000, true);
}

#[test]
fn of_a_capacity_that_is_never_reached() {
    work(200, 1, 100_000, false);
}

#[test]
fn of_a_single_entry() {
    work(4, 1, 1, false);
}
