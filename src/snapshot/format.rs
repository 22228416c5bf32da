//! The bytes of a dump file that are not an rkyv archive: head, tables, footer. Pure: no file, no clock.
//!
//! All integers are little-endian. `docs/dump-format.md` has the tables that this file implements, and the reasons.
//!
//! ```text
//! ┌──────┬───────────┬─────┬───────────┬──────────────┬─────┬────────┬────────┐
//! │ head │ section 0 │  …  │ section n │ index block 0│  …  │ tables │ footer │
//! │ 64   │           │     │           │              │     │        │ 128    │
//! └──────┴───────────┴─────┴───────────┴──────────────┴─────┴────────┴────────┘
//! ```
//!
//! Every part begins where the one before it ends, at a multiple of 64, and its checksum covers its padding: there is no byte
//! in a file that no checksum covers.

use super::hash::checksum;

/// What a dump begins with. As in PNG: not text, and damaged by who takes it for text.
pub(super) const MAGIC: [u8; 8] = *b"\x89PKV\r\n\x1a\n";
/// What its footer begins with.
const END_MAGIC: [u8; 8] = *b"\x89PKVend\n";
/// The version that this code writes, and the only one that it reads.
pub(super) const VERSION: u32 = 1;
/// The hash that the index is made with: XXH3, 64 bits, seed 0.
const HASH_XXH3: u16 = 1;

/// Every part of a file begins at a multiple of this.
pub(super) const ALIGN: u64 = 64;
pub(super) const HEAD_LEN: u64 = 64;
pub(super) const FOOTER_LEN: u64 = 128;
pub(super) const SECTION_LEN: usize = 32;
pub(super) const BLOCK_LEN: usize = 24;
/// What an index has at most in a block.
pub(super) const BUCKETS_PER_BLOCK: u64 = 4096;

/// A deadline that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// `len` up to the next multiple of [`ALIGN`].
pub(super) fn padded(len: u64) -> Option<u64> {
    len.checked_next_multiple_of(ALIGN)
}

/// What is wrong with a part of a file, at an offset into that part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    NotADump { found: [u8; 8] },
    Version { found: u32 },
    Checksum { expected: u64, found: u64 },
    Value { at: u64, expected: String, found: String },
}

impl Flaw {
    fn value(at: u64, expected: impl ToString, found: impl ToString) -> Self {
        Self::Value { at, expected: expected.to_string(), found: found.to_string() }
    }
}

/// Whose entries a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A [`Store`](crate::Store)'s: byte strings.
    Store,
    /// A [`Cache`](crate::Cache)'s: archived keys and values.
    Cache,
}

/// Reads integers one after the other; the caller has checked the length.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Checks the checksum that ends `bytes`.
fn check_sum(bytes: &[u8]) -> Result<(), Flaw> {
    let (body, sum) = bytes.split_at(bytes.len() - 8);
    let (expected, found) = (Fields(sum).u64(), checksum(body));
    if expected == found { Ok(()) } else { Err(Flaw::Checksum { expected, found }) }
}

fn push_sum(bytes: &mut Vec<u8>) {
    let sum = checksum(bytes);
    bytes.extend(sum.to_le_bytes());
}

/// The first 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// How this build of rkyv lays archives out: size of a pointer in bytes, then a bit each for big-endian and unaligned.
    pub(super) layout: [u8; 2],
    /// A random number, in the footer once more: head and footer of two files do not fit.
    pub(super) identity: u64,
    /// When the dump began: nanoseconds since the epoch.
    pub(super) taken_at: u64,
    pub(super) key_type: u64,
    pub(super) value_type: u64,
}

impl Head {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LEN as usize);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(match self.kind {
            Kind::Store => 1_u16.to_le_bytes(),
            Kind::Cache => 2_u16.to_le_bytes(),
        });
        bytes.extend(self.layout);
        for word in [self.identity, self.taken_at, self.key_type, self.value_type] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(HASH_XXH3.to_le_bytes());
        bytes.extend([0; 6]);
        push_sum(&mut bytes);
        bytes
    }

    /// `bytes` are [`HEAD_LEN`]. Magic and version come first: a file of another version may have another checksum.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Flaw> {
        let mut fields = Fields(bytes);
        let magic = fields.take();
        if magic != MAGIC {
            return Err(Flaw::NotADump { found: magic });
        }
        let version = fields.u32();
        if version != VERSION {
            return Err(Flaw::Version { found: version });
        }
        check_sum(bytes)?;
        let kind = match fields.u16() {
            1 => Kind::Store,
            2 => Kind::Cache,
            other => return Err(Flaw::value(12, "kind 1 or 2", other)),
        };
        let head = Self {
            kind,
            layout: fields.take(),
            identity: fields.u64(),
            taken_at: fields.u64(),
            key_type: fields.u64(),
            value_type: fields.u64(),
        };
        match fields.u16() {
            HASH_XXH3 => Ok(head),
            other => Err(Flaw::value(48, "hash 1", other)),
        }
    }
}

