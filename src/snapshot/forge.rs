//! Dumps with right checksums and wrong contents, for tests and the fuzzer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::columns::Due;
use super::disk::System;
use super::error::DumpError;
use super::format::{ALIGN, FOOTER_LEN, Footer, NEVER, padded};
use super::hash::{checksum, hash_of, hash_of_bytes};
use super::index::Location;
use super::opened::Opened;
use super::store::StoreSnapshot;
use super::tables::{BLOCK_LEN, Block, SECTION_LEN, Section};
use super::typed::Snapshot;
use super::types::Types;
use super::writer::{Pending, Writer};

/// The parts of a dump that can be told lies with.
#[derive(Clone)]
pub(super) struct Parts {
    /// All before the tables.
    pub(super) bytes: Vec<u8>,
    pub(super) footer: Footer,
    pub(super) sections: Vec<Section>,
    pub(super) blocks: Vec<Block>,
    pub(super) names: Vec<u8>,
}

impl Parts {
    /// Of a good dump.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let end = bytes.len() - FOOTER_LEN as usize;
        let footer = Footer::decode(&bytes[end..]).expect("a footer").expect("a good one");
        let tables = &bytes[footer.tables_offset as usize..][..footer.tables_len as usize];
        let (sections, rest) = tables.split_at(footer.sections as usize * SECTION_LEN);
        let (blocks, names) = rest.split_at(footer.blocks as usize * BLOCK_LEN);
        Self {
            bytes: bytes[..footer.tables_offset as usize].to_vec(),
            footer,
            sections: sections.chunks(SECTION_LEN).map(Section::decode).collect(),
            blocks: blocks.chunks(BLOCK_LEN).map(Block::decode).collect(),
            names: names.to_vec(),
        }
    }

    /// A file of these parts with the checksums that they should have; `lie` has the last word about the footer.
    pub(super) fn seal(&self, lie: impl FnOnce(&mut Footer)) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let part = |offset: u64, len: u64| -> Option<u64> {
            let end = offset.checked_add(padded(len)?)?;
            Some(checksum(self.bytes.get(offset as usize..end as usize)?))
        };
        let mut tables = Vec::new();
        for section in &self.sections {
            let checksum = part(section.offset, section.len).unwrap_or(7);
            Section { checksum, ..*section }.encode(&mut tables);
        }
        for (number, block) in self.blocks.iter().enumerate() {
            let end = self.blocks.get(number + 1).map_or(bytes.len() as u64, |next| next.offset);
            let checksum = part(block.offset, end.saturating_sub(block.offset)).unwrap_or(7);
            Block { checksum, ..*block }.encode(&mut tables);
        }
        tables.extend(&self.names);
        let tables_len = tables.len() as u64;
        tables.resize(tables.len().next_multiple_of(ALIGN as usize), 0);
        let mut footer = Footer {
            sections: self.sections.len() as u64,
            blocks: self.blocks.len() as u64,
            tables_offset: bytes.len() as u64,
            tables_len,
            tables_checksum: checksum(&tables),
            file_len: (bytes.len() + tables.len()) as u64 + FOOTER_LEN,
            ..self.footer
        };
        bytes.extend(tables);
        lie(&mut footer);
        bytes.extend(footer.encode());
        bytes
    }
}

/// What one may do to a dump's bytes.
#[derive(arbitrary::Arbitrary, Clone, Debug)]
enum Edit {
    Byte { at: u16, to: u8 },
    Word { at: u16, to: u32 },
    Move { from: u16, to: u16, len: u8 },
    Entries { section: u8, to: u32 },
    Len { section: u8, to: u16 },
    Cells { to: u64 },
    Buckets { to: u64 },
    CutOff { len: u16 },
}

/// A dump with changes to it, for the fuzzer. An inserted variant changes what its corpus means: append.
#[derive(arbitrary::Arbitrary, Clone, Debug)]
pub enum Scenario {
    /// Any bytes.
    Raw(Vec<u8>),
    /// A good dump, changed; `sealed`: with checksums as they should be then.
    Changed {
        /// Of a cache, and not of a store.
        typed: bool,
        /// Whether checksums are made right.
        sealed: bool,
        /// What is changed.
        edits: Edits,
    },
    /// As `Changed`, of a dump that is compressed, if this program can have one.
    Packed {
        /// Of a cache, and not of a store.
        typed: bool,
        /// Whether checksums are made right.
        sealed: bool,
        /// What is changed.
        edits: Edits,
    },
}

