//! One thing at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use purekv::{
    Builder, Cache, Clock, Computed, Expiration, Expiry, Op, Snapshot, Store, StoreSnapshot, Ttl,
};

use crate::folder::Folder;

const HOUR: Duration = Duration::from_secs(3600);

fn key(number: u32) -> [u8; 8] {
    u64::from(number).to_be_bytes()
}

fn value(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(12)
}

/// A dump of `entries`, every third with an hour to live.
fn dumped(folder: &Folder, entries: u32) -> StoreSnapshot {
    let (path, store) = (folder.file("store.dump"), Store::new());
    for number in 0..entries {
        match number % 3 {
            0 => store.insert_with_ttl(&key(number), &value(number), HOUR),
            _ => store.insert(&key(number), &value(number)),
        }
    }
    store.dump(&path).expect("a dump");
    StoreSnapshot::open(&path).expect("what was dumped")
}

/// Nothing in it happens by itself.
fn still(builder: Builder<Store>) -> Builder<Store> {
    builder.clock(Clock::manual().0).expiry(Expiry::Manual)
}

#[test]
fn each_operation_finds_what_was_dumped() {
    let folder = Folder::new("warm-operations");
    let store = still(Store::builder()).warm_from(dumped(&folder, 100)).record_stats().build();
    assert!(store.is_warming() && store.is_empty());
    assert_eq!(store.stats().cold, 100);

    assert_eq!(store.get(&key(1)), Some(value(1)));
    assert_eq!(store.pin().get(&key(2)), Some(&value(2)[..]));
    assert_eq!(
        store.get_many(&[&key(4), b"none", &key(1)]),
        [Some(value(4)), None, Some(value(1))]
    );
    assert_eq!((store.len(), store.stats().cold), (3, 97));
    assert_eq!((store.stats().hits, store.stats().misses), (Some(4), Some(1)));

    assert!(store.contains_key(&key(5)) && !store.contains_key(b"none"));
    assert!(matches!(store.ttl(&key(6)), Some(Ttl::Remaining(left)) if left <= HOUR));
    assert_eq!(store.ttl(&key(7)), Some(Ttl::Never));
    assert_eq!(store.len(), 3, "to look whether it is there is no use of it");

    assert_eq!(store.remove(&key(10)), Some(value(10)));
    assert_eq!(store.get(&key(10)), None);
    assert!(!store.insert_if_absent(&key(11), b"new"));
    store.insert(&key(12), b"new");
    assert_eq!(
        (store.get(&key(12)).as_deref(), store.ttl(&key(12))),
        (Some(&b"new"[..]), Some(Ttl::Never))
    );
    assert!(store.set_ttl(&key(13), HOUR) && store.persist(&key(15)));
    assert_eq!(store.ttl(&key(15)), Some(Ttl::Never));
    assert!(store.set_ttl(&key(14), Duration::ZERO));
    assert_eq!(store.get(&key(14)), None);
    let doubled = store.compute(&key(16), |old| Op::Put(old.expect("it is there").repeat(2)));
    assert_eq!((doubled, store.get(&key(16))), (Computed::Replaced, Some(value(16).repeat(2))));
    assert!(store.update(&key(18), |old| old[1..].to_vec()));
    assert!(matches!(store.ttl(&key(18)), Some(Ttl::Remaining(_))));
    assert_eq!(store.get_or_insert_with(&key(19), || unreachable!("it is there")), value(19));
    let load = || (b"fresh".to_vec(), None);
    assert_eq!(
        store.get_or_refresh_with(&key(21), HOUR / 2, || unreachable!("it is fresh")),
        value(21)
    );
    assert_eq!(store.get_or_refresh_with(&key(24), 2 * HOUR, load), b"fresh");
    assert_eq!(store.get(&key(24)).as_deref(), Some(&b"fresh"[..]));

    let before = store.len();
    assert_eq!(store.hydrate(), store.len() - before);
    assert!(!store.is_warming());
    assert_eq!((store.len(), store.stats().cold, store.hydrate()), (98, 0, 0));
    assert_eq!(store.get(&key(10)), None);
    assert_eq!(store.stats().warming_errors, 0);
    assert!(store.warming_error().is_none());
}

