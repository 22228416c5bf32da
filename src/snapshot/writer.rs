//! Writes a dump: head, sections as they come, then the index, the tables and the footer. Never seeks back.

use std::time::{SystemTime, UNIX_EPOCH};

use super::columns::{SLOTS, SectionBuilder};
use super::disk::Disk;
use super::error::DumpError;
use super::format::{Footer, HEAD_LEN, Head, padded};
use super::hash::checksum;
use super::index::{BlockBuilder, Location, PARTITIONS, SECTIONS, bucket_of, buckets_for};
use super::pack::Packer;
use super::replace::Replacement;
use super::spill::{Record, Spill};
use super::tables::{Block, FLAG_ZSTD, SECTION_ENTRIES, Section};
use super::types::Types;

/// What keys and values of a section take together, at least, unless it is the last one; it is closed at the first entry beyond.
///
/// A section is verified as a whole when it is first touched, which is what the first look-up in a dump waits for: a quarter of a
/// millisecond at this size.
pub(super) const SECTION_BYTES: usize = 1 << 20;

/// Sections that are being filled, and those that are full. Filled while pinned, written while not.
pub(crate) struct Pending {
    full: Vec<SectionBuilder>,
    current: SectionBuilder,
    spare: Vec<SectionBuilder>,
    section_bytes: usize,
}

impl Pending {
    pub(crate) fn new() -> Self {
        Self {
            full: Vec::new(),
            current: SectionBuilder::new(),
            spare: Vec::new(),
            section_bytes: SECTION_BYTES,
        }
    }

    /// As [`new`](Self::new), of another size: tests want many small ones.
    #[cfg(any(fuzzing, test))]
    pub(super) fn of(section_bytes: usize) -> Self {
        Self { section_bytes, ..Self::new() }
    }

    /// The section for an entry of `len` bytes, or of as many as it will.
    #[inline]
    pub(crate) fn room_for(&mut self, len: Option<usize>) -> &mut SectionBuilder {
        let used = self.current.payload();
        let is_full = used.saturating_add(len.unwrap_or(1)) > self.section_bytes;
        if self.current.len() == SLOTS || self.current.len() > 0 && is_full {
            let next = self.spare.pop().unwrap_or_else(SectionBuilder::new);
            self.full.push(std::mem::replace(&mut self.current, next));
        }
        &mut self.current
    }

    /// Whether something waits to be written.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        !self.full.is_empty()
    }
}

/// How far a dump is, or has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Entries written.
    pub entries: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// A dump on its way.
pub(crate) struct Writer<'d, D: Disk> {
    file: Replacement<'d, D>,
    head: Head,
    types: Types,
    sections: Vec<Section>,
    blocks: Vec<Block>,
    spill: Spill,
    entries: u64,
    /// None: sections are written as they are.
    packer: Option<Packer>,
}

impl<'d, D: Disk> Writer<'d, D> {
    pub(crate) fn begin(
        disk: &'d D,
        path: &std::path::Path,
        types: Types,
        taken_at: u64,
        synced: bool,
    ) -> Result<Self, DumpError> {
        let mut file = Replacement::begin(disk, path, synced)?;
        let head = types.head(identity(path, taken_at), taken_at);
        file.write(&head.encode())?;
        debug_assert_eq!(file.len(), HEAD_LEN);
        let spill = Spill::new();
        let (sections, blocks) = (Vec::new(), Vec::new());
        Ok(Self { file, head, types, sections, blocks, spill, entries: 0, packer: None })
    }

    /// Packs the sections that are still to come, at a level of zstd's.
    #[cfg(feature = "dump-zstd")]
    pub(crate) fn pack(&mut self, level: i32) -> Result<(), DumpError> {
        let packer = Packer::new(level);
        self.packer = Some(packer.map_err(|e| DumpError::io(self.file.target(), "compress", e))?);
        Ok(())
    }

    /// Writes the sections that are full.
    pub(crate) fn write_full(&mut self, pending: &mut Pending) -> Result<(), DumpError> {
        for mut section in std::mem::take(&mut pending.full) {
            self.write_section(&mut section)?;
            section.clear(pending.section_bytes);
            // One being filled and one being written: more only where an entry was unusually large.
            if pending.spare.is_empty() {
                pending.spare.push(section);
            }
        }
        Ok(())
    }

