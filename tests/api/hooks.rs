//! A time-to-live by what an entry is, and by what is done with it.

use std::time::Duration;

use purekv::{Cache, Clock, Expiry, ManualClock, Op, Store, Ttl};

use crate::SECOND;

/// Values are their own time-to-live in seconds; 0 stands for the cache's.
fn cache() -> (Cache<u32, u64>, ManualClock) {
    let (clock, time) = Clock::manual();
    let builder = Cache::builder().clock(clock).expiry(Expiry::Manual).time_to_live(100 * SECOND);
    let ttl = |_: &u32, &seconds: &u64| (seconds > 0).then(|| Duration::from_secs(seconds));
    (builder.expire_after_write(ttl).build(), time)
}

fn left(cache: &Cache<u32, u64>, key: u32) -> Option<u64> {
    match cache.ttl(&key)? {
        Ttl::Remaining(left) => Some(left.as_secs()),
        Ttl::Never => None,
    }
}

#[test]
fn what_is_inserted_says_how_long_it_stays() {
    let (cache, time) = cache();
    cache.insert(1, 5);
    cache.insert(2, 0);
    cache.insert_with_ttl(3, 5, 7 * SECOND);
    cache.compute(4, |_| Op::Put(6));
    cache.get_or_insert_with(&5, || 8);
    assert!(cache.insert_if_absent(6, 9));
    let all = |keys: &[u32]| keys.iter().map(|&key| left(&cache, key)).collect::<Vec<_>>();
    assert_eq!(all(&[1, 2, 3, 4, 5, 6]), [5, 100, 7, 6, 8, 9].map(Some));
    cache.insert(1, 10);
    // An update keeps what was there.
    assert!(cache.update(&2, |_| 3));
    assert_eq!(all(&[1, 2]), [Some(10), Some(100)]);
    time.advance(5 * SECOND);
    cache.advance();
    assert_eq!(cache.len(), 6);
    time.advance(5 * SECOND);
    assert_eq!((cache.advance(), cache.len()), (5, 1));
}

#[test]
fn a_hit_may_change_it() {
    let (clock, time) = Clock::manual();
    let cache = Cache::builder()
        .clock(clock)
        .expiry(Expiry::Manual)
        .expire_after_read(|&key: &u32, &seconds: &u64, left: Option<Duration>| {
            assert_eq!(left.is_none(), key == 1);
            (seconds > 0).then(|| Duration::from_secs(seconds))
        })
        .build();
    cache.insert(1, 20);
    cache.insert_with_ttl(2, 20, 10 * SECOND);
    cache.insert_with_ttl(3, 1, 10 * SECOND);
    cache.insert_with_ttl(4, 0, 10 * SECOND);
    for key in 2..5 {
        assert_eq!(left(&cache, key), Some(10));
    }
    let view = cache.pin();
    assert_eq!((view.get(&1), view.get(&2)), (Some(&20), Some(&20)));
    drop(view);
    assert_eq!((cache.get(&3), cache.get(&4)), (Some(1), Some(0)));
    let now: Vec<_> = (2..5).map(|key| left(&cache, key)).collect();
    assert_eq!(now, [Some(20), Some(1), Some(10)]);
    // Sooner than the wheel had been told.
    time.advance(SECOND);
    assert_eq!((cache.advance(), cache.len()), (1, 3));
    time.advance(19 * SECOND);
    assert_eq!((cache.advance(), cache.len()), (2 + 1, 0));
}

#[test]
fn a_store_has_them_too() {
    let (clock, time) = Clock::manual();
    let store = Store::builder()
        .clock(clock)
        .expiry(Expiry::Manual)
        .expire_after_write(|_, value| Some(value.len() as u32 * SECOND))
        .expire_after_read(|key, _, _| (key == b"renewed").then_some(9 * SECOND))
        .build();
    store.insert(b"key", b"four");
    store.insert(b"renewed", b"four");
    assert_eq!(store.ttl(b"key"), Some(Ttl::Remaining(4 * SECOND)));
    assert!(store.get(b"key").is_some() && store.get(b"renewed").is_some());
    time.advance(4 * SECOND);
    assert!(!store.contains_key(b"key") && store.contains_key(b"renewed"));
}

#[test]
fn hits_and_misses_are_counted_if_that_is_wanted() {
    let store = Store::builder().record_stats().expiry(Expiry::Off).build();
    store.insert(b"key", b"value");
    assert_eq!((store.stats().hits, store.stats().misses), (Some(0), Some(0)));
    store.get(b"key");
    store.get(b"other");
    store.get_many(&[b"key", b"key", b"other"]);
    store.pin().get(b"key");
    // No look-ups for a value.
    store.contains_key(b"key");
    store.ttl(b"other");
    store.get_or_insert_with(b"other", || b"loaded".to_vec());
    store.get_or_insert_with(b"other", || unreachable!("it is there"));
    let stats = store.stats();
    assert_eq!((stats.hits, stats.misses), (Some(5), Some(3)));
    assert_eq!(stats.hit_ratio(), Some(5.0 / 8.0));
    let silent = Store::builder().expiry(Expiry::Off).build();
    silent.get(b"key");
    assert_eq!((silent.stats().hits, silent.stats().hit_ratio()), (None, None));
}
