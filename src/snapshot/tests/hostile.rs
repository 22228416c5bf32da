//! Files whose checksums are right and whose contents are not: made by somebody who wants to do harm.

use super::super::disk::System;
use super::super::error::DumpError;
use super::super::forge::Parts;
use super::super::format::{ALIGN, Footer};
use super::super::store::StoreSnapshot;
use super::super::tables::{FLAG_ZSTD, SECTION_OPTIONAL, Section};
use super::folder::Folder;
use super::random::Random;
use super::write;

const KEYS: u8 = 40;

type Field = fn(&mut Footer) -> &mut u64;
type Lie = fn(&mut Vec<Section>);

fn value(key: u8) -> Vec<u8> {
    vec![key; 5 + usize::from(key) % 7]
}

fn small(folder: &Folder) -> Parts {
    let path = folder.file("small");
    let keys: Vec<u8> = (0..KEYS).collect();
    let values: Vec<Vec<u8>> = keys.iter().map(|&key| value(key)).collect();
    let entries = keys.chunks(1).zip(&values).map(|(key, value)| (key, &value[..]));
    write(&System, &path, entries).unwrap();
    Parts::of(&std::fs::read(path).unwrap())
}

/// Everything that one can do with the file; the first error.
fn use_all(folder: &Folder, bytes: &[u8]) -> Result<(), DumpError> {
    let path = folder.file("hostile");
    std::fs::write(&path, bytes).unwrap();
    let snapshot = StoreSnapshot::open(&path)?;
    let info = snapshot.info();
    let gets = (0..KEYS).try_for_each(|key| snapshot.get(&[key]).map(drop));
    let walk = snapshot.iter().try_for_each(|entry| entry.map(drop));
    assert!(format!("{snapshot:?} {info:?}").len() > 10);
    let all = snapshot.verify();
    gets.and(walk).and(all)
}

#[test]
fn what_is_sealed_anew_is_good() {
    let folder = Folder::new("sealed");
    let parts = small(&folder);
    assert!(parts.sections.len() > 3 && parts.blocks.len() == 1);
    use_all(&folder, &parts.seal(|_| {})).unwrap();
}

#[test]
fn lies_in_the_footer_are_errors() {
    let folder = Folder::new("footer");
    let parts = small(&folder);
    let fields: [(&str, Field); 10] = [
        ("identity", |footer| &mut footer.identity),
        ("entries", |footer| &mut footer.entries),
        ("sections", |footer| &mut footer.sections),
        ("index_offset", |footer| &mut footer.index_offset),
        ("buckets", |footer| &mut footer.buckets),
        ("blocks", |footer| &mut footer.blocks),
        ("tables_offset", |footer| &mut footer.tables_offset),
        ("tables_len", |footer| &mut footer.tables_len),
        ("tables_checksum", |footer| &mut footer.tables_checksum),
        ("file_len", |footer| &mut footer.file_len),
    ];
    for (name, field) in fields {
        let own = *field(&mut parts.footer.clone());
        let lies = [0, 1, 63, 64, own.wrapping_sub(64), own.wrapping_sub(1), own + 1, own + 64];
        for lie in lies.into_iter().chain([1 << 32, 1 << 58, 1 << 63, u64::MAX - 63, u64::MAX]) {
            let lied = parts.seal(|footer| *field(footer) = lie);
            let truth = Parts::of(&parts.seal(|_| {}));
            let honest = *field(&mut truth.footer.clone());
            // As long as their padding ends where it did, that is another name of a type, and nothing else.
            let is_name = name == "tables_len" && lie.div_ceil(ALIGN) == honest.div_ceil(ALIGN);
            if lie == honest || is_name && lie > honest - truth.names.len() as u64 {
                continue;
            }
            assert!(use_all(&folder, &lied).is_err(), "{name}: {lie}");
        }
    }
}

