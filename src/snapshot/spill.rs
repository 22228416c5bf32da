//! Hashes and places of all entries, partitioned by the top bits of the hash, in bounded memory: what an index is made of.
//!
//! A partition keeps 96 KiB in memory and puts what is more than that into a file without a name. 24 MiB of memory for all of them, and
//! for a dump of up to two million entries often no file at all.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::disk::Disk;
use super::index::{Cell, Location, PARTITIONS, TAG_BITS};

/// Records that a partition keeps in memory.
const KEPT: usize = 8192;
const RECORD_LEN: usize = size_of::<Record>();

/// The hash of a key and the cell of its entry, without what they have in common, nor what the partition says.
///
/// ```text
///  95             64 63                                    0
/// ┌─────────────────┬───────────────────────────────────────┐
/// │ hash, 55 … 24   │ cell, whose tag is the hash's 23 … 0  │
/// └─────────────────┴───────────────────────────────────────┘
/// ```
#[derive(Clone, Copy)]
pub(super) struct Record([u32; 3]);

const _: () = assert!(TAG_BITS == 24 && PARTITIONS == 1 << 8);

impl Record {
    fn new(hash: u64, location: Location) -> Self {
        let cell = Cell::new(hash, location).0;
        Self([cell as u32, (cell >> 32) as u32, (hash >> TAG_BITS) as u32])
    }

    pub(super) fn cell(self) -> Cell {
        let [low, high, _] = self.0;
        Cell(u64::from(high) << 32 | u64::from(low))
    }

    /// The hash; the record is of this partition.
    pub(super) fn hash(self, partition: usize) -> u64 {
        let middle = u64::from(self.0[2]);
        (partition as u64) << 56 | middle << TAG_BITS | self.cell().tag()
    }
}

struct Partition {
    kept: Vec<Record>,
    /// Where in the file its blocks of [`KEPT`] records are.
    blocks: Vec<u64>,
}

pub(super) struct Spill {
    partitions: Vec<Partition>,
    file: Option<File>,
    /// Bytes in it.
    len: u64,
    bytes: Vec<u8>,
}

impl Spill {
    pub(super) fn new() -> Self {
        let empty = || Partition { kept: Vec::new(), blocks: Vec::new() };
        let partitions = (0..PARTITIONS).map(|_| empty()).collect();
        Self { partitions, file: None, len: 0, bytes: Vec::new() }
    }

    /// Adds an entry; the file, when it is needed, is made beside `path`.
    pub(super) fn push(
        &mut self,
        hash: u64,
        location: Location,
        disk: &impl Disk,
        path: &Path,
    ) -> io::Result<()> {
        let partition = &mut self.partitions[(hash >> 56) as usize];
        partition.kept.push(Record::new(hash, location));
        if partition.kept.len() < KEPT {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(disk.nameless(path)?),
        };
        self.bytes.clear();
        for Record(words) in partition.kept.drain(..) {
            words.iter().for_each(|word| self.bytes.extend(word.to_ne_bytes()));
        }
        disk.write_at(file, &self.bytes, self.len)?;
        partition.blocks.push(self.len);
        self.len += self.bytes.len() as u64;
        Ok(())
    }

    /// Takes the records of a partition into `records`, in no order.
    pub(super) fn take(&mut self, partition: usize, records: &mut Vec<Record>) -> io::Result<()> {
        records.clear();
        let Partition { kept, blocks } = &mut self.partitions[partition];
        records.append(kept);
        *kept = Vec::new();
        for &block in &*blocks {
            let Some(file) = &mut self.file else { break };
            file.seek(SeekFrom::Start(block))?;
            self.bytes.resize(KEPT * RECORD_LEN, 0);
            file.read_exact(&mut self.bytes)?;
            records.extend(self.bytes.chunks_exact(RECORD_LEN).map(|record| {
                let word =
                    |at: usize| record[at * 4..at * 4 + 4].try_into().map_or(0, u32::from_ne_bytes);
                Record([word(0), word(1), word(2)])
            }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::disk::System;
    use super::*;

    #[test]
    fn what_is_spilled_comes_back() {
        let folder = std::env::temp_dir().join(format!("purekv-spill-{}", std::process::id()));
        let mut spill = Spill::new();
        // So that all bits of the hash are told.
        const SPREAD: u64 = 0x00_0001_0001_0003;
        let count = 3 * KEPT + 5;
        for number in 0..count as u64 {
            let location = Location { section: 0, slot: number as u32 };
            spill.push((7 << 56) | (number * SPREAD), location, &System, &folder).unwrap();
        }
        let mut records = Vec::new();
        spill.take(6, &mut records).unwrap();
        assert!(records.is_empty());
        spill.take(7, &mut records).unwrap();
        assert!(records.iter().all(|record| {
            record.hash(7) == (7 << 56) | (u64::from(record.cell().location().slot) * SPREAD)
        }));
        let mut slots: Vec<u32> = records.iter().map(|r| r.cell().location().slot).collect();
        slots.sort_unstable();
        assert!(slots.into_iter().eq(0..count as u32));
    }
}