    fn write_section(&mut self, section: &mut SectionBuilder) -> Result<(), DumpError> {
        let number = self.sections.len();
        if number == SECTIONS {
            return Err(DumpError::TooMany {
                path: self.file.target().to_owned(),
                limit: SECTIONS,
            });
        }
        let path = self.file.target();
        let (bytes, hashes) = section.finish().map_err(|error| DumpError::Archive {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let (disk, beside) = (self.file.disk(), self.file.beside());
        for (slot, &hash) in hashes.iter().enumerate() {
            let location = Location { section: number as u32, slot: slot as u32 };
            self.spill
                .push(hash, location, disk, beside)
                .map_err(|source| DumpError::io(beside, "write the index's file", source))?;
        }
        let entries = hashes.len() as u32;
        let packed = self.packer.as_mut().and_then(|packer| packer.pack(bytes));
        let (bytes, flags) = packed.map_or((&bytes[..], 0), |packed| (packed, FLAG_ZSTD));
        let len = bytes.len() as u64;
        let (offset, checksum) = write_part(&mut self.file, bytes)?;
        self.entries += u64::from(entries);
        let kind = SECTION_ENTRIES;
        self.sections.push(Section { offset, len, entries, kind, flags, checksum });
        Ok(())
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress { entries: self.entries, bytes: self.file.len() }
    }

    /// Writes what is left, and puts the dump in its place.
    pub(crate) fn finish(self, pending: Pending) -> Result<Progress, DumpError> {
        self.finish_if(pending, |_| Ok(()))
    }

    /// As [`finish`](Self::finish), if `check` finds the file good, which is complete then and has not got its name yet.
    pub(super) fn finish_if(
        mut self,
        mut pending: Pending,
        check: impl FnOnce(&std::path::Path) -> Result<(), DumpError>,
    ) -> Result<Progress, DumpError> {
        self.write_full(&mut pending)?;
        if pending.current.len() > 0 {
            self.write_section(&mut pending.current)?;
        }
        // Their memory is not needed for the index.
        drop(pending);
        let ended_at = wall();
        let index_offset = self.file.len();
        let buckets = buckets_for(self.entries);
        self.write_index(buckets)?;
        let mut tables = Vec::new();
        self.sections.iter().for_each(|section| section.encode(&mut tables));
        self.blocks.iter().for_each(|block| block.encode(&mut tables));
        tables.extend(self.types.names().bytes());
        let (tables_offset, tables_checksum) = write_part(&mut self.file, &tables)?;
        let footer = Footer {
            identity: self.head.identity,
            entries: self.entries,
            sections: self.sections.len() as u64,
            index_offset,
            buckets,
            blocks: self.blocks.len() as u64,
            tables_offset,
            tables_len: tables.len() as u64,
            tables_checksum,
            file_len: self.file.len() + super::format::FOOTER_LEN,
            ended_at,
        };
        self.file.write(&footer.encode())?;
        let progress = self.progress();
        check(self.file.beside())?;
        self.file.commit()?;
        Ok(progress)
    }

    /// Deals the records of one partition after the other out to its buckets, which lie one behind the other.
    fn write_index(&mut self, buckets: u64) -> Result<(), DumpError> {
        if buckets == 0 {
            return Ok(());
        }
        let mut block = BlockBuilder::new();
        let (mut records, mut starts, mut cells) = (Vec::<Record>::new(), Vec::new(), Vec::new());
        let per_partition = buckets / PARTITIONS as u64;
        for partition in 0..PARTITIONS {
            let beside = self.file.beside();
            self.spill
                .take(partition, &mut records)
                .map_err(|source| DumpError::io(beside, "read the index's file", source))?;
            let first = per_partition * partition as u64;
            let bucket = |record: &Record| (bucket_of(record.hash, buckets) - first) as usize;
            // Counting sort.
            starts.clear();
            starts.resize(per_partition as usize + 1, 0_usize);
            records.iter().for_each(|record| starts[bucket(record) + 1] += 1);
            for bucket in 1..starts.len() {
                starts[bucket] += starts[bucket - 1];
            }
            cells.clear();
            cells.resize(records.len(), 0_u64);
            let mut next = starts.clone();
            for record in &records {
                let place = &mut next[bucket(record)];
                cells[*place] = record.cell.0;
                *place += 1;
            }
            for range in starts.windows(2) {
                if block.push(&cells[range[0]..range[1]]) {
                    self.write_block(&mut block)?;
                }
            }
        }
        if !block.is_empty() {
            self.write_block(&mut block)?;
        }
        Ok(())
    }

    fn write_block(&mut self, block: &mut BlockBuilder) -> Result<(), DumpError> {
        let (bytes, cells) = block.take();
        let (offset, checksum) = write_part(&mut self.file, bytes)?;
        self.blocks.push(Block { offset, cells, checksum });
        Ok(())
    }
}

/// Writes `bytes` and their padding; where they begin, and the checksum of both.
fn write_part<D: Disk>(
    file: &mut Replacement<'_, D>,
    bytes: &[u8],
) -> Result<(u64, u64), DumpError> {
    let offset = file.len();
    let padding = padding(bytes.len() as u64);
    let checksum = if padding.is_empty() {
        checksum(bytes)
    } else {
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        hasher.update(bytes);
        hasher.update(padding);
        hasher.digest()
    };
    file.write(bytes)?;
    if !padding.is_empty() {
        file.write(padding)?;
    }
    Ok((offset, checksum))
}

/// What follows a part of so many bytes.
fn padding(len: u64) -> &'static [u8] {
    const ZEROS: [u8; 64] = [0; 64];
    let padding = padded(len).map_or(0, |padded| padded - len);
    &ZEROS[..padding as usize]
}

/// The time: nanoseconds since the epoch, 0 before that.
pub(crate) fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX - 1)
}

/// A number that no other dump has, as good as certainly.
fn identity(path: &std::path::Path, taken_at: u64) -> u64 {
    use std::hash::BuildHasher;

    // Keyed at random.
    std::collections::hash_map::RandomState::new().hash_one((path, taken_at))
}
