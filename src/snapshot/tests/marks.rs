//! What a policy knew of entries, beside them: there, or as if it were not, and never in the way of the entries.

use super::super::disk::System;
use super::super::error::DumpError;
use super::super::forge::Parts;
use super::super::format::NEVER;
use super::super::hash::hash_of_bytes;
use super::super::store::StoreSnapshot;
use super::super::tables::{SECTION_ENTRIES, SECTION_LEARNT, SECTION_MARKS, Section};
use super::super::types::Types;
use super::super::writer::{Pending, Writer};
use super::folder::Folder;
use super::random::Random;
use crate::snapshot::Due;

const KEYS: u8 = 40;
const LEARNT: [u8; 16] = [7; 16];

type Lie = fn(&mut Vec<Section>);

/// Odd numbers of entries in a section, and even ones.
fn len(key: u8) -> usize {
    5 + usize::from(key) % 13
}

/// A dump of sections of some 100 bytes whose entries are marked so.
fn marked(folder: &Folder, mark: impl Fn(u8) -> u8, learnt: Option<[u8; 16]>) -> Vec<u8> {
    let path = folder.file("marked");
    let writer = Writer::begin(&System, &path, Types::of_store(), 7, false).unwrap();
    let mut pending = Pending::of(100);
    for key in 0..KEYS {
        let value = vec![key; len(key)];
        let section = pending.room_for(Some(1 + value.len()));
        let due = Due { deadline: NEVER, last: None };
        section.push(hash_of_bytes(&[key]), &[key], &value, due).unwrap();
        pending.mark(mark(key));
        writer.write_full(&mut pending).unwrap();
    }
    writer.write_rest(pending).unwrap();
    writer.finish(learnt).unwrap();
    std::fs::read(path).unwrap()
}

fn open(folder: &Folder, bytes: &[u8]) -> Result<StoreSnapshot, DumpError> {
    let path = folder.file("opened");
    std::fs::write(&path, bytes).unwrap();
    StoreSnapshot::open(path)
}

/// The marks of all keys, each as it is by section and by place; every value is what it was.
fn marks(snapshot: &StoreSnapshot) -> Result<Vec<u8>, DumpError> {
    let mut found = vec![0xff; KEYS.into()];
    for section in 0..snapshot.sections() {
        let marks = snapshot.marks(section)?.iter();
        for ((raw, mark), slot) in snapshot.raw_entries(section)?.zip(marks).zip(0..) {
            let key = raw.key[0];
            assert_eq!(raw.value, vec![key; len(key)]);
            let place = crate::snapshot::Location { section: section as u32, slot };
            assert_eq!(snapshot.mark_at(place)?, mark);
            found[usize::from(key)] = mark;
        }
    }
    Ok(found)
}

#[test]
fn marks_come_back() {
    let folder = Folder::new("marks");
    let all = |key: u8| key % 16;
    let snapshot = open(&folder, &marked(&folder, all, Some(LEARNT))).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(marks(&snapshot).unwrap(), (0..KEYS).map(all).collect::<Vec<u8>>());
    assert_eq!(snapshot.learnt().unwrap(), Some(&LEARNT[..]));
    // The last section in the table is the last in the file.
    assert!(snapshot.info().sections > 8);
}

#[test]
fn where_nothing_is_said_nothing_is_written() {
    let folder = Folder::new("no-marks");
    let kinds = |bytes: &[u8]| -> Vec<u16> {
        Parts::of(bytes).sections.iter().map(|section| section.kind).collect()
    };
    let bare = marked(&folder, |_| 0, None);
    assert!(kinds(&bare).iter().all(|&kind| kind == SECTION_ENTRIES));
    let snapshot = open(&folder, &bare).unwrap();
    assert_eq!(marks(&snapshot).unwrap(), vec![0; KEYS.into()]);
    assert_eq!(snapshot.learnt().unwrap(), None);
    // One entry at the end: the sections before have none, and what was written of the last is as long as it is to be.
    let one = |key: u8| if key == KEYS - 1 { 9 } else { 0 };
    let last = marked(&folder, one, None);
    assert_eq!(kinds(&last).iter().filter(|&&kind| kind == SECTION_MARKS).count(), 1);
    assert_eq!(kinds(&last).last(), Some(&SECTION_MARKS));
    let found = marks(&open(&folder, &last).unwrap()).unwrap();
    assert_eq!(found, (0..KEYS).map(one).collect::<Vec<u8>>());
}

