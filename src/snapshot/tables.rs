//! The tables of a dump file: a line for each section and for each block of the index. Pure, as [`format`](super::format).

use super::format::{BUCKETS_PER_BLOCK, Fields, Flaw, Footer, HEAD_LEN, padded};

/// Bytes of a section's line.
pub(super) const SECTION_LEN: usize = 32;
/// Bytes of a block's.
pub(super) const BLOCK_LEN: usize = 24;

/// What a section holds.
///
/// What has the top bit set may be passed over by who does not know it; anything else is an error to them.
pub(super) const SECTION_ENTRIES: u16 = 1;
pub(super) const SECTION_OPTIONAL: u16 = 1 << 15;
/// What the policy knew of the entries of the section before. See [`marks`](super::marks).
pub(super) const SECTION_MARKS: u16 = SECTION_OPTIONAL | 1;
/// What it had learnt.
pub(super) const SECTION_LEARNT: u16 = SECTION_OPTIONAL | 2;

/// It is packed: see [`pack`](super::pack).
pub(super) const FLAG_ZSTD: u16 = 1;

/// A line of the section table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) offset: u64,
    /// Without its padding.
    pub(super) len: u64,
    pub(super) entries: u32,
    pub(super) kind: u16,
    /// [`FLAG_ZSTD`], of a section of entries; no other is known.
    pub(super) flags: u16,
    /// Of the section and its padding.
    pub(super) checksum: u64,
}

impl Section {
    pub(super) fn is_packed(&self) -> bool {
        self.flags & FLAG_ZSTD != 0
    }

    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend(self.entries.to_le_bytes());
        bytes.extend(self.kind.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.checksum.to_le_bytes());
    }

    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut fields = Fields(bytes);
        Self {
            offset: fields.u64(),
            len: fields.u64(),
            entries: fields.u32(),
            kind: fields.u16(),
            flags: fields.u16(),
            checksum: fields.u64(),
        }
    }
}

/// A line of the table of index blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) offset: u64,
    pub(super) cells: u64,
    pub(super) checksum: u64,
}

impl Block {
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        for word in [self.offset, self.cells, self.checksum] {
            bytes.extend(word.to_le_bytes());
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut fields = Fields(bytes);
        Self { offset: fields.u64(), cells: fields.u64(), checksum: fields.u64() }
    }
}

/// The tables: a line for each section and for each index block, then the names of both types.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'b> {
    sections: &'b [u8],
    blocks: &'b [u8],
    names: &'b [u8],
}

impl<'b> Tables<'b> {
    /// `bytes` are as long as [`Footer::check`] found them to be.
    pub(super) fn new(bytes: &'b [u8], footer: &Footer) -> Self {
        let sections = footer.sections as usize * SECTION_LEN;
        let blocks = footer.blocks as usize * BLOCK_LEN;
        let (sections, rest) = bytes.split_at(sections.min(bytes.len()));
        let (blocks, rest) = rest.split_at(blocks.min(rest.len()));
        let names = &rest[..rest
            .len()
            .min((footer.tables_len as usize).saturating_sub(sections.len() + blocks.len()))];
        Self { sections, blocks, names }
    }

    pub(super) fn section(&self, number: usize) -> Option<Section> {
        let start = number.checked_mul(SECTION_LEN)?;
        Some(Section::decode(self.sections.get(start..start.checked_add(SECTION_LEN)?)?))
    }

    pub(super) fn block(&self, number: usize) -> Option<Block> {
        let start = number.checked_mul(BLOCK_LEN)?;
        Some(Block::decode(self.blocks.get(start..start.checked_add(BLOCK_LEN)?)?))
    }

    /// How many sections are packed. O(sections).
    pub(super) fn packed(&self) -> u64 {
        self.count(Section::is_packed)
    }

