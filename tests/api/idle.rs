//! Time-to-idle, on both faces, by a clock that the tests move.

use std::thread;
use std::time::Duration;

use purekv::{Builder, Cache, Clock, Expiry, Face, Kv, ManualClock, Op, Store, Ttl};

use crate::SECOND;

/// The grain by which an entry in use may be absent early: a tick, with these settings.
const TICK: Duration = Duration::from_millis(1);
const NANOSECOND: Duration = Duration::from_nanos(1);

fn idle<F: Face>(builder: Builder<F>) -> (Builder<F>, ManualClock) {
    let (clock, time) = Clock::manual();
    (builder.clock(clock).expiry(Expiry::Manual).time_to_idle(10 * SECOND), time)
}

/// Runs a test on a store and on a cache, whose builders `settings` completes.
macro_rules! on_both {
    ($test:ident, |$builder:ident| $settings:expr) => {{
        let ($builder, time) = idle(Store::builder());
        $test(&$settings.build(), &time);
        let ($builder, time) = idle(Cache::<Vec<u8>, Vec<u8>>::builder());
        $test(&$settings.build(), &time);
    }};
}

#[test]
fn what_nobody_asks_for_is_absent_from_its_instant() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        cache.insert(b"key", b"value");
        time.advance(10 * SECOND - NANOSECOND);
        assert!(cache.contains_key(b"key"));
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(NANOSECOND)));
        time.advance(NANOSECOND);
        assert!(!cache.contains_key(b"key"));
        assert_eq!((cache.get(b"key"), cache.len()), (None, 0));
    }
    on_both!(test, |builder| builder);
}

#[test]
fn every_use_puts_it_off() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        let left = || cache.ttl(b"key");
        cache.insert(b"key", b"value");
        let uses: [&dyn Fn(); 5] = [
            &|| drop(cache.get(b"key")),
            &|| assert_eq!(cache.read(b"key", <[u8]>::len), Some(5)),
            &|| drop(cache.get_many(&[b"other", b"key"])),
            &|| assert!(cache.update(b"key", |value| value.to_vec())),
            &|| cache.insert(b"key", b"value"),
        ];
        for (number, used) in uses.iter().enumerate() {
            time.advance(9 * SECOND);
            assert_eq!(left(), Some(Ttl::Remaining(SECOND)), "{number}");
            used();
            assert_eq!(left(), Some(Ttl::Remaining(10 * SECOND)), "{number}");
        }
        // These are none.
        time.advance(9 * SECOND);
        cache.contains_key(b"key");
        cache.compute(b"key", |_| Op::Keep);
        assert_eq!(left(), Some(Ttl::Remaining(SECOND)));
    }
    on_both!(test, |builder| builder);
}

#[test]
fn views_put_it_off() {
    let (builder, time) = idle(Store::builder());
    let store = builder.build();
    store.insert(b"key", b"value");
    time.advance(9 * SECOND);
    assert!(store.pin().get(b"key").is_some());
    time.advance(9 * SECOND);
    assert!(store.pin().get(b"key").is_some());
    time.advance(10 * SECOND);
    assert!(store.pin().get(b"key").is_none());
}

#[test]
fn uses_close_together_are_one() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        cache.insert(b"key", b"value");
        time.advance(TICK / 2);
        cache.get(b"key");
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(10 * SECOND - TICK / 2)));
        time.advance(TICK / 2);
        cache.get(b"key");
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(10 * SECOND)));
    }
    on_both!(test, |builder| builder);
}

#[test]
fn the_time_to_live_ends_it_all_the_same() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        cache.insert(b"default", b"");
        cache.insert_with_ttl(b"own", b"", 12 * SECOND);
        for second in 0..25 {
            assert_eq!(cache.get(b"default").is_some(), second < 25);
            assert_eq!(cache.get(b"own").is_some(), second < 12, "{second}");
            // The earlier of the two.
            let left = (25 - second).min(10) * SECOND;
            assert_eq!(cache.ttl(b"default"), Some(Ttl::Remaining(left)));
            time.advance(SECOND);
        }
        assert_eq!((cache.get(b"default"), cache.len()), (None, 0));
    }
    on_both!(test, |builder| builder.time_to_live(25 * SECOND));
}

