//! A dump that is open for reading, whatever its keys and values are.
//!
//! Opening it reads head, footer and tables: some 200 bytes, and 32 for each MiB of entries. Everything else is verified when it is first
//! touched, by sections and by blocks of the index, and that is remembered. Nothing that is read from the file is used as a place
//! in it without being compared with what there is.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::columns::{Bytes, SLOTS};
use super::error::DumpError;
use super::format::{
    BUCKETS_PER_BLOCK, FOOTER_LEN, Flaw, Footer, HEAD_LEN, Head, Kind, MAGIC, VERSION, padded,
};
use super::hash::checksum;
use super::index::{Cell, Location, bucket_of, cells_of};
use super::map::Map;
use super::pack::{self, Scratch};
use super::tables::{Block, SECTION_ENTRIES, Tables, block_len, buckets_in};
use super::types::{Types, describe, layout};
use crate::sync::{AtomicBool, OnceLock, Ordering};

/// What a dump says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DumpInfo {
    /// The version of the format.
    pub version: u32,
    /// Whose entries it holds.
    pub kind: Kind,
    /// The type of its keys: of a store's, "bytes".
    pub key_type: String,
    /// The type of its values.
    pub value_type: String,
    /// Entries, those included that are due by now.
    pub entries: u64,
    /// Sections of entries and of other things.
    pub sections: u64,
    /// How many of them are compressed.
    pub compressed_sections: u64,
    /// How many of them say what the eviction policy knew.
    pub policy_sections: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// When the dump began.
    pub started: SystemTime,
    /// When the last entry had been read: each one was live at some instant between both.
    pub ended: SystemTime,
}

impl DumpInfo {
    /// What the dump at `path` says of itself, whatever it is of. Blocks on the disk; O(MiB of the file), some microseconds a GiB.
    ///
    /// # Errors
    ///
    /// If it is no dump that can be read; see [`DumpError`].
    pub fn of(path: impl AsRef<Path>) -> Result<Self, DumpError> {
        Ok(Opened::open(path.as_ref(), None)?.info())
    }

    /// As [`of`](Self::of), after all of the file was read and all checksums were found right. Whether keys and values are what their types say can
    /// be told only by who knows these: [`Snapshot::verify`](crate::Snapshot::verify).
    ///
    /// `progress` is called with the bytes that were checked, part by part. Blocks on the disk; O(bytes).
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn verified(path: impl AsRef<Path>, progress: impl FnMut(u64)) -> Result<Self, DumpError> {
        let opened = Opened::open(path.as_ref(), None)?;
        opened.verify_parts(progress)?;
        Ok(opened.info())
    }
}

pub(super) struct Opened {
    path: PathBuf,
    pub(super) map: Map,
    head: Head,
    pub(super) footer: Footer,
    /// By number.
    pub(super) good_sections: Box<[AtomicBool]>,
    good_blocks: Box<[AtomicBool]>,
    /// By number, if any section is packed: what was found good of those that are, unpacked. It stays as long as this, for others have references to it.
    pub(super) unpacked: Box<[OnceLock<Bytes>]>,
    packed: u64,
}

/// An instant of a file.
pub(super) fn instant(nanos: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)).unwrap_or(UNIX_EPOCH)
}

pub(super) fn part(bytes: &[u8], offset: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
}

