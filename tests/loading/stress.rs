//! Many threads: one load however many ask, all wake, and nothing is left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use purekv::Clock;

use crate::random::Random;
use crate::{Face, tests};

tests![
    sixty_four_threads_and_one_load,
    sixty_four_threads_and_one_error_each_load,
    sixty_four_threads_of_which_most_panic,
    anything_at_random,
];

const THREADS: usize = 64;

/// Runs `work` on [`THREADS`] threads that begin together, each with its number.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let threads = (0..THREADS).map(|number| {
            scope.spawn(move || {
                start.wait();
                work(number)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// As long as it takes others to come and wait.
fn take_some_time() {
    thread::park_timeout(Duration::from_millis(2));
}

fn sixty_four_threads_and_one_load<F: Face>() {
    let cache = F::make(Clock::system());
    for round in 0..20 {
        let loads = AtomicU32::new(0);
        let values = together(|_| {
            cache.load(round, || {
                take_some_time();
                loads.fetch_add(1, Ordering::SeqCst) + 100
            })
        });
        assert_eq!(values, [100; THREADS]);
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }
    assert_eq!(cache.stats().load_successes, 20);
    cache.assert_at_rest();
}

fn sixty_four_threads_and_one_error_each_load<F: Face>() {
    let cache = F::make(Clock::system());
    let loads = AtomicU32::new(0);
    let errors = together(|_| {
        cache
            .try_load(1, || {
                take_some_time();
                Err(loads.fetch_add(1, Ordering::SeqCst))
            })
            .unwrap_err()
    });
    let count = loads.load(Ordering::SeqCst);
    let mut seen: Vec<u32> = errors.iter().map(|error| **error).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..count).collect::<Vec<_>>(), "each error goes to somebody");
    assert_eq!(cache.stats().load_failures, u64::from(count));
    cache.assert_at_rest();
}

fn sixty_four_threads_of_which_most_panic<F: Face>() {
    let cache = F::make(Clock::system());
    let panics = AtomicUsize::new(0);
    let values = together(|number| {
        let load = || {
            if number % 16 == 0 {
                return 100;
            }
            panics.fetch_add(1, Ordering::SeqCst);
            // Without a message for each of them.
            std::panic::resume_unwind(Box::new(()))
        };
        catch_unwind(AssertUnwindSafe(|| cache.load(1, load))).ok()
    });
    assert!(values.iter().flatten().all(|&value| value == 100));
    let without = values.iter().filter(|value| value.is_none()).count();
    assert_eq!(without, panics.load(Ordering::SeqCst), "a panic is its own thread's alone");
    assert_eq!(cache.get(1), Some(100));
    cache.assert_at_rest();
}

/// A value is its key, a thousand times, and some number below that.
fn value(key: u32, random: &mut Random) -> u32 {
    key * 1000 + random.below(1000) as u32
}

fn check(key: u32, value: u32) {
    assert_eq!(value / 1000, key, "a value that was never loaded or inserted for this key");
}

/// Loads that bring something, fail and panic, refreshes, insertions and removals, on few keys and on many.
fn anything_at_random<F: Face>() {
    const THREADS: u64 = 8;
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    let random = Random::new(0x10ad);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, time, mut random) = (cache.clone(), time.clone(), random.fork(thread));
            scope.spawn(move || {
                for _ in 0..3_000 {
                    let keys = if random.once_in(4) { 200 } else { 3 };
                    step(&cache, &mut random, keys);
                    time.advance(Duration::from_micros(random.below(30)));
                }
            });
        }
    });
    cache.assert_at_rest();
    for key in 0..200 {
        let value = cache.load(key, || key * 1000);
        check(key, value);
    }
}

fn step<F: Face>(cache: &F, random: &mut Random, keys: u64) {
    let key = random.below(keys) as u32;
    let value = value(key, random);
    let ttl = random.once_in(2).then(|| Duration::from_micros(random.below(500)));
    match random.below(12) {
        0 => cache.insert(key, value),
        1 => drop(cache.remove(key).inspect(|&value| check(key, value))),
        2 if random.once_in(20) => cache.clear(),
        2 => cache.put_by_compute(key, value),
        3 => {
            let failed = cache.try_load(key, || Err::<u32, _>(key)).map_err(|error| *error);
            check(key, failed.unwrap_or_else(|error| error * 1000));
        }
        4 => {
            let load = || std::panic::resume_unwind(Box::new(()));
            let loaded = catch_unwind(AssertUnwindSafe(|| cache.load(key, load)));
            check(key, loaded.unwrap_or(key * 1000));
        }
        5 | 6 => {
            let ahead = Duration::from_micros(random.below(200));
            check(key, cache.refresh(key, ahead, || (value, ttl)));
        }
        7 => {
            let ahead = Duration::from_micros(random.below(200));
            let loaded = cache.try_refresh(key, ahead, || Err("failed"));
            check(key, loaded.unwrap_or(key * 1000));
        }
        8 => {
            let loaded = cache.load(key, || {
                thread::yield_now();
                value
            });
            check(key, loaded);
        }
        9 => drop(cache.get(key).inspect(|&value| check(key, value))),
        _ => check(key, cache.load_with_ttl(key, || (value, ttl))),
    }
}
