//! Entries whose archives were found good: the only way to their keys and values, so that what is read unchecked was checked.

use std::marker::PhantomData;

use rkyv::Archived;

use super::archive::{Raw, View, access};
use super::columns::Due;
use super::store::{SnapshotEntry, expires_at, expires_at_latest, is_due};
use super::types::Dumped;

/// A section whose entries are archives of `K` and `V`.
pub(super) struct CheckedView<'m, K, V> {
    view: View<'m>,
    _types: PhantomData<fn() -> (K, V)>,
}

/// An entry of one.
pub(crate) struct Checked<'m, K, V> {
    raw: Raw<'m>,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<'m, K: Dumped, V: Dumped> CheckedView<'m, K, V> {
    /// # Safety
    ///
    /// [`check_entry`](super::archive::check_entry) has found each entry of the section good, as of these types and in the same place.
    pub(super) unsafe fn new(view: View<'m>) -> Self {
        Self { view, _types: PhantomData }
    }

    /// The entry in a slot; None: there is no such slot.
    pub(super) fn entry(&self, slot: usize) -> Option<Checked<'m, K, V>> {
        Some(Checked { raw: self.view.entry(slot)?, _types: PhantomData })
    }

    /// All entries.
    pub(super) fn entries(self) -> impl Iterator<Item = Checked<'m, K, V>> {
        self.view.entries().map(|raw| Checked { raw, _types: PhantomData })
    }
}

impl<'m, K: Dumped, V: Dumped> Checked<'m, K, V> {
    pub(super) fn key(&self) -> &'m Archived<K> {
        // SAFETY: it was checked, by the promise made to `CheckedView::new`.
        unsafe { access(self.raw.key) }
    }

    pub(super) fn value(&self) -> &'m Archived<V> {
        // SAFETY: it was checked, by the promise made to `CheckedView::new`.
        unsafe { access(self.raw.value) }
    }

    pub(crate) fn due(&self) -> Due {
        self.raw.due
    }

    /// Whether that has come.
    pub(super) fn is_due(&self) -> bool {
        is_due(&self.raw)
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> SnapshotEntry<'m, Archived<K>, Archived<V>> {
        let (key, value) = (self.key(), self.value());
        let (expires_at, expires_at_latest) = (expires_at(&self.raw), expires_at_latest(&self.raw));
        SnapshotEntry { key, value, expires_at, expires_at_latest }
    }
}
