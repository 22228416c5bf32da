//! The index: from the hash of a key to its section and slot, without a pointer that would have to be trusted.
//!
//! Entries are dealt out to buckets of about six by the top bits of their hash, and the cells of all buckets lie one behind the
//! other (a CSR matrix): an offset of 4 bytes a bucket, a cell of 8 an entry, 8.7 bytes in all.
//!
//! ```text
//!  63             40 39              16 15          0
//! ┌─────────────────┬──────────────────┬─────────────┐
//! │ tag: 24         │ section: 24      │ slot: 16    │      tag: the low bits of the hash
//! └─────────────────┴──────────────────┴─────────────┘
//! ```
//!
//! It is cut into blocks of 4,096 buckets, each with a checksum of its own, so that a look-up verifies some 200 KiB once and not all:
//!
//! ```text
//! ┌──────────────────────────────┬────────────────┬─────────┐
//! │ offsets: u32 × (buckets + 1) │ cells: u64 × n │ padding │
//! └──────────────────────────────┴────────────────┴─────────┘
//! ```

use super::format::{BUCKETS_PER_BLOCK, pad};
use super::tables::cells_offset;

/// Entries of a bucket, on average.
const PER_BUCKET: u64 = 6;
/// Partitions in which an index is made: see [`super::spill`].
pub(super) const PARTITIONS: usize = 256;

const SLOT_BITS: u32 = 16;
const SECTION_BITS: u32 = 24;
pub(super) const TAG_BITS: u32 = 24;
const _: () = assert!(SLOT_BITS + SECTION_BITS + TAG_BITS == u64::BITS);

/// Sections of a file, at most.
pub(super) const SECTIONS: usize = 1 << SECTION_BITS;

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) section: u32,
    pub(crate) slot: u32,
}

/// A word of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell(pub(super) u64);

impl Cell {
    pub(super) fn new(hash: u64, location: Location) -> Self {
        let Location { section, slot } = location;
        let place = u64::from(section) << SLOT_BITS | u64::from(slot);
        Self(hash << (SECTION_BITS + SLOT_BITS) | place)
    }

    /// Whether it may be the cell of this hash.
    pub(super) fn is_of(self, hash: u64) -> bool {
        (self.0 ^ hash << (SECTION_BITS + SLOT_BITS)) >> (SECTION_BITS + SLOT_BITS) == 0
    }

    /// Whether both may be of one hash.
    pub(super) fn is_alike(self, other: Self) -> bool {
        (self.0 ^ other.0) >> (SECTION_BITS + SLOT_BITS) == 0
    }

    /// The low bits of its hash.
    pub(super) fn tag(self) -> u64 {
        self.0 >> (SECTION_BITS + SLOT_BITS)
    }

    pub(super) fn location(self) -> Location {
        let section = (self.0 >> SLOT_BITS) as u32 & ((1 << SECTION_BITS) - 1);
        Location { section, slot: self.0 as u32 & ((1 << SLOT_BITS) - 1) }
    }
}

/// How many buckets for so many entries: a multiple of [`PARTITIONS`], so that no bucket is in two.
pub(super) fn buckets_for(entries: u64) -> u64 {
    entries.div_ceil(PER_BUCKET * PARTITIONS as u64) * PARTITIONS as u64
}

/// The bucket of a hash: its top bits, for any number of buckets.
#[inline]
pub(super) fn bucket_of(hash: u64, buckets: u64) -> u64 {
    ((u128::from(hash) * u128::from(buckets)) >> 64) as u64
}

/// Collects buckets to blocks.
pub(super) struct BlockBuilder {
    offsets: Vec<u32>,
    cells: Vec<u64>,
    bytes: Vec<u8>,
}