/// Changes to a dump.
#[derive(arbitrary::Arbitrary, Clone, Debug)]
pub struct Edits(Vec<Edit>);

pub(crate) type Value = (u64, Vec<Option<String>>);

pub(crate) const KEYS: u32 = 30;

fn value(key: u32) -> Value {
    let texts = (0..key % 4).map(|part| (part != 1).then(|| "text".repeat(part as usize * 3)));
    (key.into(), texts.collect())
}

/// What a policy knows of it.
fn mark(key: u32) -> u8 {
    (key % 16) as u8
}

const LEARNT: [u8; 16] = *b"what was learnt.";

pub(crate) fn name(key: u32) -> String {
    "key ".repeat(key as usize % 3) + &key.to_string()
}

/// A small dump of many sections: of a store, or of a cache.
fn good(path: &Path, typed: bool, packed: bool) -> Result<Vec<u8>, DumpError> {
    let types = if typed { Types::of_cache::<String, Value>() } else { Types::of_store() };
    let writer = Writer::begin(&System, path, types, 7, false)?;
    let mut pending = Pending::of(if packed { 600 } else { 200 });
    #[cfg(feature = "dump-zstd")]
    if packed {
        pending.pack(3, path)?;
    }
    for key in 0..KEYS {
        let deadline = if key % 3 == 0 { NEVER } else { NEVER - u64::from(key) };
        let (name, due) = (name(key), Due { deadline, last: None });
        let section = pending.room_for(Some(20));
        let pushed = if typed {
            section.push_archived(hash_of(&name), &name, &value(key), due)
        } else {
            let value = "value".repeat(key as usize % 5);
            section.push(hash_of_bytes(name.as_bytes()), name.as_bytes(), value.as_bytes(), due)
        };
        pushed.map_err(|refused| refused.into_error(path))?;
        pending.mark(mark(key));
        writer.write_full(&mut pending)?;
    }
    writer.write_rest(pending)?;
    writer.finish(Some(LEARNT))?;
    fs::read(path).map_err(|source| DumpError::io(path, "read", source))
}

impl Scenario {
    /// Opens the file and does with it all that can be done.
    ///
    /// # Panics
    ///
    /// If anything that was found is wrong and the checksums were not.
    pub fn check(&self) {
        self.with_file(|path, trusted| {
            let _ = use_store(path, trusted);
            let _ = use_cache(path, trusted);
        });
    }

    /// Calls `open` with the file, and whether its checksums, where they are right, vouch for it.
    pub(crate) fn with_file(&self, open: impl FnOnce(&Path, bool)) {
        static GOOD: OnceLock<(PathBuf, [Vec<u8>; 4])> = OnceLock::new();
        let (path, good) = GOOD.get_or_init(|| {
            let path = std::env::temp_dir().join(format!("purekv-forged-{}", std::process::id()));
            let good = [(false, false), (true, false), (false, true), (true, true)]
                .map(|(typed, packed)| good(&path, typed, packed).expect("it can be written"));
            let _ = fs::remove_file(&path);
            (path, good)
        });
        // A name of its own for each thread.
        let path = path.with_extension(format!("{:?}", std::thread::current().id()));
        let trusted = match self {
            Self::Raw(bytes) => {
                fs::write(&path, bytes).expect("it can be written");
                false
            }
            Self::Changed { typed, sealed, edits } | Self::Packed { typed, sealed, edits } => {
                let packed = matches!(self, Self::Packed { .. });
                let good = &good[usize::from(packed) * 2 + usize::from(*typed)];
                fs::write(&path, edits.apply(good, *sealed)).expect("it can be written");
                !sealed
            }
        };
        open(&path, trusted);
        let _ = fs::remove_file(&path);
    }
}

