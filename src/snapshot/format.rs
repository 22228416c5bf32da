//! Head and footer of a dump file, and what all of its parts have in common. Pure: no file, no clock.
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
use super::tables::{BLOCK_LEN, SECTION_LEN};

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
/// What an index has at most in a block.
pub(super) const BUCKETS_PER_BLOCK: u64 = 4096;

/// A deadline that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// `len` up to the next multiple of [`ALIGN`].
pub(super) fn padded(len: u64) -> Option<u64> {
    len.checked_next_multiple_of(ALIGN)
}

/// Zeros behind `bytes`, up to where the next part may begin.
pub(super) fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGN as usize), 0);
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
    pub(super) fn value(at: u64, expected: impl ToString, found: impl ToString) -> Self {
        Self::Value { at, expected: expected.to_string(), found: found.to_string() }
    }
}

/// Whose entries a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A [`Store`](crate::Store)'s: byte strings.
    Store,
    /// A [`Cache`](crate::Cache)'s: archived keys and values.
    Cache,
}

/// Reads integers one after the other; the caller has checked the length.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl Fields<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(super) fn u64(&mut self) -> u64 {
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
