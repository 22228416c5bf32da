//! A dump of a cache, read where it lies.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::path::Path;

use rkyv::Archived;

use super::archive::{View, check_entry, deserialize};
use super::checked::{Checked, CheckedView};
use super::error::DumpError;
use super::hash::hash_of;
use super::index::Location;
use super::marks::Marks;
use super::opened::{DumpInfo, Opened};
use super::pack::Scratch;
use super::store::SnapshotEntry;
use super::types::{Dumped, Types};
use crate::sync::{AtomicBool, Ordering};

/// A dump of a [`Cache<K, V>`](crate::Cache) that is read where it lies: opened in microseconds, however large it is. Keys and values are had in
/// their archived form (`rkyv::Archived<V>`), by reference, and never copied.
///
/// What is said of [`StoreSnapshot`](crate::StoreSnapshot) goes for it too: what it checks when, that it blocks on the disk, and that nobody may change the file in place.
///
/// Keys are found by a hash of what their `Hash` says. If that is not what it was when the dump was made, that is an error
/// ([`DumpError::KeyHash`]); it can be iterated over and loaded all the same.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("purekv-doc-typed-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("pages.dump");
/// use purekv::{Cache, Snapshot};
///
/// let cache: Cache<u64, String> = Cache::new();
/// cache.insert(7, "seven".to_owned());
/// cache.dump(&path)?;
///
/// let snapshot = Snapshot::<u64, String>::open(&path)?;
/// assert_eq!(snapshot.get(&7)?.map(|value| value.as_str()), Some("seven"));
/// assert!(Snapshot::<String, u64>::open(&path).is_err());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Snapshot<K, V> {
    pub(super) file: Opened,
    /// Whether a key was found to hash to what the index says.
    pub(super) knows_hash: AtomicBool,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<K: Dumped, V: Dumped> Snapshot<K, V> {
    /// Opens the dump at `path`: checks its head, footer, tables and types. Blocks on the disk; O(MiB of the file), some microseconds a GiB.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the file as far as it was looked at; see [`DumpError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DumpError> {
        let file = Opened::open(path.as_ref(), Some(&Types::of_cache::<K, V>()))?;
        Ok(Self { file, knows_hash: AtomicBool::new(false), _types: PhantomData })
    }

    /// The archived value of `key`; None: it is not in the dump, or is due. O(1).
    ///
    /// # Errors
    ///
    /// If the part of the file that it leads to is damaged, or keys hash to something else than when the dump was made.
    pub fn get<Q>(&self, key: &Q) -> Result<Option<&Archived<V>>, DumpError>
    where
        K: Hash,
        Q: Hash + ?Sized,
        Archived<K>: PartialEq<Q>,
    {
        Ok(self.entry(key)?.map(|entry| entry.value))
    }

    /// As [`get`](Self::get), with all that is known of the entry.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[allow(clippy::type_complexity, reason = "a name would tell less")]
    pub fn entry<Q>(
        &self,
        key: &Q,
    ) -> Result<Option<SnapshotEntry<'_, Archived<K>, Archived<V>>>, DumpError>
    where
        K: Hash,
        Q: Hash + ?Sized,
        Archived<K>: PartialEq<Q>,
    {
        for location in self.file.locations(hash_of(key))? {
            let found = self.at(location)?;
            if *found.key() == *key {
                // Relaxed: it publishes nothing.
                self.knows_hash.store(true, Ordering::Relaxed);
                return Ok((!found.is_due()).then(|| found.shown()));
            }
        }
        // Absent, or sought in the wrong place. Asked only now, for it may verify another section.
        // Relaxed: as above.
        if !self.knows_hash.load(Ordering::Relaxed) {
            self.check_hash()?;
            self.knows_hash.store(true, Ordering::Relaxed);
        }
        Ok(None)
    }

    /// Whether the index has the first entry where that hashes to.
    fn check_hash(&self) -> Result<(), DumpError>
    where
        K: Hash,
    {
        for number in 0..self.file.sections() {
            let Some(first) = self.section(number)?.and_then(|view| view.entry(0)) else {
                continue;
            };
            return self.check_place(&first, Location { section: number as u32, slot: 0 });
        }
        Ok(())
    }

    /// Whether the index has an entry where it is.
    pub(super) fn check_place(
        &self,
        entry: &Checked<'_, K, V>,
        own: Location,
    ) -> Result<(), DumpError>
    where
        K: Hash,
    {
        let hash = hash_of(&self.key_of(entry)?);
        if self.file.locations(hash)?.any(|found| found == own) {
            return Ok(());
        }
        let offset = self.file.offset_of(own.section as usize);
        Err(DumpError::KeyHash { path: self.file.path().to_owned(), offset, found: hash })
    }

    /// A verified section, archives and all.
    pub(super) fn section(
        &self,
        number: usize,
    ) -> Result<Option<CheckedView<'_, K, V>>, DumpError> {
        let view = self.file.section(number, |view, offset| self.check_all(view, offset))?;
        // SAFETY: checked just now, or when it was touched for the first time: this file is of this snapshot, which touches sections here and in `checked_in` only.
        Ok(view.map(|view| unsafe { CheckedView::new(view) }))
    }

    /// Whether all that is in a section at this offset is of these types.
    fn check_all(&self, view: View<'_>, offset: u64) -> Result<(), DumpError> {
        view.entries().try_for_each(|raw| {
            check_entry::<K, V>(&raw).map_err(|error| {
                DumpError::format(self.file.path(), offset, "archived entries", error)
            })
        })
    }

    pub(crate) fn at(&self, place: Location) -> Result<Checked<'_, K, V>, DumpError> {
        let view = self.section(place.section as usize)?;
        view.and_then(|view| view.entry(place.slot as usize)).ok_or_else(|| self.file.astray(place))
    }

    fn copy<T: Dumped>(&self, archived: &Archived<T>) -> Result<T, DumpError> {
        let path = self.file.path();
        deserialize::<T>(archived)
            .map_err(|error| DumpError::format(path, 0, "a value of its type", error))
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
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = Result<SnapshotEntry<'_, Archived<K>, Archived<V>>, DumpError>> {
        (0..self.sections()).flat_map(|number| {
            let (view, error) = match self.section(number) {
                Ok(view) => (view, None),
                Err(error) => (None, Some(error)),
            };
            let live = view.into_iter().flat_map(CheckedView::entries).filter(|it| !it.is_due());
            live.map(|entry| Ok(entry.shown())).chain(error.map(Err))
        })
    }

    /// Calls `visit` with each entry, those included that are due by now, in the order of the file. Blocks on the disk; O(bytes). See
    /// [`StoreSnapshot::try_for_each`](crate::StoreSnapshot::try_for_each).
    ///
    /// # Errors
    ///
    /// What `visit` says, or that a section is damaged: the first of all, and with that it ends.
    pub fn try_for_each<E: From<DumpError>>(
        &self,
        mut visit: impl FnMut(SnapshotEntry<'_, Archived<K>, Archived<V>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut scratch = Scratch::default();
        (0..self.sections()).try_for_each(|section| {
            let mut entries = self.checked_in(section, &mut scratch)?;
            entries.try_for_each(|entry| visit(entry.shown()))
        })
    }

    pub(crate) fn sections(&self) -> usize {
        self.file.sections()
    }

    /// The entries of a section, due ones included.
    pub(crate) fn entries(
        &self,
        section: usize,
    ) -> Result<impl Iterator<Item = Checked<'_, K, V>>, DumpError> {
        Ok(self.section(section)?.into_iter().flat_map(CheckedView::entries))
    }

    /// As [`entries`](Self::entries); if they are packed, unpacked into `scratch`.
    pub(crate) fn checked_in<'m>(
        &'m self,
        section: usize,
        scratch: &'m mut Scratch,
    ) -> Result<impl Iterator<Item = Checked<'m, K, V>>, DumpError> {
        let check = |view: View<'_>, offset| self.check_all(view, offset);
        let view = self.file.section_in(section, scratch, check)?;
        // SAFETY: as in `section`, or checked just now in `scratch`.
        let view = view.map(|view| unsafe { CheckedView::new(view) });
        Ok(view.into_iter().flat_map(CheckedView::entries))
    }

    /// What the policy knew of the entries of a section.
    pub(crate) fn marks(&self, section: usize) -> Result<Marks<'_>, DumpError> {
        self.file.marks(section)
    }

    /// What it knew besides.
    pub(crate) fn learnt(&self) -> Result<Option<&[u8]>, DumpError> {
        self.file.learnt()
    }

    /// A copy of an entry's key.
    pub(super) fn key_of(&self, entry: &Checked<'_, K, V>) -> Result<K, DumpError> {
        self.copy::<K>(entry.key())
    }

    /// Copies of an entry's key and value.
    pub(crate) fn to_owned(&self, entry: &Checked<'_, K, V>) -> Result<(K, V), DumpError> {
        Ok((self.key_of(entry)?, self.copy::<V>(entry.value())?))
    }

    /// Reads all of the file, and checks that it is what was written: all checksums, all archives, and that each entry is found where the index says.
    /// Blocks on the disk; O(bytes).
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<(), DumpError>
    where
        K: Hash,
    {
        let mut scratch = Scratch::default();
        for number in 0..self.sections() {
            self.file.verify_other(number)?;
            for (slot, entry) in self.checked_in(number, &mut scratch)?.enumerate() {
                self.check_place(&entry, Location { section: number as u32, slot: slot as u32 })?;
            }
        }
        Ok(())
    }
}

impl<K, V> fmt::Debug for Snapshot<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.file.path();
        f.debug_struct("Snapshot").field("path", &path).finish_non_exhaustive()
    }
}
