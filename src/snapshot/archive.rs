//! From bytes to archived values: checked when they are first seen, and then no more.

use std::num::NonZeroUsize;

use rkyv::api::access_with_context;
use rkyv::validation::Validator;
use rkyv::validation::archive::ArchiveValidator;
use rkyv::validation::shared::SharedValidator;
use rkyv::{Archived, Portable};

use super::columns::{ArchivedColumns, Due, SLOTS};
use super::error::ArchiveError as Error;
use super::types::Dumped;

/// How deep a value may be nested in boxes and vectors: more would let a hostile file exhaust the stack of who checks it.
const DEPTH: NonZeroUsize = NonZeroUsize::new(512).expect("it is more than zero");

/// Checks the value whose root is at the end of `bytes`.
pub(super) fn check<T: Dumped>(bytes: &[u8]) -> Result<&Archived<T>, Error> {
    let archive = ArchiveValidator::with_max_depth(bytes, Some(DEPTH));
    access_with_context::<_, _, Error>(bytes, &mut Validator::new(archive, SharedValidator::new()))
}

/// The value whose root is at the end of `bytes`.
///
/// # Safety
///
/// A [`check`] of these very bytes, in the same place and as the same type, has found them good.
pub(super) unsafe fn access<T: Portable>(bytes: &[u8]) -> &T {
    // SAFETY: by the caller.
    unsafe { rkyv::access_unchecked::<T>(bytes) }
}

/// Copies a checked value out of a dump.
pub(super) fn deserialize<T: Dumped>(archived: &Archived<T>) -> Result<T, Error> {
    rkyv::api::high::deserialize::<T, Error>(archived)
}

/// A section that was found good.
#[derive(Clone, Copy)]
pub(super) struct View<'m> {
    bytes: &'m [u8],
    columns: &'m ArchivedColumns,
    entries: usize,
}

/// An entry as it is in a section.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'m> {
    pub(crate) key: &'m [u8],
    pub(crate) value: &'m [u8],
    pub(crate) due: Due,
}

impl<'m> View<'m> {
    /// Checks a section (without its padding) of so many entries; what is wrong with it.
    pub(super) fn check(bytes: &'m [u8], entries: u32) -> Result<Self, String> {
        let entries = entries as usize;
        if entries == 0 || entries > SLOTS {
            return Err(format!("{entries} entries"));
        }
        let columns = rkyv::access::<ArchivedColumns, Error>(bytes).map_err(|e| e.to_string())?;
        let is_column = |len: usize| len == entries || len == 1;
        if columns.ends.len() != entries
            || !is_column(columns.key_lens.len())
            || !is_column(columns.deadlines.len())
            || !(columns.last_deadlines.is_empty() || is_column(columns.last_deadlines.len()))
        {
            return Err("columns of other lengths".to_owned());
        }
        let view = Self { bytes, columns, entries };
        match (0..entries).find(|&slot| view.entry(slot).is_none()) {
            None => Ok(view),
            Some(slot) => Err(format!("entry {slot} outside of the section")),
        }
    }

    /// The same section again.
    ///
    /// # Safety
    ///
    /// [`check`](Self::check) has found these very bytes good, in the same place and with as many entries.
    pub(super) unsafe fn again(bytes: &'m [u8], entries: u32) -> Self {
        // SAFETY: by the caller; the columns are among what it checks.
        let columns = unsafe { access(bytes) };
        Self { bytes, columns, entries: entries as usize }
    }

    /// The entry in a slot; None: there is no such slot.
    pub(super) fn entry(&self, slot: usize) -> Option<Raw<'m>> {
        if slot >= self.entries {
            return None;
        }
        let columns = self.columns;
        let start = match slot.checked_sub(1) {
            Some(before) => columns.ends.get(before)?.to_native() as usize,
            None => 0,
        };
        let end = columns.ends.get(slot)?.to_native() as usize;
        let entry = self.bytes.get(start..end)?;
        let key_len = of_slot(&columns.key_lens, slot)?.to_native() as usize;
        let (key, value) = entry.split_at_checked(key_len)?;
        let deadline = of_slot(&columns.deadlines, slot)?.to_native();
        let last = of_slot(&columns.last_deadlines, slot).map(|last| last.to_native());
        Some(Raw { key, value, due: Due { deadline, last } })
    }

    /// All entries.
    pub(super) fn entries(self) -> impl Iterator<Item = Raw<'m>> {
        (0..self.entries).filter_map(move |slot| self.entry(slot))
    }
}

/// One element stands for all.
fn of_slot<T>(column: &[T], slot: usize) -> Option<&T> {
    match column {
        [only] => Some(only),
        _ => column.get(slot),
    }
}

/// Checks the archives of an entry.
pub(super) fn check_entry<K: Dumped, V: Dumped>(entry: &Raw<'_>) -> Result<(), Error> {
    check::<K>(entry.key)?;
    check::<V>(entry.value)?;
    Ok(())
}
