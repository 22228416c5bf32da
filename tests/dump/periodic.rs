//! Dumps that are made again and again.

use std::thread;
use std::time::{Duration, Instant};

use purekv::{Cache, DumpError, PeriodicDump, Snapshot, Store, StoreSnapshot};

use crate::folder::Folder;

/// Looks until `is_so`.
fn wait_for(dumps: &PeriodicDump, is_so: impl Fn(&purekv::DumpStatus) -> bool) {
    let begin = Instant::now();
    while !is_so(&dumps.status()) {
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", dumps.status());
        thread::yield_now();
    }
}

#[test]
fn a_store_is_dumped_again_and_again_until_that_is_dropped() {
    let folder = Folder::new("every");
    let path = folder.file("dump");
    let store = Store::new();
    store.insert(b"key", b"old");
    let dumps = store.dump_every(Duration::from_millis(1), &path).unwrap();
    wait_for(&dumps, |status| status.completed >= 1);
    store.insert(b"key", b"new");
    let so_far = dumps.status().completed;
    // One that was under way may not have it.
    wait_for(&dumps, |status| status.completed >= so_far + 2);
    let status = dumps.status();
    assert_eq!((status.failed, status.last.unwrap().1.entries), (0, 1));
    drop(dumps);
    assert_eq!(folder.names(), ["dump"]);
    let snapshot = StoreSnapshot::open(&path).unwrap();
    assert_eq!(snapshot.get(b"key").unwrap(), Some(&b"new"[..]));
    snapshot.verify().unwrap();
}

#[test]
fn a_cache_is_dumped_too_and_may_be_let_go() {
    let folder = Folder::new("every-typed");
    let path = folder.file("dump");
    let cache = Cache::<u64, String>::new();
    cache.insert(7, "seven".to_owned());
    let dumps = cache.dump_every(Duration::ZERO, &path).unwrap();
    drop(cache);
    wait_for(&dumps, |status| status.completed >= 3);
    drop(dumps);
    let snapshot = Snapshot::<u64, String>::open(&path).unwrap();
    assert_eq!(snapshot.get(&7).unwrap().unwrap().as_str(), "seven");
}

#[test]
fn what_fails_is_told_and_tried_again() {
    let folder = Folder::new("every-fails");
    let path = folder.file("missing").join("dump");
    let store = Store::new();
    store.insert(b"key", b"value");
    let dumps = store.dump_every(Duration::from_millis(1), &path).unwrap();
    wait_for(&dumps, |status| status.failed >= 2);
    let status = dumps.status();
    assert!(matches!(*status.last_error.unwrap().1, DumpError::Io { .. }));
    std::fs::create_dir(folder.file("missing")).unwrap();
    wait_for(&dumps, |status| status.completed >= 1);
    drop(dumps);
    assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 1);
}

#[test]
fn of_two_to_one_path_neither_harms_the_other() {
    let folder = Folder::new("every-two");
    let path = folder.file("dump");
    let store = Store::new();
    (0..1000_u32).for_each(|number| store.insert(&number.to_le_bytes(), &[7; 100]));
    let every = |_| store.dump_every(Duration::ZERO, &path).unwrap();
    let both = [0, 1].map(every);
    both.iter().for_each(|dumps| wait_for(dumps, |status| status.completed >= 5));
    for dumps in &both {
        if let Some((_, error)) = dumps.status().last_error {
            assert!(matches!(*error, DumpError::Busy { .. }), "{error}");
        }
    }
    drop(both);
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
    assert_eq!(folder.names(), ["dump"]);
}

#[test]
fn a_long_wait_ends_when_it_is_dropped() {
    let folder = Folder::new("every-year");
    let store = Store::new();
    let dumps = store.dump_every(Duration::from_secs(1 << 40), folder.file("dump")).unwrap();
    drop(dumps);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn one_that_is_under_way_is_given_up_and_leaves_nothing() {
    let folder = Folder::new("every-given-up");
    let path = folder.file("dump");
    let store = Store::new();
    (0..50_000_u32).for_each(|number| store.insert(&number.to_le_bytes(), &[7; 100]));
    for _ in 0..20 {
        let dumps = store.dump_every(Duration::ZERO, &path).unwrap();
        let begin = Instant::now();
        while folder.names().is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(60));
        }
        drop(dumps);
        assert!(folder.names().iter().all(|name| name == "dump"), "{:?}", folder.names());
        if path.exists() {
            assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 50_000);
            std::fs::remove_file(&path).unwrap();
        }
    }
}
