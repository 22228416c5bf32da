//! What the policy knows is the same after a dump and a load, or a warm start: looked at from inside.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{LoadOptions, LoadReport};
use crate::cache::core::enter;
use crate::cache::{Builder, Cache, Expiry, Store};
use crate::clock::Clock;
use crate::engine::{Learnt, Standing};
use crate::snapshot::{Snapshot, StoreSnapshot};
use crate::table::Cursor;

const CAPACITY: u64 = 200;

/// All that could be chance is fixed.
type Numbers = Cache<u64, u64, ahash::RandomState>;

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("purekv-{name}-{}", std::process::id())))
    }
}

impl AsRef<Path> for File {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn builder() -> Builder<Cache<u64, u64>, ahash::RandomState> {
    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    Cache::builder().clock(Clock::manual().0).expiry(Expiry::Off).hasher(hasher)
}

fn bounded() -> Builder<Cache<u64, u64>, ahash::RandomState> {
    builder().max_capacity(CAPACITY)
}

/// Keys that come back soon after they went, and others that are asked for now and then: small has grown, and both queues have all counts.
fn use_it(cache: &Numbers) {
    for round in 0..40 {
        for key in (0..CAPACITY / 2).filter(|key| round % (key % 7 + 1) == 0) {
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }
        for key in 0..CAPACITY {
            let key = 1000 + key + round * CAPACITY / 4;
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }
    }
    for key in (0..CAPACITY / 2).chain(1000..1000 + 20 * CAPACITY) {
        (0..key * 31 % 4).for_each(|_| assert!(cache.get(&key).is_none_or(|value| value == key)));
    }
}

fn standings(cache: &Numbers) -> HashMap<u64, Standing> {
    let mut all = HashMap::new();
    let mut cursor = Cursor::new();
    loop {
        let (guard, now) = enter(cache.core());
        let engine = &cache.core().engine;
        let more = engine.next_bucket(&mut cursor, &guard, &now, |live| {
            let entry = live.entry();
            let standing = engine.standing(entry).expect("it has a policy");
            all.insert(*entry.get().key(), standing);
        });
        if !more {
            return all;
        }
    }
}

fn share(cache: &Numbers) -> Option<Learnt> {
    cache.core().engine.learnt()
}

/// A cache that has adapted, its dump, and where its entries stand.
fn dumped(name: &str) -> (Numbers, File, HashMap<u64, Standing>) {
    let (cache, file) = (bounded().build(), File::new(name));
    use_it(&cache);
    cache.dump(&file).unwrap();
    let all = standings(&cache);
    // Either queue, and all counts.
    for bits in 8..16 {
        assert!(all.values().any(|&it| Standing::encode(Some(it)) == bits), "{bits:04b}");
    }
    assert_ne!(share(&cache), share(&bounded().build()), "it has not adapted");
    (cache, file, all)
}

#[test]
fn a_load_goes_on_where_the_dump_was() {
    let (cache, file, all) = dumped("standing-load");
    let loaded = bounded().build();
    assert_eq!(loaded.load(&file).unwrap().loaded, CAPACITY);
    assert_eq!((standings(&loaded), share(&loaded)), (all, share(&cache)));
    let engine = |cache: &Numbers| cache.core().engine.clone();
    let guard = crate::sync::epoch::pin();
    assert_eq!(engine(&loaded).policy_records(&guard), CAPACITY as usize);
}

#[test]
fn a_warm_start_goes_on_where_the_dump_was() {
    let (cache, file, all) = dumped("standing-warm");
    let warm = bounded().warm_from(Snapshot::open(&file).unwrap()).build();
    assert_eq!((share(&warm), warm.len()), (share(&cache), 0));
    // What is asked for comes, and has been used once more; what is changed is in its place, too.
    let (got, changed) = (*all.keys().min().unwrap(), *all.keys().max().unwrap());
    assert_eq!(warm.get(&got), Some(got));
    warm.insert(changed, 7);
    assert_eq!(warm.len(), 2);
    warm.hydrate();
    let used = |mut standing: Standing| {
        standing.count = (standing.count + 1).min(3);
        standing
    };
    let mut expected = all.clone();
    for key in [got, changed] {
        expected.insert(key, used(all[&key]));
    }
    assert_eq!((standings(&warm), warm.len()), (expected, CAPACITY as usize));
}

/// A cache that has evicted has learnt something itself.
#[test]
fn what_was_learnt_is_for_caches_that_have_not() {
    let (cache, file, _) = dumped("standing-learnt");
    let other = bounded().build();
    (0..2 * CAPACITY).for_each(|key| other.insert(1_000_000 + key, 0));
    let before = share(&other);
    other.load(&file).unwrap();
    assert_eq!(share(&other), before);
    // The share is one of the capacity, whatever that is.
    for capacity in [CAPACITY / 2, 2 * CAPACITY] {
        let other = builder().max_capacity(capacity).build();
        other.load(&file).unwrap();
        assert_eq!(share(&other), share(&cache));
    }
}

/// Without a capacity there is nothing to be known, and nothing is written.
#[test]
fn caches_without_a_policy_pass_it_over() {
    let (_, file, all) = dumped("standing-unbounded");
    let unbounded = builder().build();
    assert_eq!(unbounded.load(&file).unwrap().loaded, CAPACITY);
    assert_eq!(share(&unbounded), None);
    let bare = File::new("standing-bare");
    unbounded.dump(&bare).unwrap();
    let snapshot = Snapshot::<u64, u64>::open(&bare).unwrap();
    assert_eq!((snapshot.sections(), snapshot.learnt().unwrap()), (1, None));
    let loaded = bounded().build();
    loaded.load(&bare).unwrap();
    assert_eq!(standings(&loaded).len(), all.len());
    assert!(standings(&loaded).values().all(|standing| standing.count == 0), "as new ones");
    assert_eq!(share(&loaded), share(&bounded().build()));
}

/// Where not all has room, what was used stays rather than what was not.
#[test]
fn of_more_than_fits_the_hot_ones_stay() {
    let (_, file, all) = dumped("standing-half");
    let smaller = builder().max_capacity(CAPACITY / 2).build();
    let report = smaller.load_with(&file, LoadOptions::new().threads(1)).unwrap();
    assert_eq!(report, LoadReport { loaded: CAPACITY, ..LoadReport::default() });
    let kept = standings(&smaller);
    assert_eq!(kept.len() as u64, CAPACITY / 2);
    let used = all.values().filter(|standing| standing.count > 0).count() as u64;
    assert!((CAPACITY / 2..CAPACITY).contains(&used), "{used}");
    assert!(kept.keys().all(|key| all[key].count > 0));
}

/// Weights, byte strings, and entries that are in one section each.
#[test]
fn a_store_does_so_too() {
    let file = File::new("standing-store");
    let store = Store::builder().max_capacity(50).build();
    for key in 0..50_u8 {
        store.insert(&[key], &vec![key; 700_000]);
        (0..key % 4).for_each(|_| assert!(store.get(&[key]).is_some()));
    }
    store.dump(&file).unwrap();
    let snapshot = StoreSnapshot::open(&file).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(snapshot.sections(), 50 + 50 + 1);
    let warm = Store::builder().max_capacity(50).warm_from(snapshot).build();
    let loaded = Store::builder().max_capacity(50).build();
    loaded.load(&file).unwrap();
    warm.hydrate();
    for store in [warm, loaded] {
        let engine = &store.core().engine;
        let mut cursor = Cursor::new();
        let mut met = 0;
        loop {
            let (guard, now) = enter(store.core());
            let more = engine.next_bucket(&mut cursor, &guard, &now, |live| {
                let key = crate::cache::blob::Blob::key(live.entry())[0];
                assert_eq!(engine.standing(live.entry()).unwrap().count, key % 4);
                met += 1;
            });
            if !more {
                break;
            }
        }
        assert_eq!(met, 50);
    }
}

/// The same where the bound is in bytes.
#[test]
fn of_more_bytes_than_fit_the_hot_ones_stay() {
    let file = File::new("standing-bytes");
    let memory = |bytes| Store::builder().clock(Clock::manual().0).max_memory(bytes).build();
    let store = memory(8 << 20);
    let is_used = |key: u32| key.is_multiple_of(4);
    for key in 0..8000_u32 {
        store.insert(&key.to_le_bytes(), &[7; 500]);
    }
    for key in (0..8000).filter(|&key| is_used(key)) {
        assert!(store.get(&key.to_le_bytes()).is_some());
    }
    store.dump(&file).unwrap();
    let smaller = memory(3 << 20);
    smaller.load_with(&file, LoadOptions::new().threads(1)).unwrap();
    let key = |bytes: Vec<u8>| u32::from_le_bytes(bytes.try_into().unwrap());
    let used = smaller.iter().filter(|(bytes, _)| is_used(key(bytes.clone()))).count();
    assert_eq!(used, 2000);
    assert!(smaller.len() < 6000 && smaller.len() > used, "{}", smaller.len());
}
