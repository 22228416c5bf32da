//! What goes into a dump comes out of it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use purekv::{Cache, DumpKind, Snapshot, Store, StoreSnapshot, Ttl};

use crate::folder::Folder;

/// A time-to-live in any state: none, long past any test, of a second or so, and due already.
fn ttl() -> impl Strategy<Value = Option<Duration>> {
    prop_oneof![
        Just(None),
        Just(Some(Duration::MAX)),
        (60..1_000_000_u64).prop_map(|seconds| Some(Duration::from_secs(seconds))),
        Just(Some(Duration::from_secs(120))),
        Just(Some(Duration::ZERO)),
    ]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..20),
        1 => vec(any::<u8>(), 250..260),
        1 => (0..=most).prop_map(|len| vec![len as u8; len]),
    ]
}

type Entries = HashMap<Vec<u8>, (Vec<u8>, Option<Duration>)>;

fn entries() -> impl Strategy<Value = Entries> {
    hash_map(bytes(70_000), (bytes(300_000), ttl()), 0..40)
}

/// The same time left, but for what a test takes.
fn is_about(one: Option<Ttl>, other: Option<Ttl>) -> bool {
    match (one, other) {
        (Some(Ttl::Remaining(one)), Some(Ttl::Remaining(other))) => {
            one.abs_diff(other) < Duration::from_secs(20)
        }
        (one, other) => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_loaded_and_read_as_it_was(
        entries in entries(),
        name in "[^/\0]{1,20}",
        bounded: [bool; 2],
    ) {
        // Both have room for all, but one with a bound has a policy.
        let [store, loaded] = bounded.map(|bounded| match bounded {
            true => Store::builder().max_capacity(1000).build(),
            false => Store::new(),
        });
        let folder = Folder::new("store");
        let path = folder.file(&format!("{name}.dump"));
        for (key, (value, ttl)) in &entries {
            match ttl {
                Some(ttl) => store.insert_with_ttl(key, value, *ttl),
                None => store.insert(key, value),
            }
        }
        let live = entries.values().filter(|(_, ttl)| *ttl != Some(Duration::ZERO)).count() as u64;
        let dumped = store.dump(&path)?;
        prop_assert_eq!(dumped.entries, live);
        prop_assert_eq!(dumped.bytes, std::fs::metadata(&path)?.len());

        let snapshot = StoreSnapshot::open(&path)?;
        snapshot.verify()?;
        prop_assert_eq!(snapshot.len(), live);
        prop_assert_eq!(loaded.load(&path)?.loaded, live);
        for key in entries.keys() {
            let value = store.get(key);
            prop_assert_eq!(snapshot.get(key)?, value.as_deref());
            prop_assert_eq!(loaded.get(key), value);
            prop_assert!(is_about(loaded.ttl(key), store.ttl(key)));
            let read = snapshot.entry(key)?.map(|entry| match entry.expires_at {
                Some(at) => Ttl::Remaining(at.duration_since(SystemTime::now()).unwrap_or_default()),
                None => Ttl::Never,
            });
            prop_assert!(is_about(read, store.ttl(key)), "{:?} {:?}", read, store.ttl(key));
            let mut longer = key.clone();
            longer.push(0);
            prop_assert!(entries.contains_key(&longer) || snapshot.get(&longer)?.is_none());
        }
        let mut keys: Vec<Vec<u8>> = snapshot.iter().map(|entry| entry.map(|e| e.key.to_vec())).collect::<Result<_, _>>()?;
        keys.sort();
        let mut own: Vec<Vec<u8>> = store.iter().map(|(key, _)| key).collect();
        own.sort();
        prop_assert_eq!(keys, own);
    }

    #[test]
    fn a_cache_is_loaded_and_read_as_it_was(
        entries in hash_map(".{0,80}", (vec(proptest::option::of(".{0,30}"), 0..20), ttl()), 0..60),
        bounded: [bool; 2],
    ) {
        type Texts = Cache<String, Vec<Option<String>>>;
        let [cache, loaded]: [Texts; 2] = bounded.map(|bounded| match bounded {
            true => Cache::builder().max_capacity(1000).build(),
            false => Cache::new(),
        });
        let folder = Folder::new("cache");
        let path = folder.file("a dump");
        for (key, (value, ttl)) in &entries {
            match ttl {
                Some(ttl) => cache.insert_with_ttl(key.clone(), value.clone(), *ttl),
                None => cache.insert(key.clone(), value.clone()),
            }
        }
        cache.dump(&path)?;
        let snapshot = Snapshot::<String, Vec<Option<String>>>::open(&path)?;
        snapshot.verify()?;
        prop_assert_eq!(loaded.load(&path)?.loaded, snapshot.len());
        for key in entries.keys() {
            let value = cache.get(key);
            prop_assert_eq!(loaded.get(key), value.clone());
            prop_assert!(is_about(loaded.ttl(key), cache.ttl(key)));
            let archived = snapshot.get(key.as_str())?;
            prop_assert_eq!(archived.is_some(), value.is_some());
            if let (Some(archived), Some(value)) = (archived, value) {
                prop_assert!(*archived == value);
            }
        }
        prop_assert_eq!(snapshot.iter().count(), cache.len());
    }
}

#[test]
fn an_empty_dump_is_a_dump() {
    let folder = Folder::new("empty");
    let path = folder.file("empty");
    let store = Store::new();
    assert_eq!(store.dump(&path).unwrap().entries, 0);
    let snapshot = StoreSnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    assert!(snapshot.is_empty());
    assert_eq!(snapshot.get(b"").unwrap(), None);
    assert_eq!(snapshot.iter().count(), 0);
    assert_eq!(store.load(&path).unwrap(), purekv::LoadReport::default());
}

#[test]
fn many_entries_take_many_sections_and_blocks() {
    let folder = Folder::new("many");
    let path = folder.file("many");
    let store = Store::new();
    // More of them than an index block has, and some values larger than a section.
    for number in 0..60_000_u32 {
        store.insert(&number.to_be_bytes(), &[number as u8; 40]);
    }
    for number in 0..3_u32 {
        store.insert(format!("large {number}").as_bytes(), &vec![number as u8; 3 << 20]);
    }
    store.dump(&path).unwrap();
    let snapshot = StoreSnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    let info = snapshot.info();
    assert_eq!((info.entries, info.kind), (60_003, DumpKind::Store));
    assert!(info.sections > 5, "{info:?}");
    assert!(info.started <= info.ended && info.ended <= SystemTime::now());
    for number in 0..60_000_u32 {
        assert_eq!(snapshot.get(&number.to_be_bytes()).unwrap(), Some(&[number as u8; 40][..]));
    }
    assert_eq!(snapshot.get(b"large 2").unwrap().map(<[u8]>::len), Some(3 << 20));
    let loaded = Store::new();
    assert_eq!(loaded.load(&path).unwrap().loaded, 60_003);
    assert_eq!(loaded.get(b"large 1"), Some(vec![1; 3 << 20]));
}

#[test]
fn an_entry_costs_less_than_32_bytes_beyond_key_and_value() {
    let folder = Folder::new("cost");
    let overhead = |store: &Store| {
        for number in 0..50_000_u64 {
            let ttl = Duration::from_secs(60 + number);
            store.insert_with_ttl(&u128::from(number).to_le_bytes(), &[7; 64], ttl);
        }
        let dumped = store.dump(folder.file("cost")).unwrap();
        assert_eq!(dumped.entries, 50_000);
        dumped.bytes as f64 / dumped.entries as f64 - 80.0
    };
    let plain = overhead(&Store::new());
    assert!(plain < 22.0, "{plain}");
    let marked = overhead(&Store::builder().max_capacity(50_000).build()) - plain;
    assert!(marked > 0.49 && marked < 0.52, "four bits: {marked}");
}
