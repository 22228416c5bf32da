//! Loading: what is there already, what is due, and what has no room.

use std::thread;
use std::time::Duration;

use purekv::{Builder, Cache, Clock, LoadOptions, Store, Ttl};

use crate::folder::Folder;

#[test]
fn what_the_store_has_is_newer_and_stays() {
    let folder = Folder::new("present");
    let path = folder.file("dump");
    let store = Store::new();
    (0..100_u8).for_each(|key| store.insert(&[key], b"dumped"));
    store.dump(&path).unwrap();
    let store = Store::new();
    (0..30_u8).for_each(|key| store.insert(&[key], b"newer"));
    let report = store.load(&path).unwrap();
    assert_eq!((report.loaded, report.present, report.expired), (70, 30, 0));
    for key in 0..100_u8 {
        let expected = if key < 30 { &b"newer"[..] } else { b"dumped" };
        assert_eq!(store.get(&[key]).as_deref(), Some(expected));
    }
    assert_eq!(store.load(&path).unwrap().present, 100);
}

#[test]
fn what_was_due_meanwhile_is_not_loaded() {
    let folder = Folder::new("due");
    let path = folder.file("dump");
    let cache = Cache::<u32, u32>::new();
    for key in 0..100 {
        cache.insert_with_ttl(
            key,
            key,
            Duration::from_millis(if key < 60 { 1000 } else { 100_000 }),
        );
    }
    cache.dump(&path).unwrap();
    let snapshot = purekv::Snapshot::<u32, u32>::open(&path).unwrap();
    assert!(snapshot.get(&99).unwrap().is_some());
    while cache.contains_key(&0) {
        thread::park_timeout(Duration::from_millis(20));
    }
    // The two clocks may differ by a little.
    thread::park_timeout(Duration::from_millis(50));
    assert!(snapshot.get(&0).unwrap().is_none());
    assert!(snapshot.get(&99).unwrap().is_some());
    assert_eq!((snapshot.len(), snapshot.iter().count()), (100, 40));
    let loaded = Cache::<u32, u32>::new();
    let report = loaded.load(&path).unwrap();
    assert_eq!((report.loaded, report.expired), (40, 60));
}

/// With a manual clock, too, deadlines are as far from now as they were; the builder's time-to-live is for new entries.
#[test]
fn deadlines_are_those_of_the_dump() {
    let folder = Folder::new("deadlines");
    let path = folder.file("dump");
    let (clock, time) = Clock::manual();
    let store = Store::builder().clock(clock).build();
    time.advance(Duration::from_secs(1000));
    store.insert_with_ttl(b"limited", b"", Duration::from_secs(500));
    store.insert(b"unlimited", b"");
    time.advance(Duration::from_secs(100));
    store.dump(&path).unwrap();
    let (clock, time) = Clock::manual();
    let new = Store::builder().clock(clock).time_to_live(Duration::from_secs(1)).build();
    new.load(&path).unwrap();
    assert_eq!(new.ttl(b"unlimited"), Some(Ttl::Never));
    let Some(Ttl::Remaining(left)) = new.ttl(b"limited") else { panic!("it has a deadline") };
    assert!((350.0..=400.0).contains(&left.as_secs_f64()), "{left:?}");
    time.advance(left - Duration::from_nanos(1));
    assert!(new.contains_key(b"limited"));
    time.advance(Duration::from_nanos(1));
    assert!(!new.contains_key(b"limited"));
}

#[test]
fn idleness_and_the_time_to_live_behind_it_are_kept() {
    let folder = Folder::new("idle");
    let path = folder.file("dump");
    let (clock, time) = Clock::manual();
    let builder = |clock| {
        let idle: Builder<Cache<u8, u8>> = Cache::builder();
        idle.clock(clock).time_to_idle(Duration::from_secs(100))
    };
    let cache = builder(clock).build();
    cache.insert_with_ttl(1, 1, Duration::from_secs(150));
    cache.insert(2, 2);
    time.advance(Duration::from_secs(60));
    cache.dump(&path).unwrap();
    let (clock, time) = Clock::manual();
    let cache = builder(clock).build();
    assert_eq!(cache.load(&path).unwrap().loaded, 2);
    time.advance(Duration::from_secs(30));
    assert_eq!(
        cache.get(&1),
        Some(1),
        "40 s were left, and now 100 are, but its time-to-live is 60"
    );
    time.advance(Duration::from_secs(20));
    assert_eq!(cache.get(&2), None, "nobody has asked for it");
    assert_eq!(cache.get(&1), Some(1));
    time.advance(Duration::from_secs(41));
    assert_eq!(cache.get(&1), None);
}

#[test]
fn a_bound_is_kept_while_many_threads_load() {
    let folder = Folder::new("bound");
    let path = folder.file("dump");
    let cache = Cache::<u32, Vec<u8>>::new();
    for key in 0..20_000 {
        cache.insert(key, vec![key as u8; 200]);
    }
    cache.insert(u32::MAX, vec![0; 5000]);
    cache.dump(&path).unwrap();
    let weigh = |_: &u32, value: &Vec<u8>| value.len() as u32;
    let bounded = Cache::builder().max_capacity(4000).weigher(weigh).build();
    let report = bounded.load_with(&path, LoadOptions::new().threads(4)).unwrap();
    assert_eq!((report.loaded, report.too_heavy), (20_000, 1));
    assert!(bounded.weight() <= 4000, "{}", bounded.weight());
    assert!(bounded.len() >= 15, "{}", bounded.len());
    for (key, value) in bounded.iter() {
        assert_eq!(value, vec![key as u8; 200]);
    }
    let one = Cache::<u32, Vec<u8>>::new();
    assert_eq!(one.load_with(&path, LoadOptions::new().threads(0)).unwrap().loaded, 20_001);
}
