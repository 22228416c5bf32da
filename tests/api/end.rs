//! The end of a cache: its thread stops at once, and every value is dropped, once.

use std::time::{Duration, Instant};

use purekv::{Cache, Expiry};

use crate::counted::{Counted, Drops};
use crate::{SECOND, eventually};

const VALUES: usize = 5_000;

/// A cache with [`VALUES`] values, half of them with a time-to-live of hours.
fn filled(drops: &Drops, expiry: Expiry) -> Cache<usize, Counted> {
    let cache = Cache::builder().expiry(expiry).build();
    for number in 0..VALUES {
        if number % 2 == 0 {
            cache.insert(number, drops.value(number));
        } else {
            cache.insert_with_ttl(number, drops.value(number), 3600 * SECOND);
        }
    }
    cache
}

#[test]
fn the_last_handle_drops_every_value_before_it_returns() {
    for expiry in [Expiry::Background, Expiry::Manual, Expiry::Off] {
        let drops = Drops::default();
        let cache = filled(&drops, expiry);
        assert_eq!(drops.count(), 0, "growing drops nothing");
        drop(cache);
        assert_eq!(drops.count(), VALUES, "{expiry:?}");
    }
}

#[test]
fn what_was_removed_and_replaced_is_dropped_once_too() {
    let drops = Drops::default();
    let cache = filled(&drops, Expiry::Background);
    for number in 0..1_000 {
        assert!(cache.invalidate(&number));
        cache.insert(number + 1_000, drops.value(number));
    }
    assert!(!cache.insert_if_absent(2_000, drops.value(0)), "a refused value is dropped as well");
    cache.insert_with_ttl(2_000, drops.value(0), Duration::ZERO);
    drop(cache);
    drops.await_count(VALUES + 1_002);
}

#[test]
fn another_handle_keeps_everything() {
    let drops = Drops::default();
    let cache = filled(&drops, Expiry::Background);
    let other = cache.clone();
    drop(cache);
    assert_eq!(drops.count(), 0);
    assert_eq!(other.read(&7, |value| value.number), Some(7));
    drop(other);
    assert_eq!(drops.count(), VALUES);
}

#[test]
fn the_last_handle_may_be_dropped_on_another_thread() {
    let drops = Drops::default();
    let cache = filled(&drops, Expiry::Background);
    let moved = cache.clone();
    let other = std::thread::spawn(move || {
        assert!(moved.contains_key(&1));
        drop(moved);
    });
    drop(cache);
    other.join().unwrap();
    assert_eq!(drops.count(), VALUES);
}

#[test]
fn the_background_thread_ends_at_once() {
    // It would rest for a second at a time.
    const CACHES: u32 = 8;
    let begun = Instant::now();
    for _ in 0..CACHES {
        let cache = Cache::builder().tick(3600 * SECOND).build();
        cache.insert_with_ttl((), (), 7200 * SECOND);
        drop(cache);
    }
    assert!(begun.elapsed() < CACHES * SECOND / 2, "{:?}", begun.elapsed());
}

/// A value that keeps the cache it is in, so that the last handle goes when the entry does.
struct Keeper {
    _cache: Cache<u8, Keeper>,
    _value: Counted,
}

#[test]
fn a_value_may_hold_the_last_handle() {
    let drops = Drops::default();
    let cache = Cache::new();
    let keeper = |number| Keeper { _cache: cache.clone(), _value: drops.value(number) };
    cache.insert_with_ttl(0, keeper(0), Duration::from_millis(1));
    cache.insert_with_ttl(1, keeper(1), Duration::from_millis(3));
    drop(cache);
    // Nobody but the cache's own thread is left to remove them, and it has to end itself.
    eventually("both values are dropped", || drops.count() == 2);
}