#[test]
fn what_visits_all_brings_all() {
    let folder = Folder::new("warm-all");
    let path = folder.file("again.dump");
    let warm = || {
        let store = still(Store::builder()).warm_from(dumped(&folder, 5000)).build();
        store.remove(&key(7));
        store
    };
    assert_eq!(warm().iter().count(), 4999);
    assert_eq!(warm().dump(&path).expect("a dump").entries, 4999);
    let store = warm();
    store.retain(|found, _| found[7] % 2 == 0);
    assert_eq!((store.len(), store.get(&key(9)), store.get(&key(8))), (2500, None, Some(value(8))));
    let store = warm();
    assert_eq!(store.load(&path).expect("a load").present, 4999);
    assert_eq!(store.len(), 4999);
}

#[test]
fn what_is_cleared_is_gone() {
    let folder = Folder::new("warm-clear");
    let store = still(Store::builder()).warm_from(dumped(&folder, 1000)).build();
    assert!(store.contains_key(&key(3)) && store.get(&key(4)).is_some());
    store.clear();
    assert!(!store.is_warming());
    assert_eq!((store.len(), store.hydrate(), store.iter().count()), (0, 0, 0));
    assert!((0..1000).all(|number| store.get(&key(number)).is_none()));
}

#[test]
fn deadlines_come_while_it_is_cold() {
    let folder = Folder::new("warm-deadlines");
    let (clock, time) = Clock::manual();
    let builder = Store::builder().clock(clock).warm_from(dumped(&folder, 9));
    let store = builder.build();
    time.advance(HOUR - Duration::from_secs(60));
    assert!(store.contains_key(&key(0)) && store.get(&key(3)).is_some());
    time.advance(Duration::from_secs(60));
    assert_eq!((store.get(&key(0)), store.get(&key(3)), store.ttl(&key(6))), (None, None, None));
    assert!(!store.set_ttl(&key(6), HOUR));
    assert_eq!(store.hydrate(), 6);
    assert_eq!(store.len(), 6);
}

/// As for a loaded one, time-to-idle runs from the start.
#[test]
fn idleness_counts_from_the_start() {
    let folder = Folder::new("warm-idle");
    let (clock, time) = Clock::manual();
    let builder = Store::builder().clock(clock).warm_from(dumped(&folder, 9)).time_to_idle(HOUR);
    let store = builder.build();
    time.advance(HOUR / 2);
    assert_eq!(store.get(&key(1)), Some(value(1)), "a use");
    time.advance(HOUR / 2);
    assert!(store.contains_key(&key(1)) && !store.contains_key(&key(2)));
    assert_eq!(store.hydrate(), 0);
}

#[test]
fn the_background_brings_all_and_lets_go() {
    let folder = Folder::new("warm-background");
    let store = Store::builder().warm_from(dumped(&folder, 20_000)).build();
    store.remove(&key(5));
    let begin = Instant::now();
    while store.is_warming() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not end");
        assert_eq!(store.get(&key(5)), None);
        assert_eq!(store.get(&key(7)), Some(value(7)));
    }
    assert_eq!((store.len(), store.stats().cold), (19_999, 0));
}

#[test]
fn it_does_not_hurry() {
    let folder = Folder::new("warm-rate");
    let begin = Instant::now();
    let store = Store::builder().warm_from(dumped(&folder, 5_000)).hydration_rate(100).build();
    let asleep = Store::builder().warm_from(dumped(&folder, 5_000)).hydration_rate(0).build();
    while store.len() < 10 {
        assert!(begin.elapsed() < Duration::from_secs(60), "it stands still");
        std::thread::yield_now();
    }
    let most = 64 + (begin.elapsed().as_secs_f64() * 100.0) as usize + 64;
    assert!(store.len() <= most, "{} > {most}", store.len());
    assert_eq!(asleep.len(), 0);
    let begin = Instant::now();
    drop(store);
    assert!(begin.elapsed() < Duration::from_secs(5), "it does not end when it is told to");
}

