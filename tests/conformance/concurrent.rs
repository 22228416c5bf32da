//! Several threads at once. Short, and made so that whatever the interleaving there is one right answer.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use crate::*;

tests![
    threads_on_their_own_keys,
    threads_on_shared_keys,
    counters_add_up,
    insert_if_absent_is_won_once,
    remove_is_won_once,
    what_is_there_stays_findable_while_others_grow,
    iteration_beside_writers,
    retain_beside_writers,
    nobody_sees_an_entry_after_its_instant,
    expiry_beside_renewal,
    clearing_beside_writers,
];

const THREADS: u32 = 4;

/// Runs `work` on [`THREADS`] threads, each with its number; what they return.
fn on_threads<R: Send>(work: impl Fn(u32) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            (0..THREADS).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A cheap source of arbitrary numbers.
fn numbers(seed: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(u64::from(seed) * 2 + 1), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .map(|state| (state >> 33) as u32)
}

fn threads_on_their_own_keys<S: Subject>() {
    let (cache, _) = S::fresh();
    on_threads(|thread| {
        let mut mine = BTreeMap::new();
        for number in numbers(thread).take(5_000) {
            let name = key(number % 256 * THREADS + thread);
            let value = key(number).to_vec();
            match number >> 8 & 3 {
                0 => assert_eq!(cache.remove(&name), mine.remove(&name)),
                1 => assert_eq!(cache.get(&name), mine.get(&name).cloned()),
                _ => {
                    cache.insert(&name, &value);
                    mine.insert(name, value);
                }
            }
        }
        for (name, value) in mine {
            assert_eq!(cache.remove(&name), Some(value));
        }
    });
    assert_eq!(cache.len(), 0);
}

fn threads_on_shared_keys<S: Subject>() {
    let (cache, _) = S::fresh();
    on_threads(|thread| {
        for number in numbers(thread).take(5_000) {
            let name = key(number % 8);
            // Only whole values that belong to this very key may be seen.
            let check = |value: &[u8]| {
                let expected = value.first().copied().unwrap_or(0);
                assert!(!value.is_empty() && value.iter().all(|&byte| byte == expected));
                assert_eq!(u32::from(expected) % 8, number % 8);
            };
            let value = vec![(number % 8 + thread * 8) as u8; 1 + number as usize % 100];
            match number >> 8 & 7 {
                0 => drop(cache.remove(&name).as_deref().map(check)),
                1 => cache.insert_with_ttl(&name, &value, SECOND),
                2 => drop(cache.insert_if_absent(&name, &value)),
                3 => drop(cache.compute(&name, |old| {
                    old.map(check);
                    Op::Put(value.clone())
                })),
                4 => cache.insert(&name, &value),
                _ => drop(cache.read(&name, check)),
            }
        }
    });
    assert!(cache.len() <= 8);
    assert_eq!(cache.len(), contents(&cache).len());
}

fn counters_add_up<S: Subject>() {
    const ROUNDS: u32 = 2_000;
    let (cache, _) = S::fresh();
    on_threads(|_| {
        for round in 0..ROUNDS {
            cache.compute(&key(round % 3), |value| {
                let count = value.map_or(0, |value| u32::from_be_bytes(value.try_into().unwrap()));
                Op::Put(key(count + 1).to_vec())
            });
        }
    });
    let sum: u32 = contents(&cache)
        .into_iter()
        .map(|(_, value)| u32::from_be_bytes(value.try_into().unwrap()))
        .sum();
    assert_eq!(sum, THREADS * ROUNDS);
}

/// All threads do `contend(round, thread)` at about the same time; how often it was true in each round.
fn winners(rounds: u32, contend: impl Fn(u32, u32) -> bool + Sync) -> Vec<u32> {
    let start = Barrier::new(THREADS as usize);
    let won = on_threads(|thread| {
        start.wait();
        (0..rounds).map(|round| u32::from(contend(round, thread))).collect::<Vec<_>>()
    });
    (0..rounds as usize).map(|round| won.iter().map(|won| won[round]).sum()).collect()
}

fn insert_if_absent_is_won_once<S: Subject>() {
    let rounds = S::many(3_000);
    let (cache, _) = S::fresh();
    let won = winners(rounds, |round, thread| {
        let won = cache.insert_if_absent(&key(round), &key(thread));
        if won {
            assert_eq!(cache.get(&key(round)).as_deref(), Some(&key(thread)[..]));
        }
        won
    });
    assert!(won.iter().all(|&times| times == 1));
    assert_eq!(cache.len(), rounds as usize);
}

fn remove_is_won_once<S: Subject>() {
    let rounds = S::many(3_000);
    let (cache, _) = S::fresh();
    for round in 0..rounds {
        cache.insert(&key(round), b"value");
    }
    let won = winners(rounds, |round, _| cache.remove(&key(round)).is_some());
    assert!(won.iter().all(|&times| times == 1));
    assert_eq!(cache.len(), 0);
}

fn what_is_there_stays_findable_while_others_grow<S: Subject>() {
    const STABLE: u32 = 500;
    let (cache, _) = S::fresh();
    for number in 0..STABLE {
        cache.insert(&key(number), &key(number));
    }
    on_threads(|thread| {
        for number in 0..S::many(10_000) {
            if thread % 2 == 0 {
                cache.insert(&key(STABLE + number * THREADS + thread), b"value");
            } else {
                let stable = number % STABLE;
                assert!(cache.contains_key(&key(stable)), "{stable} was lost for a moment");
            }
        }
    });
    assert_eq!(cache.len() as u32, STABLE + S::many(10_000) * THREADS / 2);
}

/// Runs `look` once on each odd thread for each of a few turns, while the even ones insert and remove keys from 1000 up.
fn beside_writers<C: Kv>(cache: &C, look: impl Fn(&C) + Sync) {
    for number in 0..1000 {
        cache.insert(&key(number), b"stays");
    }
    on_threads(|thread| {
        if thread % 2 == 1 {
            (0..5).for_each(|_| look(cache));
            return;
        }
        for number in 1000..8000 {
            let name = key(number * THREADS + thread);
            cache.insert(&name, b"comes");
            if number % 2 == 0 {
                assert_eq!(cache.remove(&name).as_deref(), Some(&b"comes"[..]));
            }
        }
    });
}

fn iteration_beside_writers<S: Subject>() {
    let (cache, _) = S::fresh();
    beside_writers(&cache, |cache| {
        let mut visited = BTreeMap::new();
        cache.for_each(|key, _| *visited.entry(key.to_vec()).or_insert(0) += 1);
        assert!(visited.values().all(|&times| times == 1), "visited twice");
        assert!((0..1000).all(|number| visited.contains_key(&key(number)[..])), "missed");
    });
    assert_eq!(cache.len(), 1000 + 7000);
}

fn retain_beside_writers<S: Subject>() {
    let (cache, _) = S::fresh();
    beside_writers(&cache, |cache| cache.retain(|_, value| value == b"stays" || value == b"comes"));
    assert_eq!(cache.len(), 1000 + 7000);
    cache.retain(|_, value| value == b"stays");
    assert_eq!(cache.len(), 1000);
}

fn nobody_sees_an_entry_after_its_instant<S: Subject>() {
    let (cache, time) = S::fresh();
    on_threads(|thread| {
        for number in numbers(thread).take(5_000) {
            let name = key(number % 4);
            match thread {
                // One thread alone moves the clock and writes, so that each value can say exactly when it is due.
                0 => {
                    let ttl = Duration::from_micros(u64::from(number >> 8) % 5000);
                    let due = (time.elapsed() + ttl).as_nanos();
                    cache.insert_with_ttl(&name, &due.to_be_bytes(), ttl);
                    time.advance(Duration::from_micros(u64::from(number % 1000)));
                }
                1 => drop(cache.advance()),
                _ => {
                    let before = time.elapsed().as_nanos();
                    cache.read(&name, |value| {
                        let due = u128::from_be_bytes(value.try_into().unwrap());
                        assert!(due > before, "seen {} ns late", before - due);
                    });
                }
            }
        }
    });
}

fn expiry_beside_renewal<S: Subject>() {
    const KEYS: u32 = 64;
    let (cache, time) = S::fresh();
    for number in 0..KEYS {
        cache.insert_with_ttl(&key(number), b"", 1000 * SECOND);
    }
    // Renewed every turn and due 1000 seconds later, while time goes 300 seconds in all: none may be lost.
    on_threads(|thread| {
        for turn in numbers(thread).take(3_000) {
            let name = key(turn % KEYS);
            match thread {
                0 => {
                    time.advance(SECOND / 10);
                    assert_eq!(cache.advance(), 0);
                }
                1 => assert!(cache.set_ttl(&name, 1000 * SECOND)),
                2 => cache.insert_with_ttl(&name, b"", 1000 * SECOND),
                _ => assert!(cache.contains_key(&name)),
            }
        }
    });
    time.advance(2000 * SECOND);
    assert_eq!(cache.advance(), KEYS as usize, "each expires, and once");
    assert_eq!(cache.len(), 0);
}

fn clearing_beside_writers<S: Subject>() {
    let (cache, time) = S::fresh();
    on_threads(|thread| {
        for number in numbers(thread).take(3_000) {
            if thread == 0 && number % 100 == 0 {
                cache.clear();
            } else {
                cache.insert_with_ttl(&key(number % 1000), b"value", SECOND);
            }
        }
    });
    assert_eq!(cache.len(), contents(&cache).len());
    let left = cache.len();
    time.advance(2 * SECOND);
    assert_eq!(cache.advance(), left, "each that outlived the clearing expires");
    assert_eq!(cache.len(), 0);
}
