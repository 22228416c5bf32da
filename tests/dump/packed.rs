//! Dumps that are compressed: whatever is done with one that is not can be done with them, too.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use purekv::{
    Cache, DumpError, DumpInfo, DumpOptions, Snapshot, Store, StoreDumpWriter, StoreSnapshot,
};

use crate::folder::Folder;
use crate::random::Random;

const ENTRIES: u32 = 30_000;

fn value(number: u32) -> Vec<u8> {
    format!("<p>paragraph {number}</p>").repeat(3).into_bytes()
}

/// Of several sections.
fn store() -> Store {
    let store = Store::new();
    for number in 0..ENTRIES {
        let key = number.to_le_bytes();
        match number % 3 {
            0 => store.insert(&key, &value(number)),
            _ => store.insert_with_ttl(&key, &value(number), Duration::from_secs(1 << 20)),
        }
    }
    store
}

#[test]
fn a_store_comes_out_as_it_was_at_any_level() {
    let folder = Folder::new("packed");
    let (plain, packed) = (folder.file("plain"), folder.file("packed"));
    let store = store();
    let plain = store.dump(&plain).unwrap();
    for level in [i32::MIN, 3, i32::MAX] {
        let dumped = store.dump_with(&packed, DumpOptions::new().compress(level)).unwrap();
        assert!(dumped.bytes < plain.bytes / 3, "{level}: {dumped:?}, {plain:?}");
        assert_eq!(dumped.bytes, std::fs::metadata(&packed).unwrap().len());
        let info = DumpInfo::verified(&packed, |_| {}).unwrap();
        assert!(info.sections > 1 && info.compressed_sections == info.sections, "{info:?}");
        let snapshot = StoreSnapshot::open(&packed).unwrap();
        snapshot.verify().unwrap();
        for number in 0..ENTRIES {
            let key = number.to_le_bytes();
            assert_eq!(snapshot.get(&key).unwrap(), Some(&value(number)[..]));
        }
        assert_eq!(snapshot.get(b"other").unwrap(), None);
        assert_eq!(snapshot.iter().filter(Result::is_ok).count(), ENTRIES as usize);
        let mut visited = 0;
        let walked: Result<(), DumpError> = snapshot.try_for_each(|_| {
            visited += 1;
            Ok(())
        });
        walked.unwrap();
        assert_eq!(visited, ENTRIES);
        let loaded = Store::new();
        assert_eq!(loaded.load(&packed).unwrap().loaded, u64::from(ENTRIES));
        assert_eq!(loaded.get(&7_u32.to_le_bytes()), Some(value(7)));
        // Nobody else brings entries, who might not have counted the last one yet.
        let warm = Store::builder().warm_from(snapshot).hydration_rate(0).build();
        assert_eq!(warm.get(&8_u32.to_le_bytes()), Some(value(8)));
        warm.hydrate();
        assert_eq!(warm.len(), ENTRIES as usize);
        assert!(warm.warming_error().is_none());
    }
}

#[test]
fn so_does_a_cache() {
    type Pages = Cache<String, Vec<Option<String>>>;
    let folder = Folder::new("packed-typed");
    let path = folder.file("packed");
    let cache = Pages::new();
    let value = |number: u32| vec![None, Some(format!("<p>{number}</p>").repeat(4))];
    (0..ENTRIES).for_each(|number| cache.insert(format!("page {number}"), value(number)));
    cache.dump_with(&path, DumpOptions::new().compress(1)).unwrap();
    let snapshot = Snapshot::<String, Vec<Option<String>>>::open(&path).unwrap();
    assert!(snapshot.info().compressed_sections > 2);
    snapshot.verify().unwrap();
    for number in (0..ENTRIES).step_by(7) {
        let found = snapshot.get(format!("page {number}").as_str()).unwrap();
        assert!(found.is_some_and(|found| *found == value(number)));
    }
    let mut visited = 0;
    let walked: Result<(), DumpError> = snapshot.try_for_each(|entry| {
        visited += entry.value.len();
        Ok(())
    });
    walked.unwrap();
    assert_eq!(visited, 2 * ENTRIES as usize);
    let loaded = Pages::new();
    assert_eq!(loaded.load(&path).unwrap().loaded, u64::from(ENTRIES));
    assert_eq!(loaded.get("page 9"), Some(value(9)));
    let warm: Pages = Cache::builder().warm_from(snapshot).hydration_rate(0).build();
    warm.hydrate();
    assert_eq!((warm.len(), warm.get("page 9")), (ENTRIES as usize, Some(value(9))));
}