#[test]
fn nothing_is_evicted_for_what_nobody_asks_for() {
    let folder = Folder::new("warm-bounded");
    let evicted = Arc::new(AtomicUsize::new(0));
    let count = evicted.clone();
    let store = Store::builder()
        .max_capacity(100)
        .warm_from(dumped(&folder, 1000))
        .removal_listener(move |_, _, _| _ = count.fetch_add(1, Ordering::Relaxed))
        .build();
    let begin = Instant::now();
    while store.len() < 100 {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not fill");
        std::thread::yield_now();
    }
    assert_eq!(evicted.load(Ordering::Relaxed), 0);
    assert!(store.is_warming(), "there is more");
    // What is left is served, and evicts others.
    let found = (0..1000).filter(|&number| store.get(&key(number)) == Some(value(number))).count();
    assert!(found > 900, "{found}");
    assert!(store.len() <= 100 && evicted.load(Ordering::Relaxed) > 0);
    store.hydrate();
    assert!(!store.is_warming() && store.len() <= 100);
}

#[test]
fn what_is_too_heavy_is_absent() {
    let folder = Folder::new("warm-heavy");
    let (path, cache) = (folder.file("cache.dump"), Cache::<u32, u32>::new());
    (0..10).for_each(|number| cache.insert(number, number));
    cache.dump(&path).expect("a dump");
    let builder = Cache::builder().max_capacity(50).weigher(|_, value: &u32| *value * 10);
    let snapshot = Snapshot::open(&path).expect("what was dumped");
    let warm: Cache<u32, u32> = builder.clock(Clock::manual().0).warm_from(snapshot).build();
    assert_eq!((warm.get(&9), warm.get(&9), warm.get(&3)), (None, None, Some(3)));
    assert!(!warm.set_ttl(&8, HOUR));
}

#[test]
fn a_builder_gives_several() {
    let folder = Folder::new("warm-several");
    let builder = still(Store::builder()).warm_from(dumped(&folder, 10));
    let (one, other) = (builder.clone().build(), builder.build());
    one.clear();
    assert_eq!((one.get(&key(1)), other.get(&key(1))), (None, Some(value(1))));
}

#[test]
fn on_top_of_nothing() {
    let folder = Folder::new("warm-empty");
    let store = Store::builder().warm_from(dumped(&folder, 0)).build();
    assert!(!store.is_warming());
    assert_eq!((store.get(&key(1)), store.hydrate()), (None, 0));
}

#[test]
fn a_cache_with_types_of_its_own() {
    let folder = Folder::new("warm-types");
    let (path, cache) = (folder.file("cache.dump"), Cache::<String, Vec<Option<String>>>::new());
    let value = |number: u32| vec![None, Some(number.to_string())];
    for number in 0..3000 {
        cache.insert_with_ttl(format!("key {number}"), value(number), HOUR);
    }
    cache.dump(&path).expect("a dump");
    let open = || Snapshot::open(&path).expect("what was dumped");
    let warm = Cache::builder().clock(Clock::manual().0).warm_from(open()).build();
    assert_eq!(warm.get("key 7"), Some(value(7)));
    assert_eq!(warm.pin().get("key 8"), Some(&value(8)));
    assert_eq!(warm.remove("key 7"), Some(value(7)));
    assert_eq!(warm.get("key 7"), None);
    assert!(warm.update(&"key 9".to_owned(), |old| old[1..].to_vec()));
    assert_eq!(warm.get("key 9"), Some(vec![Some("9".to_owned())]));
    assert_eq!(warm.get_or_insert_with("key 10", || unreachable!("it is there")), value(10));
    assert!(matches!(warm.ttl("key 11"), Some(Ttl::Remaining(_))));
    assert_eq!(warm.iter().count(), 2999);
    assert!(!warm.is_warming());

    let background = Cache::builder().warm_from(open()).build();
    while background.is_warming() {
        assert_eq!(background.get("key 2999"), Some(value(2999)));
    }
    assert_eq!(background.len(), 3000);
}

