//! A dump of a cache, read where it lies.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::path::Path;

use rkyv::Archived;

use super::archive::{Raw, View, access, check_entry, deserialize};
use super::error::DumpError;
use super::hash::hash_of;
use super::index::Location;
use super::opened::{DumpInfo, Opened};
use super::pack::Scratch;
use super::store::{SnapshotEntry, expires_at, expires_at_latest, is_due};
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
            let view = self.section(location.section as usize)?;
            let raw = view.and_then(|view| view.entry(location.slot as usize));
            let raw = raw.ok_or_else(|| self.file.astray(location))?;
            // SAFETY: `section` has checked all entries of it.
            let found = unsafe { Self::key_of(&raw) };
            if *found == *key {
                // Relaxed: it publishes nothing.
                self.knows_hash.store(true, Ordering::Relaxed);
                // SAFETY: as above.
                let entry = unsafe { Self::entry_of(&raw) };
                return Ok((!is_due(&raw)).then_some(entry));
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
            let Some(raw) = self.section(number)?.and_then(|view| view.entry(0)) else { continue };
            return self.check_place(&raw, Location { section: number as u32, slot: 0 });
        }
        Ok(())
    }

    /// Whether the index has an entry of a checked section where it is.
    pub(super) fn check_place(&self, raw: &Raw<'_>, own: Location) -> Result<(), DumpError>
    where
        K: Hash,
    {
        // SAFETY: as the caller says.
        let hash = hash_of(&self.copy::<K>(unsafe { Self::key_of(raw) })?);
        if self.file.locations(hash)?.any(|found| found == own) {
            return Ok(());
        }
        let offset = self.file.offset_of(own.section as usize);
        Err(DumpError::KeyHash { path: self.file.path().to_owned(), offset, found: hash })
    }

    /// A verified section, archives and all.
    pub(super) fn section(&self, number: usize) -> Result<Option<View<'_>>, DumpError> {
        self.file.section(number, |view, offset| self.check_all(view, offset))
    }

    /// Whether all that is in a section at this offset is of these types.
    fn check_all(&self, view: View<'_>, offset: u64) -> Result<(), DumpError> {
        view.entries().try_for_each(|raw| {
            check_entry::<K, V>(&raw).map_err(|error| {
                DumpError::format(self.file.path(), offset, "archived entries", error)
            })
        })
    }

    /// # Safety
    ///
    /// The entry is of a [`section`](Self::section), or of [`raw_entries_in`](Self::raw_entries_in).
    unsafe fn key_of<'m>(raw: &Raw<'m>) -> &'m Archived<K> {
        // SAFETY: it was checked as this type there.
        unsafe { access(raw.key) }
    }

    /// # Safety
    ///
    /// As of [`key_of`](Self::key_of).
    unsafe fn value_of<'m>(raw: &Raw<'m>) -> &'m Archived<V> {
        // SAFETY: it was checked as this type there.
        unsafe { access(raw.value) }
    }

    /// # Safety
    ///
    /// As of [`key_of`](Self::key_of).
    unsafe fn entry_of<'m>(raw: &Raw<'m>) -> SnapshotEntry<'m, Archived<K>, Archived<V>> {
        // SAFETY: the caller's promise.
        let key = unsafe { Self::key_of(raw) };
        // SAFETY: the caller's promise.
        let value = unsafe { Self::value_of(raw) };
        let (expires_at, expires_at_latest) = (expires_at(raw), expires_at_latest(raw));
        SnapshotEntry { key, value, expires_at, expires_at_latest }
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

    /// What the dump says of itself. O(1).
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
            let live = view.into_iter().flat_map(View::entries).filter(|raw| !is_due(raw));
            // SAFETY: entries of a section.
            live.map(|raw| Ok(unsafe { Self::entry_of(&raw) })).chain(error.map(Err))
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
            let mut entries = self.raw_entries_in(section, &mut scratch)?;
            // SAFETY: entries of a section.
            entries.try_for_each(|raw| visit(unsafe { Self::entry_of(&raw) }))
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
        Ok(self.section(section)?.into_iter().flat_map(View::entries))
    }

    /// As [`raw_entries`](Self::raw_entries); if they are packed, unpacked into `scratch`.
    pub(crate) fn raw_entries_in<'m>(
        &'m self,
        section: usize,
        scratch: &'m mut Scratch,
    ) -> Result<impl Iterator<Item = Raw<'m>>, DumpError> {
        let check = |view: View<'_>, offset| self.check_all(view, offset);
        let view = self.file.section_in(section, scratch, check)?;
        Ok(view.into_iter().flat_map(View::entries))
    }

    /// Copies of key and value of one of the [`raw_entries`](Self::raw_entries).
    pub(crate) fn to_owned(&self, raw: &Raw<'_>) -> Result<(K, V), DumpError> {
        let damaged = |error| DumpError::format(self.file.path(), 0, "archived entries", error);
        // Checked once more, for what is copied need not be fast, and this takes any bytes.
        check_entry::<K, V>(raw).map_err(damaged)?;
        // SAFETY: checked just now.
        let key = self.copy::<K>(unsafe { Self::key_of(raw) })?;
        // SAFETY: as above.
        let value = self.copy::<V>(unsafe { Self::value_of(raw) })?;
        Ok((key, value))
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
            for (slot, raw) in self.raw_entries_in(number, &mut scratch)?.enumerate() {
                self.check_place(&raw, Location { section: number as u32, slot: slot as u32 })?;
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