#[test]
fn lies_in_the_section_table_are_errors() {
    let folder = Folder::new("sections");
    let parts = small(&folder);
    let lies: [(&str, Lie); 17] = [
        ("swapped", |sections| sections.swap(0, 1)),
        ("doubled", |sections| sections[1] = sections[0]),
        ("twice", |sections| sections.insert(0, sections[0])),
        ("left out", |sections| {
            sections.remove(1);
        }),
        ("overlapping", |sections| sections[1].offset = sections[0].offset),
        ("in the head", |sections| sections[0].offset = 0),
        ("past the end", |sections| sections[2].offset = 1 << 40),
        ("almost endless", |sections| sections[2].offset = u64::MAX - 10),
        ("longer", |sections| sections[0].len += 64),
        ("huge", |sections| sections[0].len = u64::MAX),
        ("empty", |sections| sections[0].len = 0),
        ("more entries", |sections| sections[0].entries += 1),
        ("other counts", |sections| {
            sections[0].entries += 1;
            sections[1].entries -= 1;
        }),
        ("no entries", |sections| {
            sections[1].entries += sections[0].entries;
            sections[0].entries = 0;
        }),
        ("unknown kind", |sections| sections[0].kind = 9),
        ("unknown flags", |sections| sections[0].flags = 2),
        ("not packed", |sections| sections[0].flags = FLAG_ZSTD),
    ];
    for (name, lie) in lies {
        let mut parts = parts.clone();
        lie(&mut parts.sections);
        assert!(use_all(&folder, &parts.seal(|_| {})).is_err(), "{name}");
    }
}

/// What a later version may add, and this one passes over.
#[test]
fn optional_sections_are_passed_over() {
    let folder = Folder::new("optional");
    let mut parts = small(&folder);
    let at = parts.sections[0].offset as usize;
    parts.bytes.splice(at..at, [0xee; 128]);
    for section in &mut parts.sections {
        section.offset += 128;
    }
    for block in &mut parts.blocks {
        block.offset += 128;
    }
    parts.footer.index_offset += 128;
    let optional = Section {
        offset: at as u64,
        len: 100,
        entries: 3,
        kind: SECTION_OPTIONAL | 5,
        flags: 0,
        checksum: 0,
    };
    // Last in the table of sections would be last in the file; the index numbers them as they are there.
    parts.sections.insert(0, optional);
    let path = folder.file("optional");
    std::fs::write(&path, parts.seal(|_| {})).unwrap();
    let snapshot = StoreSnapshot::open(&path).unwrap();
    assert_eq!(snapshot.iter().filter(Result::is_ok).count(), usize::from(KEYS));
    assert_eq!(snapshot.raw_entries(0).unwrap().count(), 0);
    // The cells still count without it, so the first section's lead into it.
    assert!((0..KEYS).any(|key| snapshot.get(&[key]).is_err()));
    parts.sections[0].kind &= !SECTION_OPTIONAL;
    assert!(use_all(&folder, &parts.seal(|_| {})).is_err());
}

#[test]
fn lies_in_the_index_are_errors_or_absences() {
    let folder = Folder::new("index");
    let parts = small(&folder);
    let start = parts.footer.index_offset as usize;
    let mut random = Random::new(3);
    for round in 0..3000 {
        let mut parts = parts.clone();
        let len = parts.bytes.len() - start;
        let at = start + random.below(len as u64 / 4) as usize * 4;
        let lie = [0, u32::MAX, 7, 1 << 31, random.next() as u32][round % 5];
        let own = &mut parts.bytes[at..at + 4];
        if *own == lie.to_le_bytes() {
            continue;
        }
        own.copy_from_slice(&lie.to_le_bytes());
        let sealed = parts.seal(|_| {});
        let path = folder.file("hostile");
        std::fs::write(&path, sealed).unwrap();
        let snapshot = StoreSnapshot::open(&path).unwrap();
        for key in 0..KEYS {
            // Keys are compared, so no lie leads to another's value.
            if let Ok(Some(found)) = snapshot.get(&[key]) {
                assert_eq!(found, value(key));
            }
        }
        let _ = snapshot.verify();
    }
}

/// Any bytes of sections, index and tables changed, and all checksums right again.
#[test]
fn no_file_makes_it_panic() {
    let folder = Folder::new("any");
    let parts = small(&folder);
    let mut random = Random::new(11);
    for _ in 0..4000 {
        let mut parts = parts.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(parts.bytes.len() as u64) as usize;
            parts.bytes[at] = match random.below(4) {
                0 => 0xff,
                1 => 0,
                _ => random.next() as u8,
            };
        }
        let number = random.below(parts.sections.len() as u64) as usize;
        if random.once_in(4) {
            parts.sections[number].entries = random.next() as u32;
        }
        if random.once_in(4) {
            parts.sections[number].len = random.below(1000);
        }
        if random.once_in(4) {
            parts.blocks[0].cells = random.next() >> random.below(64);
        }
        let _ = use_all(&folder, &parts.seal(|_| {}));
    }
}
