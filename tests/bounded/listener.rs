//! Who is told that an entry has left: of each once, and why.

use std::sync::{Arc, Mutex};

use purekv::RemovalCause::{self, Cleared, Evicted, Expired, Removed, Replaced};
use purekv::{Cache, Expiry, Op, Store};

use crate::{SECOND, bounded};

type Told = Arc<Mutex<Vec<(u32, u32, RemovalCause)>>>;

/// A cache of at most `capacity`, and what its listener has been told.
fn told(capacity: u64) -> (Cache<u32, u32>, Told, purekv::ManualClock) {
    let told = Told::default();
    let (builder, time) = bounded(capacity);
    let listener = {
        let told = told.clone();
        move |&key: &u32, &value: &u32, cause| told.lock().unwrap().push((key, value, cause))
    };
    (builder.removal_listener(listener).build(), told, time)
}

fn take(told: &Told) -> Vec<(u32, u32, RemovalCause)> {
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    told.sort_by_key(|&(key, value, _)| (key, value));
    told
}

#[test]
fn each_way_to_leave_has_its_cause() {
    let (cache, told, time) = told(3);
    cache.insert(1, 10);
    assert_eq!(take(&told), []);
    cache.insert(1, 11);
    assert!(cache.update(&1, |value| value + 1));
    cache.compute(1, |_| Op::Put(13));
    assert_eq!(take(&told), [(1, 10, Replaced), (1, 11, Replaced), (1, 12, Replaced)]);
    cache.remove(&1);
    cache.insert(2, 20);
    cache.invalidate(&2);
    cache.insert(3, 30);
    cache.compute(3, |_| Op::Remove);
    cache.insert(4, 40);
    cache.set_ttl(&4, std::time::Duration::ZERO);
    cache.insert(5, 50);
    cache.retain(|_, _| false);
    let removed = [(1, 13), (2, 20), (3, 30), (4, 40), (5, 50)];
    assert_eq!(take(&told), removed.map(|(key, value)| (key, value, Removed)));
    cache.insert(6, 60);
    cache.clear();
    assert_eq!(take(&told), [(6, 60, Cleared)]);
    cache.insert_with_ttl(7, 70, SECOND);
    cache.insert_with_ttl(8, 80, SECOND);
    time.advance(SECOND);
    assert_eq!(cache.get(&7), None);
    assert_eq!(take(&told), [(7, 70, Expired)]);
    cache.advance();
    assert_eq!(take(&told), [(8, 80, Expired)]);
    for key in 10..15 {
        cache.insert(key, key);
    }
    assert_eq!(take(&told), [(10, 10, Evicted), (13, 13, Evicted)]);
    // Due at once: it takes what was there with it.
    cache.insert_with_ttl(14, 15, std::time::Duration::ZERO);
    assert_eq!(take(&told), [(14, 14, Replaced)]);
    let stats = cache.stats();
    assert_eq!(
        (stats.replaced, stats.removed, stats.cleared, stats.expired, stats.evicted),
        (4, 5, 1, 2, 2),
        "{stats:?}"
    );
}

#[test]
fn what_is_refused_for_its_weight_takes_the_old_value_with_it() {
    let told = Told::default();
    let listener = {
        let told = told.clone();
        move |&key: &u32, &value: &u32, cause| told.lock().unwrap().push((key, value, cause))
    };
    let builder = bounded(100).0.weigher(|_, &weight| weight).removal_listener(listener);
    let cache = builder.build();
    cache.insert(1, 50);
    cache.insert(1, 101);
    assert_eq!(take(&told), [(1, 50, Evicted)]);
}

#[test]
fn a_cache_without_a_bound_tells_too() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let told = told.clone();
        move |key: &[u8], value: &[u8], cause| {
            told.lock().unwrap().push((key.to_vec(), value.to_vec(), cause));
        }
    };
    let store = Store::builder().expiry(Expiry::Off).removal_listener(listener).build();
    store.insert(b"key", b"value");
    store.insert(b"key", b"other");
    store.remove(b"key");
    let expected = [(&b"key"[..], &b"value"[..], Replaced), (b"key", b"other", Removed)];
    let told = told.lock().unwrap();
    assert!(told.iter().map(|(k, v, cause)| (&k[..], &v[..], *cause)).eq(expected));
}

#[test]
fn the_end_of_a_cache_is_no_departure() {
    let (cache, told, _) = told(10);
    cache.insert(1, 1);
    drop(cache);
    assert_eq!(take(&told), []);
}

#[test]
fn a_panic_in_it_is_counted_and_goes_no_further() {
    let builder = bounded(10).0.removal_listener(|&key: &u32, (), _| {
        assert!(!key.is_multiple_of(2), "a listener panics, as this test wants it to");
    });
    let cache = builder.build();
    for key in 0..100 {
        cache.insert(key, ());
        assert!(cache.len() <= 10);
    }
    cache.clear();
    assert_eq!((cache.len(), cache.weight()), (0, 0));
    assert_eq!(cache.stats().listener_panics, 50);
}

#[test]
fn it_may_use_the_cache() {
    // Taken out in the end: it and its listener would keep each other.
    static CACHE: Mutex<Option<Cache<u32, u32>>> = Mutex::new(None);
    let listener = |&key: &u32, &value: &u32, cause| {
        let cache = CACHE.lock().unwrap().clone();
        if let Some(cache) = cache
            && cause == Evicted
            && key < 1_000_000
        {
            // Another key, which may evict in its turn; that one is left alone.
            cache.insert(1_000_000 + key, value);
            cache.get(&key);
            cache.remove(&(key + 1));
        }
    };
    let cache = bounded(10).0.removal_listener(listener).build();
    *CACHE.lock().unwrap() = Some(cache.clone());
    for key in 0..1000 {
        cache.insert(key, key);
        assert!(cache.len() <= 10);
    }
    assert_eq!(cache.weight(), cache.len() as u64);
    CACHE.lock().unwrap().take();
}

/// What a listener panics with may panic in turn, when it is dropped.
#[test]
fn a_panic_with_something_that_panics_is_no_different() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("what a listener has panicked with panics, as this test wants it to");
        }
    }

    let builder = bounded(10).0.removal_listener(|_: &u32, (), _| std::panic::panic_any(Bomb));
    let cache = builder.build();
    for key in 0..100 {
        cache.insert(key, ());
    }
    // An insert that was torn away from its eviction has left an entry that nobody can evict.
    cache.set_max_capacity(0);
    assert_eq!((cache.len(), cache.weight()), (0, 0));
    assert_eq!(cache.stats().listener_panics, 100);
}