/// What is whole and does not fit is a hint that is not given.
#[test]
fn lies_about_marks_are_as_if_there_were_none() {
    let folder = Folder::new("lies");
    let parts = Parts::of(&marked(&folder, |_| 15, Some(LEARNT)));
    let kinds: Vec<u16> = parts.sections[..2].iter().map(|section| section.kind).collect();
    assert_eq!(kinds, [SECTION_ENTRIES, SECTION_MARKS]);
    let learnt = parts.sections.len() - 1;
    assert_eq!(parts.sections[learnt].kind, SECTION_LEARNT);
    let lies: [(&str, Lie); 7] = [
        ("more entries", |sections| sections[1].entries += 2),
        ("fewer entries", |sections| sections[1].entries -= 2),
        ("none", |sections| sections[1].entries = 0),
        ("endless", |sections| sections[1].entries = u32::MAX),
        ("of another version", |sections| sections[1].kind ^= 0x40),
        ("learnt", |sections| sections[1].kind = SECTION_LEARNT),
        ("shorter", |sections| sections[1].len -= 1),
    ];
    for (name, lie) in lies {
        let mut parts = parts.clone();
        lie(&mut parts.sections);
        let snapshot = open(&folder, &parts.seal(|_| {})).unwrap();
        snapshot.verify().unwrap();
        let found = marks(&snapshot).unwrap();
        let first = parts.sections[0].entries as usize;
        let unmarked = found.iter().filter(|&&mark| mark == 0).count();
        assert_eq!(unmarked, first, "{name}: only those of one section are gone");
        assert_eq!(snapshot.learnt().unwrap(), Some(&LEARNT[..]), "{name}");
    }
    let mut unlearnt = parts.clone();
    unlearnt.sections[learnt].kind ^= 0x40;
    assert_eq!(open(&folder, &unlearnt.seal(|_| {})).unwrap().learnt().unwrap(), None);
    // One that is not optional is no hint.
    unlearnt.sections[learnt].kind = 3;
    assert!(open(&folder, &unlearnt.seal(|_| {})).is_err());
}

/// A byte that was changed is found by who reads all, and by who asks for these marks; entries are read all the same.
#[test]
fn damage_is_an_error() {
    let folder = Folder::new("damage");
    let bytes = marked(&folder, |key| key % 16, Some(LEARNT));
    for section in Parts::of(&bytes).sections {
        if section.kind == SECTION_ENTRIES {
            continue;
        }
        for at in section.offset..section.offset + 64 {
            let mut bytes = bytes.clone();
            bytes[at as usize] ^= 1 << (at % 8);
            let snapshot = open(&folder, &bytes).unwrap();
            assert!(matches!(snapshot.verify(), Err(DumpError::Checksum { .. })));
            let error = match section.kind {
                SECTION_MARKS => marks(&snapshot).unwrap_err(),
                _ => snapshot.learnt().unwrap_err(),
            };
            assert!(
                matches!(error, DumpError::Checksum { offset, .. } if offset == section.offset)
            );
            for key in 0..KEYS {
                assert_eq!(snapshot.get(&[key]).unwrap(), Some(&vec![key; len(key)][..]));
            }
        }
    }
}

#[test]
fn no_file_makes_it_panic() {
    let folder = Folder::new("any-marks");
    let parts = Parts::of(&marked(&folder, |key| key % 16, Some(LEARNT)));
    let mut random = Random::new(13);
    for _ in 0..2000 {
        let mut parts = parts.clone();
        let number = random.below(parts.sections.len() as u64) as usize;
        match random.below(5) {
            0 => parts.sections[number].entries = random.next() as u32 >> random.below(32),
            1 => parts.sections[number].len = random.below(1000),
            2 => parts.sections[number].kind = random.next() as u16 | 1 << 15,
            3 => parts.sections[number].kind = SECTION_MARKS,
            _ => parts.sections[number].kind = SECTION_LEARNT,
        }
        if let Ok(snapshot) = open(&folder, &parts.seal(|_| {})) {
            let _ = (snapshot.learnt(), snapshot.verify());
            for section in 0..=snapshot.sections() {
                let _ = snapshot.marks(section).map(|marks| marks.of(usize::MAX));
            }
        }
    }
}
