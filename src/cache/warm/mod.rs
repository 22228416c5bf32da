//! A cache on top of a snapshot: it serves what it does not have yet from there, and moves it up as it is asked for, or in the background.
//!
//! - [`ledger`]: a bit for each entry of the snapshot, and the locks of who moves one. The protocol is there.
//! - [`source`]: a snapshot as it is needed here; [`store`], [`typed`]: those of both faces.
//! - [`backing`]: both together, and the clocks; what is known of a key, and the step by which an entry is moved.
//! - [`upper`]: where a backing is linked, what each operation does with it, and how it goes.
//! - [`hydrator`]: all entries one after the other; [`scan`]: the same without moving any.
//!
//! # Who does what
//!
//! ```text
//!  a key in the snapshot
//!
//!            look-up, hydrator: published in the table ┐
//!   cold ────────────────────────────────────────────── ├──► settled: the table alone knows
//!            change of the key: the same, and before it ┘
//! ```
//!
//! - **A change** of a key first settles it, and waits if another is just moving an entry of the same stripe. Then it is an operation on the table.
//! - **A look-up** that finds its key asks nothing here. One that misses looks at the key's bit. Cold: the value is the snapshot's; it moves the entry, or, if
//!   the stripe is taken, hands out a copy of its own. Settled: it looks into the table once more, for the entry may have come there since its first look.
//! - **When all are settled** the backing is unlinked, and freed by epochs. Until then, who finds it unlinked may have missed its key before that, and looks
//!   once more. When it is freed, nobody has.
//! - **Clear** closes the ledger, so that what is being moved is in the table, and no more comes; unlinks the backing, at which instant all that is cold is gone; and
//!   then clears the table. Until it is unlinked, what is cold still counts.
//!
//! Linearisation points beside the table's: of a look-up that answers from the snapshot, its look at the bit, or if the backing was unlinked since, the
//! look at the backing; of `clear`, for what is cold, the unlinking.

mod backing;
#[cfg(all(any(fuzzing, test), not(purekv_loom)))]
pub(super) mod forge;
mod hydrator;
mod ledger;
mod scan;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod trouble;
mod typed;
mod upper;

use std::sync::Arc;

use source::Source;
use upper::Upper;

use super::ticker::Background;
use crate::clock::Now;
use crate::engine::{Elsewhere, Engine, Entry};
use crate::snapshot::DumpError;
use crate::sync::epoch::{self, Guard};
use crate::table::Shared;

pub(super) use store::start as start_store;
pub(super) use typed::{Frozen, start as start_cache};

/// The hash of a key by which a snapshot finds it.
pub(super) use crate::snapshot::{hash_of as stable_hash, hash_of_bytes as stable_hash_of_bytes};

/// Entries a second that come into memory without being asked for, unless the builder is told otherwise.
const RATE: u64 = 500_000;

/// What a builder was told: `C` is the face's snapshot.
pub struct Start<C: ?Sized> {
    snapshot: Option<Arc<C>>,
    /// Entries a second.
    rate: u64,
}

impl<C: ?Sized> Default for Start<C> {
    fn default() -> Self {
        Self { snapshot: None, rate: RATE }
    }
}

impl<C: ?Sized> Clone for Start<C> {
    fn clone(&self) -> Self {
        Self { snapshot: self.snapshot.clone(), rate: self.rate }
    }
}

/// What is below a cache; as a rule nothing.
pub(super) struct Below<E: Entry> {
    upper: Option<Arc<Upper<E>>>,
    hydrator: Option<Background>,
}

impl<E: Entry> Below<E> {
    pub(super) fn nothing() -> Self {
        Self { upper: None, hydrator: None }
    }

    /// Starts on `source`; with a thread that moves so many entries a second, if there is to be one.
    fn on(source: Box<dyn Source<E>>, engine: &Arc<Engine<E>>, rate: Option<u64>) -> Self {
        let Some((upper, backing)) = Upper::new(source, engine) else { return Self::nothing() };
        let upper = Arc::new(upper);
        let hydrator =
            rate.and_then(|rate| hydrator::start(rate, upper.clone(), backing, engine.clone()));
        Self { upper: Some(upper), hydrator }
    }

    /// For a look-up that has missed its key in the table.
    #[inline]
    pub(super) fn read<'g>(
        &self,
        engine: &'g Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<Elsewhere<'g, E>> {
        self.upper.as_ref()?.read(engine, hash, stable, guard, now, is_key)
    }

    /// As [`read`](Self::read), and no use of the entry: when it is due.
    #[inline]
    pub(super) fn deadline(
        &self,
        engine: &Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<u64> {
        self.upper.as_ref()?.deadline(engine, hash, stable, guard, now, is_key)
    }

    /// To be called before a key is changed, after pinning.
    #[inline]
    pub(super) fn settle(
        &self,
        engine: &Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) {
        if let Some(upper) = &self.upper {
            upper.settle(engine, hash, stable, guard, is_key);
        }
    }

    /// To be called before the table is cleared.
    pub(super) fn close(&self) {
        if let Some(upper) = &self.upper {
            upper.close();
        }
    }

    /// Moves all that is left, as long as there is room, and lets go of the rest; how many have come.
    pub(super) fn hydrate(&self, engine: &Engine<E>) -> usize {
        self.upper.as_ref().map_or(0, |upper| upper.hydrate(engine))
    }

    pub(super) fn is_warming(&self) -> bool {
        self.upper.as_ref().is_some_and(|upper| upper.is_linked())
    }

    /// Entries that are cold.
    pub(super) fn cold(&self) -> usize {
        let guard = epoch::pin();
        let backing = self.upper.as_ref().and_then(|upper| upper.backing(&guard));
        backing.map_or(0, |backing| backing.ledger.left() as usize)
    }

    /// Errors that were met, and the first of them.
    pub(super) fn errors(&self) -> u64 {
        self.upper.as_ref().map_or(0, |upper| upper.trouble.count())
    }

    pub(super) fn error(&self) -> Option<Arc<DumpError>> {
        self.upper.as_ref()?.trouble.first()
    }

    /// Ends what is done in the background.
    pub(super) fn stop(&mut self) {
        if let Some(hydrator) = self.hydrator.take() {
            hydrator.stop();
        }
    }
}
