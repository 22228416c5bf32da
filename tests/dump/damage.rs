//! A damaged dump is an error where the damage is met, never a panic, and never a wrong value.

use std::path::Path;

use purekv::{Cache, DumpError, DumpOptions, Expiry, LoadOptions, Snapshot, Store, StoreSnapshot};

use crate::folder::Folder;
use crate::random::Random;

const KEYS: u8 = 24;

fn value(key: u8) -> Vec<u8> {
    vec![key; usize::from(key) * 3]
}

/// A new store, with a policy, so that its dump has what that knew. Many are made: without a thread each.
fn bounded() -> Store {
    Store::builder().expiry(Expiry::Off).max_capacity(KEYS.into()).build()
}

/// As it is, and compressed, where that can be.
const PACKED: &[bool] = if cfg!(feature = "dump-zstd") { &[false, true] } else { &[false] };

fn options(packed: bool) -> DumpOptions<'static> {
    let options = DumpOptions::new().sync(false);
    #[cfg(feature = "dump-zstd")]
    let options = if packed { options.compress(3) } else { options };
    #[cfg(not(feature = "dump-zstd"))]
    assert!(!packed);
    options
}

/// A small dump with all kinds of things in it.
fn small(path: &Path, packed: bool) -> Vec<u8> {
    let store = bounded();
    for key in 0..KEYS {
        let ttl = std::time::Duration::from_secs(3600 + u64::from(key));
        match key % 3 {
            0 => store.insert(&[key], &value(key)),
            _ => store.insert_with_ttl(&[key], &value(key), ttl),
        }
    }
    store.dump_with(path, options(packed)).unwrap();
    assert_eq!(StoreSnapshot::open(path).unwrap().info().compressed_sections > 0, packed);
    std::fs::read(path).unwrap()
}

/// Whether anything was found wrong. Panics at a wrong value.
fn is_noticed(path: &Path) -> bool {
    // A loaded store has no wrong values either, however far it came.
    let loaded = bounded();
    let mut noticed = loaded.load_with(path, LoadOptions::new().threads(1)).is_err();
    for (key, found) in loaded.iter() {
        assert_eq!((key.len(), found), (1, value(key[0])));
    }
    match StoreSnapshot::open(path) {
        Err(_) => noticed = true,
        Ok(snapshot) => {
            noticed |= snapshot.verify().is_err();
            for key in 0..KEYS {
                match snapshot.get(&[key]) {
                    Ok(found) => assert_eq!(found, Some(&value(key)[..]), "key {key}"),
                    Err(_) => noticed = true,
                }
            }
            assert!(snapshot.get(&[KEYS]).is_ok_and(|found| found.is_none()) || noticed);
            for entry in snapshot.iter() {
                match entry {
                    Ok(entry) => assert_eq!(entry.value, value(entry.key[0])),
                    Err(_) => noticed = true,
                }
            }
            assert_eq!(snapshot.len(), u64::from(KEYS));
        }
    }
    noticed
}

#[test]
fn every_bit_that_is_flipped_is_noticed() {
    let folder = Folder::new("flips");
    let (whole, path) = (folder.file("whole"), folder.file("flipped"));
    for &packed in PACKED {
        let bytes = small(&whole, packed);
        assert!(!is_noticed(&whole));
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bytes).unwrap();
            assert!(is_noticed(&path), "byte {at} of {}", bytes.len());
        }
    }
}

#[test]
fn every_truncation_is_noticed_and_named() {
    let folder = Folder::new("truncations");
    let (whole, path) = (folder.file("whole"), folder.file("truncated"));
    for &packed in PACKED {
        let bytes = small(&whole, packed);
        for len in 0..bytes.len() {
            std::fs::write(&path, &bytes[..len]).unwrap();
            let error = StoreSnapshot::open(&path).unwrap_err();
            assert!(
                matches!(error, DumpError::Truncated { found, .. } if found == len as u64),
                "{error}"
            );
            assert!(Store::new().load(&path).is_err());
        }
    }
    let bytes = small(&whole, false);
    let mut longer = bytes.clone();
    for added in [1, 63, 64, 4096] {
        longer.resize(bytes.len() + added, 0);
        std::fs::write(&path, &longer).unwrap();
        assert!(StoreSnapshot::open(&path).is_err(), "{added} bytes more");
    }
}