/// What a section holds.
///
/// What has the top bit set may be passed over by who does not know it; anything else is an error to them.
pub(super) const SECTION_ENTRIES: u16 = 1;
pub(super) const SECTION_OPTIONAL: u16 = 1 << 15;

/// A line of the section table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) offset: u64,
    /// Without its padding.
    pub(super) len: u64,
    pub(super) entries: u32,
    pub(super) kind: u16,
    /// None are known: compression will be one.
    pub(super) flags: u16,
    /// Of the section and its padding.
    pub(super) checksum: u64,
}

impl Section {
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

/// The last 128 bytes: what is known only at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) identity: u64,
    pub(super) entries: u64,
    pub(super) sections: u64,
    pub(super) index_offset: u64,
    pub(super) buckets: u64,
    pub(super) blocks: u64,
    pub(super) tables_offset: u64,
    /// Without padding.
    pub(super) tables_len: u64,
    /// Of the tables and their padding.
    pub(super) tables_checksum: u64,
    pub(super) file_len: u64,
    /// When the last entry was read: nanoseconds since the epoch.
    pub(super) ended_at: u64,
}

impl Footer {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER_LEN as usize);
        bytes.extend(END_MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend([0; 4]);
        for word in [
            self.identity,
            self.entries,
            self.sections,
            self.index_offset,
            self.buckets,
            self.blocks,
            self.tables_offset,
            self.tables_len,
            self.tables_checksum,
            self.file_len,
            self.ended_at,
            0,
        ] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.resize(FOOTER_LEN as usize - 8, 0);
        push_sum(&mut bytes);
        bytes
    }

    /// `bytes` are [`FOOTER_LEN`]. None: this is no footer.
    pub(super) fn decode(bytes: &[u8]) -> Option<Result<Self, Flaw>> {
        let mut fields = Fields(bytes);
        if fields.take() != END_MAGIC {
            return None;
        }
        if let Err(flaw) = check_sum(bytes) {
            return Some(Err(flaw));
        }
        let version = fields.u32();
        if version != VERSION {
            return Some(Err(Flaw::Version { found: version }));
        }
        fields.u32();
        Some(Ok(Self {
            identity: fields.u64(),
            entries: fields.u64(),
            sections: fields.u64(),
            index_offset: fields.u64(),
            buckets: fields.u64(),
            blocks: fields.u64(),
            tables_offset: fields.u64(),
            tables_len: fields.u64(),
            tables_checksum: fields.u64(),
            file_len: fields.u64(),
            ended_at: fields.u64(),
        }))
    }

    /// Whether its numbers fit each other, whatever else is in the file. Offsets of flaws are into the footer.
    pub(super) fn check(&self, head: &Head, file_len: u64) -> Result<(), Flaw> {
        if self.identity != head.identity {
            let hex = |word| format!("identity {word:016x}");
            return Err(Flaw::value(16, hex(head.identity), hex(self.identity)));
        }
        if self.file_len != file_len {
            return Err(Flaw::value(88, format!("a file of {} bytes", self.file_len), file_len));
        }
        if self.blocks != self.buckets.div_ceil(BUCKETS_PER_BLOCK) {
            let expected = format!("{} blocks", self.buckets.div_ceil(BUCKETS_PER_BLOCK));
            return Err(Flaw::value(56, expected, self.blocks));
        }
        // Nothing here may overflow: all of it is as the file says.
        let lines = self.sections.checked_mul(SECTION_LEN as u64);
        let blocks = self.blocks.checked_mul(BLOCK_LEN as u64);
        let least = lines.zip(blocks).and_then(|(lines, blocks)| lines.checked_add(blocks));
        if least.is_none_or(|least| least > self.tables_len) {
            let expected = format!("room for {} sections", self.sections);
            return Err(Flaw::value(72, expected, format!("{} bytes of tables", self.tables_len)));
        }
        let end = padded(self.tables_len).and_then(|len| len.checked_add(self.tables_offset));
        let footer = file_len - FOOTER_LEN;
        if end != Some(footer) {
            let found = format!("{} + {}", self.tables_offset, self.tables_len);
            return Err(Flaw::value(64, format!("tables that end at {footer}"), found));
        }
        if self.index_offset < HEAD_LEN || self.index_offset > self.tables_offset {
            return Err(Flaw::value(40, "an index behind the sections", self.index_offset));
        }
        Ok(())
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
            if !is_entries && section.kind & SECTION_OPTIONAL == 0 || section.flags != 0 {
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
