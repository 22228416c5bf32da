//! Writes a dump: head, sections as they come, then the index, the tables and the footer.
//!
//! Several threads can fill sections and write them. A section's place in the file is the next one when it is full, so the file has no gaps; what is beyond
//! a thread's own section is under a lock: the claim of that place, and the account of what is where. Nothing is written twice.

use std::sync::PoisonError;

use super::columns::{Finished, Padded, SLOTS, SectionBuilder};
use super::disk::Disk;
use super::error::DumpError;
use super::format::{ALIGN, FOOTER_LEN, Footer, HEAD_LEN, Head, pad};
use super::hash::checksum;
use super::index::{BlockBuilder, Location, PARTITIONS, SECTIONS, bucket_of, buckets_for};
use super::marks::Learnt;
use super::pack::Packer;
use super::replace::Replacement;
use super::spill::{Record, Spill};
use super::tables::{Block, FLAG_ZSTD, SECTION_ENTRIES, SECTION_LEARNT, SECTION_MARKS, Section};
use super::types::Types;
use crate::clock::wall;
use crate::sync::{Mutex, MutexGuard};

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
    /// None: sections are written as they are.
    packer: Option<Packer>,
}

impl Pending {
    pub(crate) fn new() -> Self {
        Self {
            full: Vec::new(),
            current: SectionBuilder::new(),
            spare: Vec::new(),
            section_bytes: SECTION_BYTES,
            packer: None,
        }
    }

    /// As [`new`](Self::new), of another size: tests want many small ones.
    #[cfg(any(fuzzing, test))]
    pub(super) fn of(section_bytes: usize) -> Self {
        Self { section_bytes, ..Self::new() }
    }

    /// Packs the sections that are still to be written, at a level of zstd's; `path`: what is dumped to, for the error.
    #[cfg(feature = "dump-zstd")]
    pub(crate) fn pack(&mut self, level: i32, path: &std::path::Path) -> Result<(), DumpError> {
        let packer = Packer::new(level);
        self.packer = Some(packer.map_err(|source| DumpError::io(path, "compress", source))?);
        Ok(())
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

    /// Says what the policy knows of the entry that was added last: four bits.
    #[inline]
    pub(crate) fn mark(&mut self, mark: u8) {
        if let Some(last) = self.current.len().checked_sub(1) {
            self.current.marks.set(last, mark);
        }
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
    account: Mutex<Account>,
}

/// What has its place in the file.
struct Account {
    sections: Vec<Section>,
    spill: Spill,
    entries: u64,
    /// Where the next part begins.
    end: u64,
}

impl<'d, D: Disk> Writer<'d, D> {
    pub(crate) fn begin(
        disk: &'d D,
        path: &std::path::Path,
        types: Types,
        taken_at: u64,
        synced: bool,
    ) -> Result<Self, DumpError> {
        let file = Replacement::begin(disk, path, synced)?;
        let head = types.head(identity(path, taken_at), taken_at);
        file.write_at(&head.encode(), 0)?;
        let (spill, sections) = (Spill::new(), Vec::new());
        let account = Mutex::new(Account { sections, spill, entries: 0, end: HEAD_LEN });
        Ok(Self { file, head, types, account })
    }

    /// Writes the sections that are full.
    pub(crate) fn write_full(&self, pending: &mut Pending) -> Result<(), DumpError> {
        for mut section in std::mem::take(&mut pending.full) {
            self.write_section(&mut section, pending.packer.as_mut())?;
            section.clear(pending.section_bytes);
            // One being filled and one being written: more only where an entry was unusually large.
            if pending.spare.is_empty() {
                pending.spare.push(section);
            }
        }
        Ok(())
    }

    /// Writes all that there is, full or not.
    pub(crate) fn write_rest(&self, mut pending: Pending) -> Result<(), DumpError> {
        self.write_full(&mut pending)?;
        if pending.current.len() > 0 {
            self.write_section(&mut pending.current, pending.packer.as_mut())?;
        }
        Ok(())
    }

    fn write_section(
        &self,
        section: &mut SectionBuilder,
        packer: Option<&mut Packer>,
    ) -> Result<(), DumpError> {
        let Finished { part, hashes, marks } = section.finish().map_err(|error| {
            let path = self.file.target().to_owned();
            DumpError::Archive { path, reason: error.to_string() }
        })?;
        let entries = hashes.len() as u32;
        let packed = packer.and_then(|packer| packer.pack(&part.bytes[..part.len as usize]));
        let flags = if packed.is_some() { FLAG_ZSTD } else { 0 };
        let part = packed.unwrap_or(part);
        let line = Section { flags, ..line_of(SECTION_ENTRIES, entries, part) };
        let beside = marks.map(|marks| line_of(SECTION_MARKS, entries, marks));
        let offset = self.claim(line, beside, hashes)?;
        self.file.write_at(part.bytes, offset)?;
        match marks {
            Some(marks) => self.file.write_at(marks.bytes, offset + part.bytes.len() as u64),
            None => Ok(()),
        }
    }

    /// Where a section goes, with what is `beside` it behind it, whose lines in the table these are but for that; its keys have these hashes.
    fn claim(
        &self,
        line: Section,
        beside: Option<Section>,
        hashes: &[u64],
    ) -> Result<u64, DumpError> {
        let mut account = self.account();
        let Account { sections, spill, entries, end } = &mut *account;
        let number = sections.len();
        if number + 1 + usize::from(beside.is_some()) > SECTIONS {
            let path = self.file.target().to_owned();
            return Err(DumpError::TooMany { path, limit: SECTIONS });
        }
        let (disk, path) = (self.file.disk(), self.file.beside());
        for (slot, &hash) in hashes.iter().enumerate() {
            let location = Location { section: number as u32, slot: slot as u32 };
            spill
                .push(hash, location, disk, path)
                .map_err(|source| DumpError::io(path, "write the index's file", source))?;
        }
        let offset = *end;
        *entries += u64::from(line.entries);
        for line in [Some(line), beside].into_iter().flatten() {
            sections.push(Section { offset: *end, ..line });
            *end += line.len.next_multiple_of(ALIGN);
        }
        Ok(offset)
    }

    /// Whole also after a panic: nobody else's code runs under the lock.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn progress(&self) -> Progress {
        let account = self.account();
        Progress { entries: account.entries, bytes: account.end }
    }

    /// Writes the index and all behind it, and puts the dump in its place. All sections were written. `learnt`: what the policy knows besides what entries are
    /// [marked](Pending::mark) with.
    pub(crate) fn finish(self, learnt: Option<Learnt>) -> Result<Progress, DumpError> {
        self.finish_if(learnt, |_| Ok(()))
    }

    /// As [`finish`](Self::finish), if `check` finds the file good, which is complete then and has not got its name yet.
    pub(super) fn finish_if(
        self,
        learnt: Option<Learnt>,
        check: impl FnOnce(&std::path::Path) -> Result<(), DumpError>,
    ) -> Result<Progress, DumpError> {
        let ended_at = wall();
        let Self { file, head, types, account } = self;
        let account = account.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Account { mut sections, mut spill, entries, end } = account;
        let mut tail = Tail { file: &file, end };
        // It may be passed over, so it is not worth an error.
        if let Some(learnt) = learnt.filter(|_| sections.len() < SECTIONS) {
            let (mut bytes, len) = (learnt.to_vec(), learnt.len() as u64);
            pad(&mut bytes);
            let line = line_of(SECTION_LEARNT, 0, Padded { bytes: &bytes, len });
            sections.push(Section { offset: tail.write_part(&bytes)?.0, ..line });
        }
        let (buckets, index_offset) = (buckets_for(entries), tail.end);
        let blocks = tail.write_index(buckets, &mut spill)?;
        let mut tables = Vec::new();
        sections.iter().for_each(|section| section.encode(&mut tables));
        blocks.iter().for_each(|block| block.encode(&mut tables));
        tables.extend(types.names().bytes());
        let tables_len = tables.len() as u64;
        pad(&mut tables);
        let (tables_offset, tables_checksum) = tail.write_part(&tables)?;
        let footer = Footer {
            identity: head.identity,
            entries,
            sections: sections.len() as u64,
            index_offset,
            buckets,
            blocks: blocks.len() as u64,
            tables_offset,
            tables_len,
            tables_checksum,
            file_len: tail.end + FOOTER_LEN,
            ended_at,
        };
        file.write_at(&footer.encode(), tail.end)?;
        check(file.beside())?;
        file.commit()?;
        Ok(Progress { entries, bytes: footer.file_len })
    }
}

/// The line of a section in the table, but for its place.
fn line_of(kind: u16, entries: u32, part: Padded<'_>) -> Section {
    let Padded { bytes, len } = part;
    Section { offset: 0, len, entries, kind, flags: 0, checksum: checksum(bytes) }
}

/// What follows the sections, written by one thread.
struct Tail<'w, 'd, D: Disk> {
    file: &'w Replacement<'d, D>,
    end: u64,
}

impl<D: Disk> Tail<'_, '_, D> {
    /// Writes bytes that end at a multiple of [`ALIGN`]; where they begin, and their checksum.
    fn write_part(&mut self, bytes: &[u8]) -> Result<(u64, u64), DumpError> {
        let offset = self.end;
        self.file.write_at(bytes, offset)?;
        self.end += bytes.len() as u64;
        Ok((offset, checksum(bytes)))
    }