/// Parts of it moved, doubled, zeroed, and of another dump.
#[test]
fn splices_are_noticed() {
    let folder = Folder::new("splices");
    let path = folder.file("spliced");
    for &packed in PACKED {
        let (one, other) =
            (small(&folder.file("one"), packed), small(&folder.file("other"), packed));
        splice(&path, one, other, if packed { 1000 } else { 3000 });
    }
}

fn splice(path: &Path, bytes: Vec<u8>, mut other: Vec<u8>, rounds: u32) {
    other.resize(bytes.len(), 0);
    let mut random = Random::new(7);
    let mut below = |end: usize| random.below(end as u64) as usize;
    for _ in 0..rounds {
        let mut spliced = bytes.clone();
        // At times at the borders of parts, where checksums begin anew.
        let grain = [1, 8, 64][below(3)];
        let len = (below(256) / grain * grain).max(1);
        let (from, to) = (below(bytes.len() - len), below(bytes.len() - len));
        let (from, to) = (from / grain * grain, to / grain * grain);
        match below(4) {
            0 => spliced.copy_within(from..from + len, to),
            1 => spliced[to..to + len].fill(0),
            2 => spliced[to..to + len].copy_from_slice(&other[to..to + len]),
            _ => spliced[to..to + len].fill(0xff),
        }
        std::fs::write(path, &spliced).unwrap();
        assert_eq!(is_noticed(path), spliced != bytes);
    }
}

#[test]
fn other_files_are_told_from_dumps() {
    let folder = Folder::new("others");
    let path = folder.file("other");
    let open = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        StoreSnapshot::open(&path).unwrap_err()
    };
    assert!(matches!(open(b"REDIS0011 and so on"), DumpError::NotADump { .. }));
    assert!(matches!(open(&[7; 1000]), DumpError::NotADump { .. }));
    let bytes = small(&folder.file("dump"), false);
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(matches!(open(&newer), DumpError::Version { expected: 1, found: 2, .. }));
    // As who takes it for text does.
    let text: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'\r').collect();
    assert!(matches!(open(&text), DumpError::NotADump { .. }));
    let missing = StoreSnapshot::open(folder.file("missing")).unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
    assert!(matches!(StoreSnapshot::open(folder.path()), Err(DumpError::NotAFile { .. })));
}

#[test]
fn a_dump_is_of_its_types_only() {
    let folder = Folder::new("types");
    let path = folder.file("types");
    let cache = Cache::<u64, String>::new();
    cache.insert(7, "seven".to_owned());
    cache.dump(&path).unwrap();
    let error = Snapshot::<String, u64>::open(&path).unwrap_err();
    assert!(matches!(error, DumpError::Types { .. }));
    let text = error.to_string();
    assert!(text.contains("Cache<u64, alloc::string::String>"), "{text}");
    assert!(matches!(StoreSnapshot::open(&path), Err(DumpError::Types { .. })));
    assert!(matches!(Cache::<u64, Vec<u8>>::new().load(&path), Err(DumpError::Types { .. })));
    assert!(matches!(Store::new().load(&path), Err(DumpError::Types { .. })));
    Store::new().dump(&path).unwrap();
    assert!(matches!(Cache::<u64, u64>::new().load(&path), Err(DumpError::Types { .. })));
}

#[test]
fn every_bit_of_a_typed_dump_counts_too() {
    let folder = Folder::new("typed-flips");
    let path = folder.file("typed");
    let cache = Cache::<u32, (String, Option<u64>)>::new();
    let value = |key: u32| ("text ".repeat(key as usize), key.is_multiple_of(2).then_some(7));
    (0..12).for_each(|key| cache.insert(key, value(key)));
    for &packed in PACKED {
        cache.dump_with(&path, options(packed)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&path, &flipped).unwrap();
            let Ok(snapshot) = Snapshot::<u32, (String, Option<u64>)>::open(&path) else {
                continue;
            };
            assert!(snapshot.verify().is_err(), "byte {at}");
            for key in 0..12 {
                if let Ok(found) = snapshot.get(&key) {
                    assert!(found.unwrap().0.as_str() == value(key).0);
                }
            }
        }
    }
}
