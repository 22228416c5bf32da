//! Compressed files whose checksums are right and whose contents are not.

use super::super::columns::Due;
use super::super::disk::System;
use super::super::error::DumpError;
use super::super::forge::Parts;
use super::super::format::NEVER;
use super::super::hash::hash_of_bytes;
use super::super::store::StoreSnapshot;
use super::super::types::Types;
use super::super::writer::{Pending, Writer};
use super::folder::Folder;
use super::random::Random;

const KEYS: u8 = 60;

fn value(key: u8) -> Vec<u8> {
    vec![key; 50 + usize::from(key)]
}

/// Some packed sections.
fn small(folder: &Folder) -> Parts {
    let path = folder.file("small");
    let writer = Writer::begin(&System, &path, Types::of_store(), 7, false).unwrap();
    let mut pending = Pending::of(2000);
    pending.pack(3, &path).unwrap();
    for key in 0..KEYS {
        let section = pending.room_for(Some(1 + value(key).len()));
        let due = Due { deadline: NEVER, last: None };
        section.push(hash_of_bytes(&[key]), &[key], &value(key), due).unwrap();
        writer.write_full(&mut pending).unwrap();
    }
    writer.write_rest(pending).unwrap();
    writer.finish(None).unwrap();
    let parts = Parts::of(&std::fs::read(path).unwrap());
    assert!(parts.sections.len() > 2 && parts.sections.iter().all(|section| section.is_packed()));
    parts
}

/// Everything that one can do with the file; the first error.
fn use_all(folder: &Folder, bytes: &[u8]) -> Result<(), DumpError> {
    let path = folder.file("hostile");
    std::fs::write(&path, bytes).unwrap();
    let snapshot = StoreSnapshot::open(&path)?;
    let all = snapshot.verify();
    let gets = (0..KEYS).try_for_each(|key| snapshot.get(&[key]).map(drop));
    let walk = snapshot.iter().try_for_each(|entry| entry.map(drop));
    assert_eq!(all.is_ok(), gets.is_ok() && walk.is_ok() && snapshot.verify().is_ok());
    all
}

#[test]
fn lies_in_packed_sections_are_errors() {
    let folder = Folder::new("packed-lies");
    let parts = small(&folder);
    use_all(&folder, &parts.seal(|_| {})).unwrap();
    let [first, second] = [0, 1].map(|number| parts.sections[number].offset as usize);
    let length = u64::from_le_bytes(parts.bytes[first..first + 8].try_into().unwrap());
    for lie in [0, 1, length - 1, length + 1, 1 << 17, 1 << 20, 1 << 30, 1 << 63, u64::MAX] {
        let mut parts = parts.clone();
        parts.bytes[first..first + 8].copy_from_slice(&lie.to_le_bytes());
        let error = use_all(&folder, &parts.seal(|_| {})).unwrap_err();
        assert!(matches!(error, DumpError::Format { .. }), "{error}");
    }
    // One is not the other, if they have other entries or another length.
    let mut swapped = parts.clone();
    let len = parts.sections[1].len.min(parts.sections[0].len) as usize;
    swapped.bytes.copy_within(second..second + len, first);
    assert!(use_all(&folder, &swapped.seal(|_| {})).is_err());
    for flags in [0, 2, 3, 1 << 15] {
        let mut parts = parts.clone();
        parts.sections[1].flags = flags;
        assert!(use_all(&folder, &parts.seal(|_| {})).is_err(), "{flags}");
    }
    for len in 0..parts.sections[0].len {
        let mut parts = parts.clone();
        parts.sections[0].len = len;
        assert!(use_all(&folder, &parts.seal(|_| {})).is_err(), "{len}");
    }
}

/// Any bytes of packed sections changed, and all checksums right again.
#[test]
fn no_packed_section_makes_it_panic() {
    let folder = Folder::new("packed-any");
    let parts = small(&folder);
    let mut random = Random::new(13);
    let mut good = 0;
    for _ in 0..3000 {
        let mut parts = parts.clone();
        let number = random.below(parts.sections.len() as u64) as usize;
        let section = parts.sections[number];
        for _ in 0..=random.below(3) {
            let at = (section.offset + random.below(section.len)) as usize;
            parts.bytes[at] = random.next() as u8;
        }
        if random.once_in(8) {
            parts.sections[number].entries = random.below(100) as u32;
        }
        good += u32::from(use_all(&folder, &parts.seal(|_| {})).is_ok());
    }
    // What is changed is a byte of a value at times, and nobody can tell.
    assert!(good < 1500, "{good}");
}