/// A listener, and a destructor, that use the cache while an entry comes into it.
#[test]
fn what_is_called_on_the_way_may_use_the_cache() {
    let folder = Folder::new("warm-reentrant");
    let (send, receive) = std::sync::mpsc::channel::<Store>();
    let receive = std::sync::Mutex::new(receive);
    let handle = std::sync::OnceLock::<Store>::new();
    let store = still(Store::builder())
        .max_capacity(8)
        .warm_from(dumped(&folder, 600))
        .removal_listener(move |found, _, _| {
            let store = handle.get_or_init(|| receive.lock().unwrap().recv().unwrap());
            let number = u32::from(found[6]) << 8 | u32::from(found[7]);
            // Of the same stripe, among others.
            store.contains_key(&key(number ^ 1));
            store.ttl(&key((number + 256) % 600));
            store.invalidate(&key((number + 1) % 600));
        })
        .build();
    send.send(store.clone()).unwrap();
    (0..600).for_each(|number| _ = store.get(&key(number)));
    assert!(store.len() <= 8);
}

/// Shown by a scan, and left where they are.
#[test]
fn a_scan_shows_what_is_cold() {
    let folder = Folder::new("warm-scan");
    let store = still(Store::builder()).warm_from(dumped(&folder, 1_000)).build();
    let scan = |between: &dyn Fn()| {
        let (mut cursor, mut shown) = (0, std::collections::BTreeMap::new());
        loop {
            cursor = store.scan(cursor, 10, |key, entry| {
                let number = u64::from_be_bytes(key.try_into().unwrap()) as u32;
                assert!(entry.value() == value(number) || entry.value() == b"new");
                assert_eq!(entry.ttl() == Ttl::Never, !number.is_multiple_of(3) || number >= 1_000);
                *shown.entry(number).or_insert(0) += 1;
            });
            if cursor == 0 {
                return shown;
            }
            between();
        }
    };
    // Some are in memory already, one is gone, one is new.
    for number in [0, 7, 500, 999] {
        store.get(&key(number));
    }
    store.remove(&key(8));
    store.insert(&key(1_000), b"new");
    let wanted: Vec<u32> = (0..=1_000).filter(|&number| number != 8).collect();
    let shown = scan(&|| {});
    assert!(shown.keys().eq(&wanted) && shown.values().all(|&times| times == 1));
    assert_eq!((store.len(), store.stats().cold), (5, 995));
    // They come into memory meanwhile: each is shown, some of them twice.
    let next = std::cell::Cell::new(0);
    let shown = scan(&|| {
        for _ in 0..20 {
            store.get(&key(next.get() * 7 % 1_000));
            next.set(next.get() + 1);
        }
    });
    assert!(shown.keys().eq(&wanted) && shown.values().all(|&times| times <= 2));
    // And in the end all are, in the midst of a scan.
    let folder = Folder::new("warm-scan-end");
    let store = still(Store::builder()).warm_from(dumped(&folder, 1_000)).build();
    let mut shown = Vec::new();
    let number = |key: &[u8]| u64::from_be_bytes(key.try_into().unwrap());
    let mut cursor = store.scan(0, 10, |key, _| shown.push(number(key)));
    store.hydrate();
    while cursor != 0 {
        cursor = store.scan(cursor, 10, |key, _| shown.push(number(key)));
    }
    shown.sort_unstable();
    shown.dedup();
    assert!(shown.into_iter().eq(0..1_000));
}

#[test]
fn an_entry_by_chance_may_be_cold() {
    let folder = Folder::new("warm-random");
    let store = still(Store::builder()).warm_from(dumped(&folder, 50)).build();
    store.get(&key(3));
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..5_000 {
        drawn.insert(store.random_entry(|key, _| key.to_vec()).unwrap());
    }
    assert_eq!((drawn.len(), store.len()), (50, 1));
    assert_eq!(store.frequency(&key(4)), None, "without a bound");
    assert!(
        store.touch(&key(5))
            && store.update_ttl(&key(6), |_| Expiration::Never) == Computed::Retimed
    );
    assert_eq!(store.len(), 4, "those that were used, or changed, have come");
}
