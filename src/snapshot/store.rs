//! A dump of a store, read where it lies.

use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use super::archive::{Raw, View};
use super::error::DumpError;
use super::format::NEVER;
use super::hash::hash_of_bytes;
use super::index::Location;
use super::marks::Marks;
use super::opened::{DumpInfo, Opened, instant};
use super::pack::Scratch;
use super::types::Types;
use crate::clock::wall;

/// An entry of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotEntry<'s, K: ?Sized, V: ?Sized> {
    /// The key.
    pub key: &'s K,
    /// The value.
    pub value: &'s V,
    /// The instant from which it is absent; None: it never is. In a dump of a cache with a time-to-idle: if nobody asks for it meanwhile.
    pub expires_at: Option<SystemTime>,
    /// The instant from which it is absent however often it is asked for; None: there is no such. It differs from `expires_at` only in a dump of a cache with a
    /// time-to-idle.
    pub expires_at_latest: Option<SystemTime>,
}

/// Whether it is due by now. Reads the clock only if it needs to.
pub(super) fn is_due(raw: &Raw<'_>) -> bool {
    raw.due.deadline != NEVER && raw.due.is_by(wall())
}

pub(super) fn expires_at(raw: &Raw<'_>) -> Option<SystemTime> {
    (raw.due.deadline != NEVER).then(|| instant(raw.due.deadline))
}

pub(super) fn expires_at_latest(raw: &Raw<'_>) -> Option<SystemTime> {
    let last = raw.due.last.unwrap_or(raw.due.deadline);
    (last != NEVER).then(|| instant(last))
}

/// A dump of a [`Store`](crate::Store) that is read where it lies: opened in microseconds, however large it is, and never copied.
///
/// The file is mapped into memory. Head and tables are checked when it is opened, a section of about a MiB of entries and a block of the index the first time
/// that a look-up comes to them: that one takes a quarter of a millisecond, or what the disk takes. From then on a look-up is a few cache misses.
/// A look-up **blocks** while the disk reads what it wants.
///
/// An entry that is due by the system's wall clock is absent.
///
/// **Of a compressed dump** a section is unpacked by the look-up that first comes to it, into memory that is kept as long as this is, so that values are had by reference here, too. That is
/// then no longer read where it lies, and takes as much memory as what was looked at takes unpacked: in the end, or after [`iter`](Self::iter), all of it.
///
/// The file may be replaced by another dump, or removed, while it is open; this one stays what it is. It must not be *changed in place* nor *truncated* by others: the
/// system ends a process with SIGBUS that touches what was cut off, and bytes that change behind its back are not noticed again once they were verified.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("purekv-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("sessions.dump");
/// use purekv::{Store, StoreSnapshot};
///
/// let store = Store::new();
/// store.insert(b"session:7", b"alice");
/// store.dump(&path)?;
///
/// let snapshot = StoreSnapshot::open(&path)?;
/// assert_eq!(snapshot.get(b"session:7")?, Some(&b"alice"[..]));
/// assert_eq!(snapshot.get(b"session:8")?, None);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StoreSnapshot {
    pub(super) file: Opened,
}

