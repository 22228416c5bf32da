//! Dumps of every version that was ever released are read for ever.
//!
//! `tests/data/*.dump` are checked in. To write those of a new version: `PUREKV_WRITE_DATA=1 cargo test --features dump-zstd --test dump old`; what is there stays.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use purekv::{Cache, LoadOptions, Snapshot, Store, StoreSnapshot};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Where it is to be written; None: it is there, and stays.
fn missing(name: &str) -> Option<PathBuf> {
    Some(data(name)).filter(|path| !path.exists())
}

/// A century.
const LONG: Duration = Duration::from_secs(100 * 365 * 86_400);

#[test]
fn write_the_data() {
    if std::env::var_os("PUREKV_WRITE_DATA").is_none() {
        return;
    }
    let store = Store::new();
    store.insert(b"", b"the empty key");
    store.insert(b"empty value", b"");
    store.insert("ключ".as_bytes(), "значение".as_bytes());
    store.insert_with_ttl(b"a century", b"from 2026", LONG);
    store.insert_with_ttl(b"due", b"long ago", Duration::from_millis(300));
    if let Some(path) = missing("store-v1.dump") {
        store.dump(path).unwrap();
    }
    let cache = Cache::<String, (u64, Vec<Option<i32>>)>::new();
    cache.insert("seven".to_owned(), (7, vec![Some(-7), None]));
    cache.insert_with_ttl("a century".to_owned(), (100, vec![]), LONG);
    if let Some(path) = missing("cache-v1.dump") {
        cache.dump(path).unwrap();
    }
    // Later on the same version got sections that may be passed over.
    if let Some(path) = missing("bounded-v1.dump") {
        let bounded = Store::builder().max_capacity(10).build();
        for key in *b"abcdefghij" {
            bounded.insert(&[key], &[key, key]);
            (0..key % 4).for_each(|_| assert!(bounded.get(&[key]).is_some()));
        }
        bounded.dump(path).unwrap();
    }
    #[cfg(feature = "dump-zstd")]
    if let Some(path) = missing("store-v1-zstd.dump") {
        store.insert(b"long", &LONG_VALUE.repeat(100));
        store.dump_with(path, purekv::DumpOptions::new().compress(3)).unwrap();
    }
}

const LONG_VALUE: &[u8] = b"as good as empty ";

#[test]
fn a_compressed_store_is_read_or_said_to_be_one() {
    let path = data("store-v1-zstd.dump");
    let info = purekv::DumpInfo::of(&path).unwrap();
    assert_eq!((info.entries, info.sections, info.compressed_sections), (6, 1, 1));
    let opened = StoreSnapshot::open(&path);
    if cfg!(feature = "dump-zstd") {
        let snapshot = opened.unwrap();
        snapshot.verify().unwrap();
        let expected = LONG_VALUE.repeat(100);
        assert_eq!(snapshot.get(b"long").unwrap(), Some(&expected[..]));
        assert_eq!(snapshot.get(b"").unwrap(), Some(&b"the empty key"[..]));
        assert_eq!(Store::new().load(&path).unwrap().loaded, 5);
    } else {
        for error in [opened.unwrap_err(), Store::new().load(&path).unwrap_err()] {
            assert!(matches!(error, purekv::DumpError::Compressed { .. }), "{error}");
            assert!(error.to_string().contains("dump-zstd"), "{error}");
        }
        assert!(purekv::DumpInfo::verified(&path, |_| {}).is_err());
    }
}

#[test]
fn a_store_of_version_1_is_read() {
    let snapshot = StoreSnapshot::open(data("store-v1.dump")).unwrap();
    snapshot.verify().unwrap();
    assert_eq!((snapshot.len(), snapshot.iter().count()), (5, 4));
    let check = |get: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        assert_eq!(get(b"").as_deref(), Some(&b"the empty key"[..]));
        assert_eq!(get(b"empty value").as_deref(), Some(&b""[..]));
        assert_eq!(get("ключ".as_bytes()).as_deref(), Some("значение".as_bytes()));
        assert_eq!(get(b"a century").as_deref(), Some(&b"from 2026"[..]));
        assert_eq!(get(b"due"), None);
        assert_eq!(get(b"other"), None);
    };
    check(&|key| snapshot.get(key).unwrap().map(<[u8]>::to_vec));
    let expires_at = snapshot.entry(b"a century").unwrap().unwrap().expires_at.unwrap();
    let made = expires_at.checked_sub(LONG).unwrap();
    assert!(made < SystemTime::now() && snapshot.info().started <= SystemTime::now());
    let store = Store::new();
    let report = store.load(data("store-v1.dump")).unwrap();
    assert_eq!((report.loaded, report.expired), (4, 1));
    check(&|key| store.get(key));
}

#[test]
fn a_bounded_store_of_version_1_is_read() {
    let snapshot = StoreSnapshot::open(data("bounded-v1.dump")).unwrap();
    snapshot.verify().unwrap();
    // Entries, what the policy knew of them, and what it had learnt.
    let info = snapshot.info();
    assert_eq!((info.entries, info.sections, info.policy_sections), (10, 3, 2));
    for store in [Store::new(), Store::builder().max_capacity(10).build()] {
        assert_eq!(store.load(data("bounded-v1.dump")).unwrap().loaded, 10);
        for key in *b"abcdefghij" {
            assert_eq!(store.get(&[key]), Some(vec![key, key]));
        }
    }
    // One that has not room for all keeps what was used in main: that is not d and h, and not a, which was in small.
    let store = Store::builder().max_capacity(8).build();
    store.load_with(data("bounded-v1.dump"), LoadOptions::new().threads(1)).unwrap();
    assert_eq!(store.len(), 8);
    assert!(b"bcefgij".iter().all(|&key| store.contains_key(&[key])));
    // And the dumps from before are as good for one with a bound.
    let store = Store::builder().max_capacity(10).build();
    assert_eq!(store.load(data("store-v1.dump")).unwrap().loaded, 4);
}

#[test]
fn a_cache_of_version_1_is_read() {
    type Value = (u64, Vec<Option<i32>>);
    let snapshot = Snapshot::<String, Value>::open(data("cache-v1.dump")).unwrap();
    snapshot.verify().unwrap();
    let value = snapshot.get("seven").unwrap().unwrap();
    assert_eq!(value.0.to_native(), 7);
    let cache = Cache::<String, Value>::new();
    assert_eq!(cache.load(data("cache-v1.dump")).unwrap().loaded, 2);
    assert_eq!(cache.get("seven"), Some((7, vec![Some(-7), None])));
}
