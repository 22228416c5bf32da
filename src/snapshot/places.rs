//! Snapshots by place: for a cache that was started on top of one, and keeps account of each of its entries.

use std::hash::Hash;

use super::archive::Raw;
use super::error::DumpError;
use super::hash::{hash_of, hash_of_bytes};
use super::index::Location;
use super::store::StoreSnapshot;
use super::typed::Snapshot;
use super::types::Dumped;
use crate::sync::Ordering;

impl StoreSnapshot {
    /// In which block of the index a hash is; and how many blocks there are.
    pub(crate) fn block_of(&self, hash: u64) -> (usize, usize) {
        self.file.block_of(hash)
    }

    /// How many entries a section says that it has. Reads the tables, and nothing else.
    pub(crate) fn entries_in(&self, section: usize) -> u32 {
        self.file.entries_in(section)
    }

    /// Where keys with this hash may be, in the order in which they are looked for.
    pub(crate) fn places(
        &self,
        hash: u64,
    ) -> Result<impl Iterator<Item = Location> + use<'_>, DumpError> {
        self.file.locations(hash)
    }

    pub(crate) fn raw_at(&self, place: Location) -> Result<Raw<'_>, DumpError> {
        self.at(place)
    }

    /// What the policy knew of the entry at this place.
    pub(crate) fn mark_at(&self, place: Location) -> Result<u8, DumpError> {
        self.file.mark(place)
    }

    /// The hash of the key at this place.
    pub(crate) fn hash_at(&self, place: Location) -> Result<u64, DumpError> {
        Ok(hash_of_bytes(self.at(place)?.key))
    }

    /// Whether there is the same key at both.
    pub(crate) fn are_same(&self, one: Location, other: Location) -> Result<bool, DumpError> {
        Ok(self.at(one)?.key == self.at(other)?.key)
    }
}

impl<K: Dumped + Hash, V: Dumped> Snapshot<K, V> {
    /// In which block of the index a hash is; and how many blocks there are.
    pub(crate) fn block_of(&self, hash: u64) -> (usize, usize) {
        self.file.block_of(hash)
    }

    /// Whether keys hash to what the index says, as far as that can be told: what is damaged is passed over.
    fn check_some_hash(&self) -> Result<(), DumpError> {
        // Relaxed, both: it publishes nothing.
        if self.knows_hash.load(Ordering::Relaxed) {
            return Ok(());
        }
        for number in 0..self.sections() {
            let first = self.section(number).ok().flatten().and_then(|view| view.entry(0));
            let Some(first) = first else { continue };
            match self.check_place(&first, Location { section: number as u32, slot: 0 }) {
                Ok(()) => break,
                Err(error @ DumpError::KeyHash { .. }) => return Err(error),
                Err(_) => {}
            }
        }
        self.knows_hash.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How many entries a section says that it has. Reads the tables, and nothing else.
    pub(crate) fn entries_in(&self, section: usize) -> u32 {
        self.file.entries_in(section)
    }

    /// Where keys with this hash may be, in the order in which they are looked for.
    pub(crate) fn places(
        &self,
        hash: u64,
    ) -> Result<impl Iterator<Item = Location> + use<'_, K, V>, DumpError> {
        self.check_some_hash()?;
        self.file.locations(hash)
    }

    /// What the policy knew of the entry at this place.
    pub(crate) fn mark_at(&self, place: Location) -> Result<u8, DumpError> {
        self.file.mark(place)
    }

    /// The hash of the key at this place.
    pub(crate) fn hash_at(&self, place: Location) -> Result<u64, DumpError> {
        Ok(hash_of(&self.key_at(place)?))
    }

    /// Whether there is the same key at both.
    pub(crate) fn are_same(&self, one: Location, other: Location) -> Result<bool, DumpError>
    where
        K: Eq,
    {
        Ok(self.key_at(one)? == self.key_at(other)?)
    }

    fn key_at(&self, place: Location) -> Result<K, DumpError> {
        self.key_of(&self.at(place)?)
    }
}