impl Opened {
    /// `types`: what it is to be of; None: whatever it is.
    pub(super) fn open(path: &Path, types: Option<&Types>) -> Result<Self, DumpError> {
        let map = Map::open(path)?;
        let bytes = map.bytes();
        let len = bytes.len() as u64;
        let truncated = || {
            let expected = (HEAD_LEN + FOOTER_LEN).max(len.saturating_add(1));
            DumpError::Truncated { path: path.to_owned(), expected, found: len }
        };
        let Some(start) = part(bytes, 0, HEAD_LEN) else {
            let magic = &MAGIC[..MAGIC.len().min(bytes.len())];
            return Err(if bytes.starts_with(magic) {
                truncated()
            } else {
                let found = bytes.iter().take(MAGIC.len()).copied().collect();
                DumpError::NotADump { path: path.to_owned(), found }
            });
        };
        let head = Head::decode(start).map_err(|flaw| DumpError::flaw(path, "head", 0, flaw))?;
        let footer_at = len.saturating_sub(FOOTER_LEN);
        let in_footer = |flaw| DumpError::flaw(path, "footer", footer_at, flaw);
        let end = part(bytes, footer_at, FOOTER_LEN).filter(|_| footer_at >= HEAD_LEN);
        let footer = match end.and_then(Footer::decode) {
            None => return Err(truncated()),
            Some(footer) => footer.map_err(in_footer)?,
        };
        footer.check(&head, len).map_err(in_footer)?;
        let mut opened = Self {
            unpacked: Box::default(),
            packed: 0,
            path: path.to_owned(),
            good_sections: unknown(footer.sections),
            good_blocks: unknown(footer.blocks),
            map,
            head,
            footer,
        };
        let tables = opened.whole(
            "tables",
            footer.tables_offset,
            footer.tables_len,
            footer.tables_checksum,
        )?;
        Tables::new(tables, &footer)
            .check(&footer)
            .map_err(|flaw| DumpError::flaw(path, "tables", footer.tables_offset, flaw))?;
        let packed = opened.tables().packed();
        if packed > 0 {
            opened.packed = packed;
            opened.unpacked = (0..footer.sections).map(|_| OnceLock::new()).collect();
        }
        if let Some(types) = types {
            opened.check_types(types)?;
            opened.check_packed()?;
        }
        Ok(opened)
    }

    fn check_types(&self, types: &Types) -> Result<(), DumpError> {
        let path = self.path.clone();
        if !types.are(&self.head) {
            let (key, value) = self.tables().names().unwrap_or(("?", "?"));
            let found = describe(self.head.kind, key, value);
            return Err(DumpError::Types { path, expected: types.describe(), found });
        }
        let own = layout();
        if own != self.head.layout {
            let (expected, found) = (format!("{own:?}"), format!("{:?}", self.head.layout));
            return Err(DumpError::Layout { path, expected, found });
        }
        Ok(())
    }

    /// Whether this program can read what is in it.
    pub(super) fn check_packed(&self) -> Result<(), DumpError> {
        match self.packed {
            0 => Ok(()),
            _ if pack::CAN => Ok(()),
            _ => Err(DumpError::Compressed { path: self.path.clone() }),
        }
    }

    /// A part of the file, and its padding, whose checksum must be `expected`.
    pub(super) fn whole(
        &self,
        name: &'static str,
        offset: u64,
        len: u64,
        expected: u64,
    ) -> Result<&[u8], DumpError> {
        let all = padded(len).and_then(|len| part(self.map.bytes(), offset, len));
        let Some(all) = all else {
            let found = self.map.bytes().len() as u64;
            return Err(DumpError::format(&self.path, offset, format!("{len} bytes"), found));
        };
        let found = checksum(all);
        if found != expected {
            let flaw = Flaw::Checksum { expected, found };
            return Err(DumpError::flaw(&self.path, name, offset, flaw));
        }
        Ok(&all[..len as usize])
    }

