//! A section of entries: keys and values one behind the other, then an rkyv archive of columns that says where each one is.
//!
//! ```text
//! ┌──────┬────────┬──────┬────────┬───┬──────────────────────────────────────┐
//! │ key 0│ value 0│ key 1│ value 1│ … │ ends, key lengths, deadlines (rkyv)  │
//! └──────┴────────┴──────┴────────┴───┴──────────────────────────────────────┘
//! ```
//!
//! In a cache's dump each key and each value is an rkyv archive of its own, with its root at its end. A column whose elements are all the
//! same has only one of them: keys of one length cost nothing, and neither do entries that never expire.

use std::path::Path;

use rkyv::rancor::{Source, fail};
use rkyv::ser::allocator::{Arena, ArenaHandle};
use rkyv::ser::{Positional, Writer};
use rkyv::util::AlignedVec;
use rkyv::{Archive, Serialize};

use super::archive::check;
use super::error::{ArchiveError as Error, DumpError};
use super::format::{ALIGN, NEVER};
use super::marks::MarksBuilder;
use super::types::Dumped;

/// Entries of a section, at most: what 16 bits can number.
pub(crate) const SLOTS: usize = 1 << 16;

/// What key and value of one entry may take together: archives point to themselves with 31 bits and a sign.
pub(crate) const ENTRY_LIMIT: usize = 1 << 30;

/// Memory for a section, aligned as it will be in the file.
pub(super) type Bytes = AlignedVec<{ ALIGN as usize }>;

/// What is known of the entries of a section besides keys and values. A column of one element stands for as many as there are.
#[derive(Archive, Serialize, Default)]
pub(super) struct Columns {
    /// Where each entry ends, in bytes from the section's beginning. Never shortened.
    pub(super) ends: Vec<u32>,
    /// How much of an entry is its key.
    pub(super) key_lens: Vec<u32>,
    /// When it is due: nanoseconds since the epoch, or [`NEVER`].
    pub(super) deadlines: Vec<u64>,
    /// When it is due whether it is asked for or not; empty if the cache had no time-to-idle.
    pub(super) last_deadlines: Vec<u64>,
}

/// When an entry is due: nanoseconds since the epoch, or `u64::MAX` for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) deadline: u64,
    /// The one that no use of the entry puts off, in a cache with a time-to-idle.
    pub(crate) last: Option<u64>,
}

impl Due {
    /// Whether it has come.
    pub(crate) fn is_by(&self, wall: u64) -> bool {
        self.deadline != NEVER && self.deadline <= wall
    }
}

/// Why an entry was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    TooLarge(u64),
    NotArchived(String),
}

impl Refused {
    pub(crate) fn into_error(self, path: &Path) -> DumpError {
        let path = path.to_owned();
        match self {
            Self::TooLarge(bytes) => DumpError::TooLarge { path, bytes, limit: ENTRY_LIMIT as u64 },
            Self::NotArchived(reason) => DumpError::Archive { path, reason },
        }
    }
}

/// A section as it is written.
pub(super) struct Finished<'b> {
    pub(super) part: Padded<'b>,
    /// Of its keys, by slot.
    pub(super) hashes: &'b [u64],
    /// What is to be written behind it.
    pub(super) marks: Option<Padded<'b>>,
}

/// A part of a file.
#[derive(Clone, Copy)]
pub(super) struct Padded<'b> {
    /// Up to where the next part may begin.
    pub(super) bytes: &'b [u8],
    /// Without that padding.
    pub(super) len: u64,
}

/// A section in the making.
pub(crate) struct SectionBuilder {
    bytes: Bytes,
    columns: Columns,
    hashes: Vec<u64>,
    pub(super) marks: MarksBuilder,
    /// What rkyv needs while it archives.
    arena: Arena,
}