fn entry_of(raw: Raw<'_>) -> SnapshotEntry<'_, [u8], [u8]> {
    let (expires_at, expires_at_latest) = (expires_at(&raw), expires_at_latest(&raw));
    SnapshotEntry { key: raw.key, value: raw.value, expires_at, expires_at_latest }
}

/// Byte strings need no further checks.
fn as_it_is(_: View<'_>, _: u64) -> Result<(), DumpError> {
    Ok(())
}

impl StoreSnapshot {
    /// Opens the dump at `path`: checks its head, footer and tables. Blocks on the disk; O(MiB of the file), some microseconds a GiB.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the file as far as it was looked at; see [`DumpError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DumpError> {
        Ok(Self { file: Opened::open(path.as_ref(), Some(&Types::of_store()))? })
    }

    /// The value of `key`; None: it is not in the dump, or is due. O(1).
    ///
    /// # Errors
    ///
    /// If the part of the file that it leads to is damaged. Others may still be good.
    pub fn get(&self, key: &[u8]) -> Result<Option<&[u8]>, DumpError> {
        Ok(self.find(key)?.filter(|raw| !is_due(raw)).map(|raw| raw.value))
    }

    /// As [`get`](Self::get), with all that is known of the entry.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[allow(clippy::type_complexity, reason = "a name would tell less")]
    pub fn entry(&self, key: &[u8]) -> Result<Option<SnapshotEntry<'_, [u8], [u8]>>, DumpError> {
        Ok(self.find(key)?.filter(|raw| !is_due(raw)).map(entry_of))
    }

    fn find(&self, key: &[u8]) -> Result<Option<Raw<'_>>, DumpError> {
        for location in self.file.locations(hash_of_bytes(key))? {
            let raw = self.at(location)?;
            if raw.key == key {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    pub(super) fn at(&self, location: Location) -> Result<Raw<'_>, DumpError> {
        let view = self.file.section(location.section as usize, as_it_is)?;
        view.and_then(|view| view.entry(location.slot as usize))
            .ok_or_else(|| self.file.astray(location))
    }

    /// How many entries there are, those included that are due by now. O(1).
    pub fn len(&self) -> u64 {
        self.file.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the dump says of itself. O(sections).
    pub fn info(&self) -> DumpInfo {
        self.file.info()
    }

    /// All entries that are not due when they are come to, in no order. A section that is damaged is one error, and then it goes on with the next.
    pub fn iter(&self) -> impl Iterator<Item = Result<SnapshotEntry<'_, [u8], [u8]>, DumpError>> {
        (0..self.sections()).flat_map(|number| {
            let (entries, error) = match self.raw_entries(number) {
                Ok(entries) => (Some(entries), None),
                Err(error) => (None, Some(error)),
            };
            let live = entries.into_iter().flatten().filter(|raw| !is_due(raw));
            live.map(|raw| Ok(entry_of(raw))).chain(error.map(Err))
        })
    }

    /// Calls `visit` with each entry, those included that are due by now, in the order of the file. Blocks on the disk; O(bytes).
    ///
    /// Unlike [`iter`](Self::iter), it keeps nothing of a dump that is compressed: a section is unpacked to where the one before it was.
    ///
    /// # Errors
    ///
    /// What `visit` says, or that a section is damaged: the first of all, and with that it ends.
    pub fn try_for_each<E: From<DumpError>>(
        &self,
        mut visit: impl FnMut(SnapshotEntry<'_, [u8], [u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut scratch = Scratch::default();
        (0..self.sections()).try_for_each(|section| {
            let mut entries = self.raw_entries_in(section, &mut scratch)?.map(entry_of);
            entries.try_for_each(&mut visit)
        })
    }

    pub(crate) fn sections(&self) -> usize {
        self.file.sections()
    }

    /// The entries of a section, due ones included.
    pub(crate) fn raw_entries(
        &self,
        section: usize,
    ) -> Result<impl Iterator<Item = Raw<'_>>, DumpError> {
        let view = self.file.section(section, as_it_is)?;
        Ok(view.into_iter().flat_map(View::entries))
    }

    /// What the policy knew of the entries of a section.
    pub(crate) fn marks(&self, section: usize) -> Result<Marks<'_>, DumpError> {
        self.file.marks(section)
    }

    /// What it knew besides.
    pub(crate) fn learnt(&self) -> Result<Option<&[u8]>, DumpError> {
        self.file.learnt()
    }

    /// As [`raw_entries`](Self::raw_entries); if they are packed, unpacked into `scratch`.
    pub(crate) fn raw_entries_in<'m>(
        &'m self,
        section: usize,
        scratch: &'m mut Scratch,
    ) -> Result<impl Iterator<Item = Raw<'m>>, DumpError> {
        let view = self.file.section_in(section, scratch, as_it_is)?;
        Ok(view.into_iter().flat_map(View::entries))
    }

    /// Reads all of the file, and checks that it is what was written: all checksums, and that each entry is found where the index says.
    /// Blocks on the disk; O(bytes).
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<(), DumpError> {
        let mut scratch = Scratch::default();
        for section in 0..self.sections() {
            self.file.verify_other(section)?;
            for (slot, raw) in self.raw_entries_in(section, &mut scratch)?.enumerate() {
                let own = Location { section: section as u32, slot: slot as u32 };
                if !self.file.locations(hash_of_bytes(raw.key))?.any(|found| found == own) {
                    return Err(self.file.astray(own));
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StoreSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.file.path();
        f.debug_struct("StoreSnapshot").field("path", &path).finish_non_exhaustive()
    }
}