impl BlockBuilder {
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], cells: Vec::new(), bytes: Vec::new() }
    }

    /// The next bucket. Whether the block is full.
    pub(super) fn push(&mut self, cells: &[u64]) -> bool {
        self.cells.extend_from_slice(cells);
        // A section has at most 2^16 entries, so a block of 2^32 would be of 2^16 sections whose keys all hash alike.
        self.offsets.push(u32::try_from(self.cells.len()).unwrap_or(u32::MAX));
        self.offsets.len() as u64 > BUCKETS_PER_BLOCK
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offsets.len() == 1
    }

    /// The block's bytes, padding included, and how many cells it has; then it is empty.
    pub(super) fn take(&mut self) -> (&[u8], u64) {
        let cells = self.cells.len() as u64;
        self.bytes.clear();
        self.bytes.extend(self.offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        self.bytes.resize(cells_offset(self.offsets.len() as u64 - 1) as usize, 0);
        self.bytes.extend(self.cells.iter().flat_map(|cell| cell.to_le_bytes()));
        pad(&mut self.bytes);
        self.offsets.truncate(1);
        self.cells.clear();
        (&self.bytes, cells)
    }
}

/// The cells of bucket number `bucket` of a block that has `buckets`; None: its offsets are not right. Whatever the bytes are.
pub(super) fn cells_of(
    block: &[u8],
    buckets: u64,
    cells: u64,
    bucket: u64,
) -> Option<impl Iterator<Item = Cell>> {
    let offset = |number: u64| -> Option<u64> {
        let at = usize::try_from(number.checked_mul(4)?).ok()?;
        let bytes = block.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
    };
    if bucket >= buckets {
        return None;
    }
    let (from, to) = (offset(bucket)?, offset(bucket + 1)?);
    if from > to || to > cells {
        return None;
    }
    let start = cells_offset(buckets);
    let place = |cell: u64| usize::try_from(cell.checked_mul(8)?.checked_add(start)?).ok();
    let bytes = block.get(place(from)?..place(to)?)?;
    let word =
        |bytes: &[u8]| bytes.try_into().map_or(Cell(0), |word| Cell(u64::from_le_bytes(word)));
    Some(bytes.chunks_exact(8).map(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_its_place_and_its_tag() {
        let location = Location { section: (1 << 24) - 1, slot: 0xfffe };
        let cell = Cell::new(0x1234_5678_9abc_def0, location);
        assert_eq!(cell.location(), location);
        assert!(cell.is_of(0xffff_ffff_ffbc_def0));
        assert!(!cell.is_of(0x1234_5678_9abc_def1));
    }

    #[test]
    fn no_bucket_is_in_two_partitions() {
        for entries in [1, 6, 1536, 1537, 1_000_000] {
            let buckets = buckets_for(entries);
            for partition in 1..PARTITIONS as u64 {
                let first = partition << 56;
                assert_ne!(bucket_of(first - 1, buckets), bucket_of(first, buckets));
            }
            assert_eq!(bucket_of(u64::MAX, buckets), buckets - 1);
        }
        assert_eq!(buckets_for(0), 0);
    }

    #[test]
    fn what_goes_into_a_block_comes_out_of_it_and_nothing_of_broken_ones() {
        let mut builder = BlockBuilder::new();
        assert!(!builder.push(&[7, 8]));
        assert!(!builder.push(&[]));
        assert!(!builder.push(&[9]));
        let (bytes, count) = builder.take();
        let cells = |bucket| {
            let cells = cells_of(bytes, 3, count, bucket);
            cells.map(|cells| cells.map(|cell| cell.0).collect::<Vec<_>>())
        };
        assert_eq!(cells(0), Some(vec![7, 8]));
        assert_eq!(cells(1), Some(vec![]));
        assert_eq!(cells(2), Some(vec![9]));
        assert_eq!(cells(3), None);
        for len in 0..bytes.len() {
            for bucket in 0..4 {
                let _ = cells_of(&bytes[..len], 3, count, bucket).map(Iterator::count);
            }
        }
        let broken = [0xff; 64];
        assert!(cells_of(&broken, 3, u64::MAX, 0).is_none_or(|cells| cells.count() == 0));
    }
}