    /// How many are of the policy. O(sections).
    pub(super) fn of_policy(&self) -> u64 {
        self.count(|section| matches!(section.kind, SECTION_MARKS | SECTION_LEARNT))
    }

    fn count(&self, is_one: impl Fn(&Section) -> bool) -> u64 {
        let lines = self.sections.chunks_exact(SECTION_LEN);
        lines.filter(|line| is_one(&Section::decode(line))).count() as u64
    }

    /// What the types of key and value are called.
    pub(super) fn names(&self) -> Option<(&'b str, &'b str)> {
        let names = std::str::from_utf8(self.names).ok()?;
        names.split_once('\0')
    }

    /// Whether all parts lie one behind the other, and hold the entries that the footer counts. Offsets of flaws are into the tables.
    pub(super) fn check(&self, footer: &Footer) -> Result<(), Flaw> {
        let mut end = HEAD_LEN;
        let mut entries = 0_u64;
        for (number, line) in self.sections.chunks_exact(SECTION_LEN).enumerate() {
            let (section, at) = (Section::decode(line), (number * SECTION_LEN) as u64);
            end = follows(section.offset, padded(section.len), end, footer.index_offset, at)?;
            let is_entries = section.kind == SECTION_ENTRIES;
            let flags = if is_entries { FLAG_ZSTD } else { 0 };
            let is_unknown = !is_entries && section.kind & SECTION_OPTIONAL == 0;
            if is_unknown || section.flags & !flags != 0 {
                let found = format!("kind {}, flags {}", section.kind, section.flags);
                return Err(Flaw::value(at + 20, "a section of entries", found));
            }
            if is_entries {
                entries = entries.saturating_add(section.entries.into());
            }
        }
        if end != footer.index_offset {
            return Err(Flaw::value(
                0,
                format!("sections that end at {}", footer.index_offset),
                end,
            ));
        }
        let mut cells = 0_u64;
        for (number, line) in self.blocks.chunks_exact(BLOCK_LEN).enumerate() {
            let block = Block::decode(line);
            let at = (self.sections.len() + number * BLOCK_LEN) as u64;
            let len = block_len(buckets_in(number as u64, footer.buckets), block.cells);
            end = follows(block.offset, len, end, footer.tables_offset, at)?;
            cells = cells.saturating_add(block.cells);
        }
        if end != footer.tables_offset {
            let expected = format!("blocks that end at {}", footer.tables_offset);
            return Err(Flaw::value(self.sections.len() as u64, expected, end));
        }
        if (entries, cells) != (footer.entries, footer.entries) {
            let found = format!("{entries} in sections, {cells} in the index");
            return Err(Flaw::value(0, format!("{} entries", footer.entries), found));
        }
        Ok(())
    }
}

/// The end of a part that must begin at `begin` and end by `limit`.
fn follows(offset: u64, len: Option<u64>, begin: u64, limit: u64, at: u64) -> Result<u64, Flaw> {
    if offset != begin {
        return Err(Flaw::value(at, format!("offset {begin}"), offset));
    }
    match len.and_then(|len| offset.checked_add(len)) {
        Some(end) if end <= limit => Ok(end),
        _ => Err(Flaw::value(at, format!("an end by {limit}"), format!("{offset} + {len:?}"))),
    }
}

/// How many buckets a block has.
pub(super) fn buckets_in(block: u64, buckets: u64) -> u64 {
    buckets.saturating_sub(block.saturating_mul(BUCKETS_PER_BLOCK)).min(BUCKETS_PER_BLOCK)
}

/// Where the cells of a block of so many buckets begin: behind the offsets, at a multiple of 8.
pub(super) fn cells_offset(buckets: u64) -> u64 {
    ((buckets + 1) * 4).next_multiple_of(8)
}

/// Bytes of a block, its padding included.
pub(super) fn block_len(buckets: u64, cells: u64) -> Option<u64> {
    padded(cells.checked_mul(8)?.checked_add(cells_offset(buckets))?)
}