impl SectionBuilder {
    pub(crate) fn new() -> Self {
        let (columns, marks) = (Columns::default(), MarksBuilder::default());
        Self { bytes: Bytes::new(), columns, hashes: Vec::new(), marks, arena: Arena::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Bytes of keys and values.
    pub(crate) fn payload(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an entry of a store.
    pub(crate) fn push(
        &mut self,
        hash: u64,
        key: &[u8],
        value: &[u8],
        due: Due,
    ) -> Result<(), Refused> {
        let len = key.len().saturating_add(value.len());
        if len > ENTRY_LIMIT {
            return Err(Refused::TooLarge(len as u64));
        }
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.columns.key_lens.push(key.len() as u32);
        self.note(hash, due);
        Ok(())
    }

    /// Adds an entry of a cache: archives key and value. If it is refused, the section is as it was.
    pub(crate) fn push_archived<K: Dumped, V: Dumped>(
        &mut self,
        hash: u64,
        key: &K,
        value: &V,
        due: Due,
    ) -> Result<(), Refused> {
        let start = self.bytes.len();
        match self.archive_both(key, value) {
            Ok(key_len) => {
                self.columns.key_lens.push(key_len as u32);
                self.note(hash, due);
                Ok(())
            }
            Err(refused) => {
                self.bytes.resize(start, 0);
                Err(refused)
            }
        }
    }

    /// Archives both; how much of that is the key. They are checked as they will be when they are read: what could not be, by its depth, by what its type says of
    /// itself, or for a bug in the archive of that, would take the others of its section with it.
    fn archive_both<K: Dumped, V: Dumped>(&mut self, key: &K, value: &V) -> Result<usize, Refused> {
        let start = self.bytes.len();
        archive(key, &mut self.bytes, start, self.arena.acquire())?;
        let middle = self.bytes.len();
        archive(value, &mut self.bytes, start, self.arena.acquire())?;
        let unreadable = |error: Error| Refused::NotArchived(error.to_string());
        check::<K>(&self.bytes[start..middle]).map_err(unreadable)?;
        check::<V>(&self.bytes[middle..]).map_err(unreadable)?;
        Ok(middle - start)
    }

    fn note(&mut self, hash: u64, due: Due) {
        self.columns.ends.push(self.bytes.len() as u32);
        let last_deadlines = &mut self.columns.last_deadlines;
        // Where some have one and some do not, it is the deadline itself.
        if due.last.is_some() {
            last_deadlines.extend_from_slice(&self.columns.deadlines[last_deadlines.len()..]);
        }
        if due.last.is_some() || !last_deadlines.is_empty() {
            last_deadlines.push(due.last.unwrap_or(due.deadline));
        }
        self.columns.deadlines.push(due.deadline);
        self.hashes.push(hash);
    }

    /// Completes it.
    pub(super) fn finish(&mut self) -> Result<Finished<'_>, Error> {
        shorten(&mut self.columns.key_lens);
        shorten(&mut self.columns.deadlines);
        shorten(&mut self.columns.last_deadlines);
        let start = self.bytes.len();
        let limited = Limited { bytes: &mut self.bytes, limit: start + ENTRY_LIMIT };
        rkyv::api::high::to_bytes_in::<_, Error>(&self.columns, limited)?;
        let len = self.bytes.len();
        self.bytes.resize(len.next_multiple_of(ALIGN as usize), 0);
        let (hashes, marks) = (&*self.hashes, self.marks.finish(self.hashes.len()));
        let part = Padded { bytes: &self.bytes, len: len as u64 };
        Ok(Finished { part, hashes, marks })
    }

    /// Makes it empty, and keeps its memory, unless an unusual entry had made that large.
    pub(super) fn clear(&mut self, usual: usize) {
        self.bytes.clear();
        if self.bytes.capacity() > 4 * usual {
            self.bytes = Bytes::new();
        }
        self.columns.ends.clear();
        self.columns.key_lens.clear();
        self.columns.deadlines.clear();
        self.columns.last_deadlines.clear();
        self.hashes.clear();
        self.marks.clear();
    }
}

/// A column that is all the same becomes one element.
fn shorten<T: PartialEq>(column: &mut Vec<T>) {
    if let Some((first, rest)) = column.split_first()
        && rest.iter().all(|element| element == first)
    {
        column.truncate(1);
    }
}

/// What archives a key or a value into a section.
pub(super) type Archiver<'w, 'a> =
    rkyv::api::high::HighSerializer<Limited<'w>, ArenaHandle<'a>, Error>;

/// A section's memory, that an entry may fill only up to a limit.
pub struct Limited<'w> {
    bytes: &'w mut Bytes,
    limit: usize,
}

impl Positional for Limited<'_> {
    fn pos(&self) -> usize {
        self.bytes.len()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("more than {ENTRY_LIMIT} bytes")]
struct TooLong;

impl<E: Source> Writer<E> for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), E> {
        if bytes.len() > self.limit - self.bytes.len() {
            fail!(TooLong);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

/// Archives `value` behind what there is; the entry began at `start`.
fn archive<T>(
    value: &T,
    bytes: &mut Bytes,
    start: usize,
    arena: ArenaHandle<'_>,
) -> Result<(), Refused>
where
    T: for<'w, 'a> Serialize<Archiver<'w, 'a>>,
{
    let limited = Limited { bytes, limit: start + ENTRY_LIMIT };
    match rkyv::api::high::to_bytes_in_with_alloc::<_, _, Error>(value, limited, arena) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = error.to_string();
            // Our own error comes back without its type.
            Err(if reason.contains(&TooLong.to_string()) {
                Refused::TooLarge(ENTRY_LIMIT as u64 + 1)
            } else {
                Refused::NotArchived(reason)
            })
        }
    }
}