impl Edits {
    fn apply(&self, good: &[u8], sealed: bool) -> Vec<u8> {
        let mut parts = Parts::of(good);
        let mut whole = good.to_vec();
        let mut buckets = parts.footer.buckets;
        for edit in &self.0 {
            let bytes = if sealed { &mut parts.bytes } else { &mut whole };
            let all = bytes.len();
            let sections = parts.sections.len();
            match *edit {
                Edit::Byte { at, to } if all > 0 => bytes[usize::from(at) % all] = to,
                Edit::Word { at, to } if all > 4 => {
                    let at = usize::from(at) % (all - 4);
                    bytes[at..at + 4].copy_from_slice(&to.to_le_bytes());
                }
                Edit::Move { from, to, len } if all > 256 => {
                    let (from, to) =
                        (usize::from(from) % (all - 256), usize::from(to) % (all - 256));
                    bytes.copy_within(from..from + usize::from(len), to);
                }
                Edit::CutOff { len } if !sealed => bytes.truncate(usize::from(len)),
                Edit::Entries { section, to } => {
                    parts.sections[usize::from(section) % sections].entries = to;
                }
                Edit::Len { section, to } => {
                    parts.sections[usize::from(section) % sections].len = to.into();
                }
                Edit::Cells { to } => parts.blocks[0].cells = to,
                Edit::Buckets { to } => buckets = to,
                _ => {}
            }
        }
        if sealed { parts.seal(|footer| footer.buckets = buckets) } else { whole }
    }
}

/// `trusted`: what it finds is right.
fn use_store(path: &Path, trusted: bool) -> Result<(), DumpError> {
    let snapshot = StoreSnapshot::open(path)?;
    for key in 0..KEYS + 2 {
        if let Ok(Some(found)) = snapshot.get(name(key).as_bytes()) {
            let value = "value".repeat(key as usize % 5);
            assert!(!trusted || key < KEYS && found == value.as_bytes());
        }
    }
    let walked = snapshot.iter().try_for_each(|entry| entry.map(drop));
    let marked = use_marks(&snapshot.file, trusted);
    snapshot.verify().and(walked).and(marked)
}

/// Entries are in the order of their keys, so those of each section go on where the last one's have ended.
fn use_marks(file: &Opened, trusted: bool) -> Result<(), DumpError> {
    let learnt = file.learnt()?;
    assert!(!trusted || learnt == Some(&LEARNT));
    let mut next = 0;
    for section in 0..file.sections() {
        let (entries, marks) = (file.entries_in(section), file.marks(section)?);
        for slot in 0..entries {
            let found = marks.of(slot as usize);
            let at = file.mark(Location { section: section as u32, slot })?;
            assert!(found < 16 && found == at && (!trusted || found == mark(next + slot)));
        }
        next += entries;
    }
    Ok(())
}

fn use_cache(path: &Path, trusted: bool) -> Result<(), DumpError> {
    let snapshot = Snapshot::<String, Value>::open(path)?;
    for key in 0..KEYS + 2 {
        if let Ok(Some(found)) = snapshot.get(name(key).as_str()) {
            assert!(!trusted || key < KEYS && *found == value(key));
        }
    }
    for section in 0..snapshot.sections() {
        for entry in snapshot.entries(section)? {
            let (_, (_, texts)) = snapshot.to_owned(&entry)?;
            assert!(texts.into_iter().flatten().all(|text| text.len() < 1 << 20));
        }
    }
    let walked = snapshot.iter().try_for_each(|entry| entry.map(drop));
    let marked = use_marks(&snapshot.file, trusted);
    snapshot.verify().and(walked).and(marked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_changed_is_good() {
        let path = std::env::temp_dir().join(format!("purekv-forge-{}", std::process::id()));
        for sealed in [false, true] {
            for (typed, open) in [(false, use_store as fn(&Path, bool) -> _), (true, use_cache)] {
                for packed in [false, true] {
                    let bytes = good(&path, typed, packed).unwrap();
                    fs::write(&path, Edits(Vec::new()).apply(&bytes, sealed)).unwrap();
                    open(&path, true).unwrap();
                    let packed = packed && cfg!(feature = "dump-zstd");
                    assert_eq!(Parts::of(&bytes).sections.iter().any(Section::is_packed), packed);
                }
            }
        }
        fs::remove_file(&path).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn no_change_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = arbitrary::Unstructured::new(&bytes);
            if let Ok(scenario) = <Scenario as arbitrary::Arbitrary>::arbitrary(&mut bytes) {
                scenario.check();
            }
        }
    }
}