    /// Deals the records of one partition after the other out to its buckets, which lie one behind the other.
    fn write_index(&mut self, buckets: u64, spill: &mut Spill) -> Result<Vec<Block>, DumpError> {
        let mut blocks = Vec::new();
        if buckets == 0 {
            return Ok(blocks);
        }
        let mut block = BlockBuilder::new();
        let (mut records, mut starts, mut cells) = (Vec::<Record>::new(), Vec::new(), Vec::new());
        let per_partition = buckets / PARTITIONS as u64;
        for partition in 0..PARTITIONS {
            let beside = self.file.beside();
            spill
                .take(partition, &mut records)
                .map_err(|source| DumpError::io(beside, "read the index's file", source))?;
            let first = per_partition * partition as u64;
            let bucket =
                |record: &Record| (bucket_of(record.hash(partition), buckets) - first) as usize;
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
                cells[*place] = record.cell().0;
                *place += 1;
            }
            for range in starts.windows(2) {
                if block.push(&cells[range[0]..range[1]]) {
                    blocks.push(self.write_block(&mut block)?);
                }
            }
        }
        if !block.is_empty() {
            blocks.push(self.write_block(&mut block)?);
        }
        Ok(blocks)
    }

    fn write_block(&mut self, block: &mut BlockBuilder) -> Result<Block, DumpError> {
        let (bytes, cells) = block.take();
        let (offset, checksum) = self.write_part(bytes)?;
        Ok(Block { offset, cells, checksum })
    }
}

/// A number that no other dump has, as good as certainly.
fn identity(path: &std::path::Path, taken_at: u64) -> u64 {
    use std::hash::BuildHasher;

    // Keyed at random.
    std::collections::hash_map::RandomState::new().hash_one((path, taken_at))
}