/// Values that are random already, among others: each section is as it is better.
#[test]
fn what_does_not_become_smaller_is_not_compressed() {
    let folder = Folder::new("mixed");
    let path = folder.file("mixed");
    let mut random = Random::new(5);
    let mut noise = || (0..1000).map(|_| random.next() as u8).collect::<Vec<u8>>();
    let values: Vec<Vec<u8>> =
        (0..4000).map(|n| if n < 2500 { noise() } else { vec![7; 1000] }).collect();
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    dump.compress(3).unwrap();
    for (number, value) in values.iter().enumerate() {
        dump.write(&(number as u32).to_le_bytes(), value, None).unwrap();
    }
    dump.finish().unwrap();
    let snapshot = StoreSnapshot::open(&path).unwrap();
    let info = snapshot.info();
    assert_eq!((info.sections, info.compressed_sections), (4, 2), "{info:?}");
    snapshot.verify().unwrap();
    for (number, value) in values.iter().enumerate() {
        let found = snapshot.get(&(number as u32).to_le_bytes()).unwrap();
        assert!(found == Some(&value[..]), "{number}");
    }
    let large = StoreDumpWriter::create(&path).map(|mut dump| {
        dump.compress(1).unwrap();
        dump.write(b"large", &vec![1; 40 << 20], None).unwrap();
        dump.finish().unwrap()
    });
    assert!(large.unwrap().bytes < 1 << 20);
    let snapshot = StoreSnapshot::open(&path).unwrap();
    assert_eq!(snapshot.get(b"large").unwrap().map(<[u8]>::len), Some(40 << 20));
}

#[test]
fn duplicates_are_found_in_packed_sections() {
    let folder = Folder::new("packed-twice");
    let path = folder.file("twice");
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    dump.compress(1).unwrap();
    for number in (0..ENTRIES).chain([77]) {
        dump.write(&number.to_le_bytes(), &value(number), None).unwrap();
    }
    let twice = dump.finish();
    assert!(matches!(twice, Err(DumpError::Duplicate { first: 77, .. })), "{twice:?}");
    assert_eq!(folder.names(), [""; 0]);
}

/// All threads come to each section at the same time, some by look-ups and some by walks; references stay good while others come.
#[test]
fn many_touch_a_section_first() {
    let folder = Folder::new("first");
    let path = folder.file("packed");
    store().dump_with(&path, DumpOptions::new().sync(false).compress(1)).unwrap();
    for round in 0..8_u64 {
        let snapshot = StoreSnapshot::open(&path).unwrap();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for number in 0..4_u64 {
                let (snapshot, barrier) = (&snapshot, &barrier);
                scope.spawn(move || {
                    let mut random = Random::new(round).fork(number);
                    let mut held = Vec::new();
                    barrier.wait();
                    for _ in 0..300 {
                        let number = random.below(ENTRIES.into()) as u32;
                        held.push((number, snapshot.get(&number.to_le_bytes()).unwrap()));
                    }
                    if number == 3 {
                        assert_eq!(snapshot.iter().filter(Result::is_ok).count(), ENTRIES as usize);
                        snapshot.verify().unwrap();
                    }
                    for (number, found) in held {
                        assert_eq!(found, Some(&value(number)[..]));
                    }
                });
            }
        });
    }
}
