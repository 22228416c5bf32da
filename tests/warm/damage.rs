//! Files that are not what they were.

use std::fs;

use purekv::{Cache, Clock, DumpError, Snapshot, Store, StoreSnapshot};

use crate::folder::Folder;

const ENTRIES: u32 = 40_000;

fn value(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(25)
}

/// With the byte at `at` (a part of the file's length) flipped.
fn damaged(folder: &Folder, at: f64) -> StoreSnapshot {
    let path = folder.file("store.dump");
    let store = Store::new();
    (0..ENTRIES).for_each(|number| store.insert(&number.to_be_bytes(), &value(number)));
    store.dump(&path).expect("a dump");
    let mut bytes = fs::read(&path).expect("the file");
    let at = (bytes.len() as f64 * at) as usize;
    bytes[at] ^= 0x10;
    fs::write(&path, bytes).expect("written");
    StoreSnapshot::open(&path).expect("its head and tables are whole")
}

/// In a section, and in the index: some are absent, whoever looks, and everything else is there.
#[test]
fn what_is_damaged_is_absent_and_told() {
    for at in [0.01, 0.5, 0.95] {
        let folder = Folder::new("warm-damage");
        let snapshot = damaged(&folder, at);
        let builder = Store::builder().clock(Clock::manual().0).warm_from(snapshot);
        let (asked, all) = (builder.clone().build(), builder.build());
        let mut missing = Vec::new();
        for number in (0..ENTRIES).step_by(7) {
            match asked.get(&number.to_be_bytes()) {
                Some(found) => assert_eq!(found, value(number)),
                None => missing.push(number),
            }
        }
        assert!(!missing.is_empty() && missing.len() < 4000, "{}", missing.len());
        assert!(matches!(*asked.warming_error().unwrap(), DumpError::Checksum { .. }));
        assert!(asked.stats().warming_errors > 0);
        all.hydrate();
        assert!(!all.is_warming());
        assert!(all.warming_error().is_some());
        for number in (0..ENTRIES).step_by(7) {
            let found = all.get(&number.to_be_bytes());
            let expected = (missing.binary_search(&number).is_err()).then(|| value(number));
            assert_eq!(found, expected, "{number}");
        }
        // What is absent can be put.
        asked.insert(&missing[0].to_be_bytes(), b"new");
        assert_eq!(asked.get(&missing[0].to_be_bytes()).as_deref(), Some(&b"new"[..]));
        asked.hydrate();
        assert_eq!(asked.get(&missing[0].to_be_bytes()).as_deref(), Some(&b"new"[..]));
    }
}

/// Keys whose hash was another one when the dump was made.
#[test]
fn keys_that_hash_otherwise_are_an_error() {
    use std::hash::{Hash, Hasher};
    use std::sync::atomic::{AtomicU64, Ordering};

    static SALT: AtomicU64 = AtomicU64::new(0);

    #[derive(PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
    struct Key(u32);

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            state.write_u64(SALT.load(Ordering::Relaxed) + u64::from(self.0));
        }
    }

    let folder = Folder::new("warm-hash");
    let (path, cache) = (folder.file("cache.dump"), Cache::<Key, u32>::new());
    (0..100).for_each(|number| cache.insert(Key(number), number));
    cache.dump(&path).expect("a dump");
    SALT.store(1 << 40, Ordering::Relaxed);
    let snapshot = Snapshot::open(&path).expect("what was dumped");
    let warm: Cache<Key, u32> =
        Cache::builder().clock(Clock::manual().0).warm_from(snapshot).build();
    assert_eq!(warm.get(&Key(3)), None);
    assert!(matches!(*warm.warming_error().unwrap(), DumpError::KeyHash { .. }));
    warm.insert(Key(3), 4);
    assert_eq!((warm.hydrate(), warm.get(&Key(3)), warm.len()), (0, Some(4), 1));
}

/// Where the sections of this kind begin, by the tables of the file.
fn sections_of_kind(bytes: &[u8], kind: u16) -> Vec<usize> {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let footer = bytes.len() - 128;
    let (sections, tables) = (word(footer + 32), word(footer + 64));
    let lines = (0..sections).map(|number| tables + 32 * number);
    lines.filter(|&line| bytes[line + 20..line + 22] == kind.to_le_bytes()).map(word).collect()
}

/// Hints are hints: without them all entries come as new ones do, and that is told once and not for each of them.
#[test]
fn damaged_marks_cost_no_entry() {
    let folder = Folder::new("warm-marks");
    let path = folder.file("store.dump");
    let bounded = || Store::builder().clock(Clock::manual().0).max_capacity(ENTRIES.into());
    let store = bounded().build();
    (0..ENTRIES).for_each(|number| store.insert(&number.to_be_bytes(), &value(number)));
    store.dump(&path).expect("a dump");
    let bytes = fs::read(&path).expect("the file");
    let (marks, learnt) = (0x8001, 0x8002);
    assert!(sections_of_kind(&bytes, marks).len() > 3);
    assert_eq!(sections_of_kind(&bytes, learnt).len(), 1);
    for kind in [marks, learnt] {
        let mut bytes = bytes.clone();
        sections_of_kind(&bytes, kind).into_iter().for_each(|at| bytes[at] ^= 0x10);
        fs::write(&path, bytes).expect("written");
        let builder =
            bounded().warm_from(StoreSnapshot::open(&path).expect("its tables are whole"));
        let (asked, all) = (builder.clone().build(), builder.build());
        for number in 0..ENTRIES {
            assert_eq!(asked.get(&number.to_be_bytes()), Some(value(number)));
        }
        assert_eq!(all.hydrate(), ENTRIES as usize);
        for store in [asked, all] {
            assert!(!store.is_warming());
            assert!(matches!(*store.warming_error().unwrap(), DumpError::Checksum { .. }));
            assert_eq!(store.stats().warming_errors, 1);
        }
        // Who reads all of it says so, and who loads from it. Without a bound nobody asks.
        assert!(StoreSnapshot::open(&path).unwrap().verify().is_err());
        assert!(matches!(bounded().build().load(&path), Err(DumpError::Checksum { .. })));
        assert_eq!(Store::new().load(&path).unwrap().loaded, u64::from(ENTRIES));
        let unbounded = Store::builder().clock(Clock::manual().0);
        let unbounded = unbounded.warm_from(StoreSnapshot::open(&path).unwrap()).build();
        assert_eq!(unbounded.hydrate(), ENTRIES as usize);
        assert_eq!(unbounded.stats().warming_errors, 0);
    }
}