    pub(super) fn tables(&self) -> Tables<'_> {
        let Footer { tables_offset, tables_len, .. } = self.footer;
        Tables::new(
            part(self.map.bytes(), tables_offset, tables_len).unwrap_or_default(),
            &self.footer,
        )
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.footer.entries
    }

    pub(super) fn sections(&self) -> usize {
        self.good_sections.len()
    }

    pub(super) fn info(&self) -> DumpInfo {
        let (key, value) = self.tables().names().unwrap_or(("?", "?"));
        DumpInfo {
            version: VERSION,
            kind: self.head.kind,
            key_type: key.to_owned(),
            value_type: value.to_owned(),
            entries: self.footer.entries,
            sections: self.footer.sections,
            compressed_sections: self.packed,
            policy_sections: self.tables().of_policy(),
            bytes: self.footer.file_len,
            started: instant(self.head.taken_at),
            ended: instant(self.footer.ended_at),
        }
    }

    /// Where a section begins; 0 if there is no such.
    pub(super) fn offset_of(&self, number: usize) -> u64 {
        self.tables().section(number).map_or(0, |section| section.offset)
    }

    /// In which block of the index a hash is; and how many blocks there are.
    pub(super) fn block_of(&self, hash: u64) -> (usize, usize) {
        let block = bucket_of(hash, self.footer.buckets) / BUCKETS_PER_BLOCK;
        (block as usize, self.good_blocks.len())
    }

    /// How many entries a section says that it has; not more than there is room for, for nothing else is known of it yet.
    pub(super) fn entries_in(&self, number: usize) -> u32 {
        let section = self.tables().section(number);
        let Some(section) = section.filter(|it| it.kind == SECTION_ENTRIES) else { return 0 };
        // Each has its end in a column of its own. Of a packed one the length says nothing, but all of them together have no more than there are cells in the index.
        let room =
            if section.is_packed() { u64::MAX } else { section.len / size_of::<u32>() as u64 };
        section.entries.min(room.min(SLOTS as u64) as u32)
    }

    /// Where entries may be whose key has this hash.
    pub(super) fn locations(
        &self,
        hash: u64,
    ) -> Result<impl Iterator<Item = Location> + use<'_>, DumpError> {
        let buckets = self.footer.buckets;
        let cells = match buckets {
            0 => None,
            _ => Some(self.bucket(bucket_of(hash, buckets))?),
        };
        let own = move |cell: &Cell| cell.is_of(hash);
        Ok(cells.into_iter().flatten().filter(own).map(|cell| cell.location()))
    }

    pub(super) fn buckets(&self) -> u64 {
        self.footer.buckets
    }

    /// The cells of a bucket.
    pub(super) fn bucket(
        &self,
        bucket: u64,
    ) -> Result<impl Iterator<Item = Cell> + use<'_>, DumpError> {
        let number = bucket / BUCKETS_PER_BLOCK;
        let (bytes, count) = self.block(number)?;
        let in_block = buckets_in(number, self.footer.buckets);
        cells_of(bytes, in_block, count, bucket % BUCKETS_PER_BLOCK).ok_or_else(|| {
            let offset = self.footer.index_offset;
            DumpError::format(&self.path, offset, "an index block", "offsets out of order")
        })
    }

    /// A block of the index, and how many cells it has.
    fn block(&self, number: u64) -> Result<(&[u8], u64), DumpError> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let (Some(block), Some(good)) = (self.tables().block(index), self.good_blocks.get(index))
        else {
            let offset = self.footer.index_offset;
            return Err(DumpError::format(&self.path, offset, "an index block", number));
        };
        let Block { offset, cells, checksum } = block;
        let len = block_len(buckets_in(number, self.footer.buckets), cells).unwrap_or(u64::MAX);
        Ok((self.verified(good, "index block", offset, len, checksum)?, cells))
    }

    /// A part that is its bytes, [whole](Self::whole): looked at once, and `good` remembers it.
    pub(super) fn verified(
        &self,
        good: &AtomicBool,
        name: &'static str,
        offset: u64,
        len: u64,
        checksum: u64,
    ) -> Result<&[u8], DumpError> {
        // Relaxed, both: it publishes nothing, for the bytes are the file's.
        if good.load(Ordering::Relaxed)
            && let Some(bytes) = part(self.map.bytes(), offset, len)
        {
            return Ok(bytes);
        }
        let bytes = self.whole(name, offset, len, checksum)?;
        good.store(true, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Verifies each section and each block of the index, but for what only types can tell.
    fn verify_parts(&self, mut progress: impl FnMut(u64)) -> Result<(), DumpError> {
        let mut scratch = Scratch::default();
        for number in 0..self.sections() {
            self.verify_untyped(number, &mut scratch)?;
            self.verify_other(number)?;
            progress(self.tables().section(number).map_or(0, |section| section.len));
        }
        for number in 0..self.footer.blocks {
            progress(self.block(number)?.0.len() as u64);
        }
        Ok(())
    }

    /// The flaw of a cell that leads nowhere.
    pub(super) fn astray(&self, location: Location) -> DumpError {
        let offset = self.footer.index_offset;
        DumpError::format(&self.path, offset, "a place of an entry", format!("{location:?}"))
    }
}

/// So many, of which nothing is known yet.
fn unknown(count: u64) -> Box<[AtomicBool]> {
    // Not more than there is room for in the file: `Footer::check`.
    (0..count).map(|_| AtomicBool::new(false)).collect()
}
