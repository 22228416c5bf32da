//! Who removes what is due, and that its memory comes back.

use std::sync::mpsc;
use std::time::Duration;

use purekv::{Cache, Clock, Expiry, Store};

use crate::counted::Drops;
use crate::{SECOND, eventually};

#[test]
fn the_background_thread_removes_what_nobody_asks_for() {
    const COUNT: usize = 1_000;
    let drops = Drops::default();
    let cache = Cache::new();
    let store = Store::new();
    for number in 0..COUNT {
        let ttl = Duration::from_micros(number as u64 * 10);
        cache.insert_with_ttl(number, drops.value(number), ttl);
        store.insert_with_ttl(&number.to_ne_bytes(), b"value", ttl);
    }
    cache.insert(COUNT, drops.value(COUNT));
    eventually("only what does not expire is left", || cache.len() == 1 && store.is_empty());
    eventually("the values are dropped", || drops.count() == COUNT);
    assert!(cache.contains_key(&COUNT));
    let stats = store.stats();
    // Those that were due before they were stored never were entries.
    assert!(stats.expired < COUNT && stats.expired > COUNT / 2, "{}", stats.expired);
    assert_eq!(stats.expiry_lag.count(), stats.expired as u64);
}

#[test]
fn when_expiry_is_off_what_is_due_stays_until_it_is_met() {
    let (clock, time) = Clock::manual();
    let drops = Drops::default();
    let cache = Cache::builder().clock(clock).expiry(Expiry::Off).build();
    for number in 0..10 {
        cache.insert_with_ttl(number, drops.value(number), SECOND);
    }
    time.advance(SECOND);
    assert_eq!(cache.advance(), 0);
    assert_eq!((cache.len(), cache.stats().wheel_records), (10, 0));
    for number in 0..10 {
        assert!(!cache.contains_key(&number), "absent all the same");
        assert_eq!(cache.len(), 9 - number);
    }
    drops.await_count(10);
}

#[test]
fn with_a_manual_clock_nothing_goes_on_behind_the_scenes() {
    let (clock, time) = Clock::manual();
    let store = Store::builder().clock(clock).expiry(Expiry::Background).build();
    store.insert_with_ttl(b"key", b"value", SECOND);
    time.advance(SECOND);
    assert_eq!(store.len(), 1);
    assert_eq!(store.advance(), 1);
    assert_eq!(store.advance(), 0);
    assert_eq!(store.stats().expired, 1);
}

#[test]
fn memory_comes_back_from_a_thread_that_has_gone_idle() {
    const COUNT: usize = 10;
    let drops = Drops::default();
    let cache = Cache::new();
    let (done, is_done) = mpsc::channel();
    let (end, has_end) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (done, has_end) = (done, has_end);
            for number in 0..COUNT {
                cache.insert(number, drops.value(number));
                cache.invalidate(&number);
            }
            done.send(()).unwrap();
            // Idle, and still alive.
            has_end.recv().unwrap_err();
        });
        is_done.recv().unwrap();
        // This thread does nothing but look.
        eventually("the values are dropped", || drops.count() == COUNT);
        eventually("nothing is left to free", || cache.stats().retired_bytes == 0);
        drop(end);
    });
}

#[test]
fn what_waits_for_a_pinned_thread_is_seen_in_the_stats() {
    let drops = Drops::default();
    let cache = Cache::builder().expiry(Expiry::Manual).build();
    cache.insert(1, drops.value(1));
    let view = cache.pin();
    cache.invalidate(&1);
    cache.advance();
    assert_eq!(drops.count(), 0);
    assert!(cache.stats().retired_bytes > 0);
    drop(view);
    drops.await_count(1);
}