#[test]
fn the_time_to_live_can_be_changed() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        cache.insert(b"key", b"");
        assert!(cache.set_ttl(b"key", 5 * SECOND));
        cache.get(b"key");
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(5 * SECOND)));
        // An update keeps it.
        assert!(cache.update(b"key", <[u8]>::to_vec));
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(5 * SECOND)));
        assert!(cache.set_ttl(b"key", 15 * SECOND));
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(10 * SECOND)));
        time.advance(8 * SECOND);
        cache.get(b"key");
        assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(7 * SECOND)));
        assert!(cache.persist(b"key"));
        for _ in 0..10 {
            time.advance(9 * SECOND);
            assert!(cache.get(b"key").is_some());
        }
        time.advance(10 * SECOND);
        assert!(cache.get(b"key").is_none());
    }
    on_both!(test, |builder| builder);
}

#[test]
fn idle_entries_go_by_themselves_and_used_ones_stay() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        for number in 0..1000_u32 {
            cache.insert(&number.to_le_bytes(), b"value");
        }
        for _ in 0..30 {
            time.advance(SECOND);
            for number in (0..1000_u32).step_by(10) {
                assert!(cache.get(&number.to_le_bytes()).is_some());
            }
            cache.advance();
        }
        assert_eq!(cache.len(), 100);
        time.advance(10 * SECOND);
        assert_eq!((cache.advance(), cache.len()), (100, 0));
    }
    on_both!(test, |builder| builder);
}

#[test]
fn entries_of_all_sizes_have_room_for_it() {
    let (builder, time) = idle(Store::builder());
    let store = builder.time_to_live(15 * SECOND).build();
    let sizes = [0, 1, 7, 8, 9, 254, 255, 256, 65_534, 65_535, 65_536, 1 << 20];
    let keys: Vec<Vec<u8>> =
        (0..).zip(sizes).map(|(number, size)| vec![number; size.min(3000) + 1]).collect();
    for (key, &size) in keys.iter().zip(&sizes) {
        store.insert(key, &vec![7; size]);
    }
    for second in 1..15 {
        time.advance(SECOND);
        for (key, &size) in keys.iter().zip(&sizes) {
            assert_eq!(store.read(key, <[u8]>::len), Some(size), "{second}");
        }
    }
    time.advance(SECOND);
    store.advance();
    assert_eq!(store.len(), 0);
}

#[test]
fn none_at_all_is_due_at_once() {
    let cache = Cache::builder().time_to_idle(Duration::ZERO).build();
    cache.insert(1, 1);
    assert_eq!((cache.get(&1), cache.len()), (None, 0));
}

/// Uses, changes of the time-to-live and updates by many threads; in the end the last one set holds.
#[test]
fn uses_and_changes_at_once() {
    fn test(cache: &impl Kv, time: &ManualClock) {
        for round in 0..40 {
            cache.insert(b"key", b"0");
            thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..20 {
                        time.advance(2 * TICK);
                        cache.get(b"key");
                    }
                });
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.update(b"key", <[u8]>::to_vec);
                    }
                });
                for ttl in (1..20).rev() {
                    assert!(cache.set_ttl(b"key", ttl * SECOND));
                }
            });
            let Some(Ttl::Remaining(left)) = cache.ttl(b"key") else { panic!("it is there") };
            assert!(left <= SECOND, "{round}: {left:?}");
            cache.get(b"key");
            time.advance(left);
            assert_eq!(cache.get(b"key"), None, "{round}");
        }
    }
    on_both!(test, |builder| builder);
}
