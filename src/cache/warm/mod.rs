//! A cache on top of a snapshot: it serves what it does not have yet from there, and moves it up as it is asked for, or in the background.
//!
//! - [`ledger`]: a bit for each entry of the snapshot, and the locks of who moves one. The protocol is there.
//! - [`source`]: a snapshot as it is needed here; [`store`], [`typed`]: those of both faces.
//! - [`backing`]: both together, and the clocks; what is known of a key, and the step by which an entry is moved.
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

use std::ptr::{self, NonNull};
use std::sync::Arc;

use backing::{Backing, Cold, Look, Thawed};
use source::Source;
use trouble::Trouble;

use super::ticker::Background;
use crate::clock::Now;
use crate::engine::{Elsewhere, Engine, Entry};
use crate::snapshot::DumpError;
use crate::sync::epoch::{self, Guard, Retire, assert_live};
use crate::sync::{AtomicBool, AtomicPtr, Ordering};
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

/// The place where a backing is linked, and what stays when it is not any more.
struct Upper<E: Entry> {
    link: AtomicPtr<Link<E>>,
    /// Whether nobody can have missed a key while there was a backing and is still looking.
    is_over: Arc<AtomicBool>,
    trouble: Arc<Trouble>,
}

/// A backing as it is linked. The hydrator has it, too, and is the last to have it: to unmap a large file takes its time.
struct Link<E: Entry> {
    backing: Arc<Backing<E>>,
    is_over: Arc<AtomicBool>,
}

impl<E: Entry> Drop for Link<E> {
    fn drop(&mut self) {
        // Release: partner of the Acquire in `read`.
        self.is_over.store(true, Ordering::Release);
    }
}

// SAFETY: a Box of what may be dropped anywhere.
unsafe impl<E: Entry> Retire for Link<E> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every one comes from `Box::leak` in `Upper::new`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

impl<E: Entry> Upper<E> {
    fn new(source: Box<dyn Source<E>>, engine: &Engine<E>) -> Option<(Self, Arc<Backing<E>>)> {
        let trouble = Arc::new(Trouble::new());
        let backing = Arc::new(Backing::new(source, engine, trouble.clone())?);
        let is_over = Arc::new(AtomicBool::new(false));
        let link = Link { backing: backing.clone(), is_over: is_over.clone() };
        let link = AtomicPtr::new(ptr::from_mut(Box::leak(Box::new(link))));
        Some((Self { link, is_over, trouble }, backing))
    }

    fn backing<'g>(&self, _guard: &'g Guard) -> Option<&'g Backing<E>> {
        // Acquire: partner of the Release in `unlink`: who finds nothing finds in the table what was moved there.
        let link = NonNull::new(self.link.load(Ordering::Acquire))?;
        assert_live(link);
        // SAFETY: it was linked under this guard, and is retired only after it was unlinked.
        Some(&unsafe { link.as_ref() }.backing)
    }

    /// All entries are settled, or are to go.
    fn unlink(&self, guard: &Guard) {
        // Release: partner of the Acquire in `backing`. Acquire: who retires it has seen it made.
        if let Some(link) = NonNull::new(self.link.swap(ptr::null_mut(), Ordering::AcqRel)) {
            // SAFETY: unlinked just now, and by us, so once.
            unsafe { guard.retire(link, size_of::<Link<E>>()) };
        }
    }

    fn unlink_if_done(&self, backing: &Backing<E>, guard: &Guard) {
        if backing.ledger.left() == 0 {
            self.unlink(guard);
        }
    }

    /// For a look-up that has missed its key in the table.
    #[cold]
    #[inline(never)]
    fn read<'g>(
        &self,
        engine: &'g Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<Elsewhere<'g, E>> {
        let again = || {
            let (entry, deadline) = engine.peek(hash, guard, now, is_key)?;
            Some(Elsewhere { entry, deadline, is_stored: true })
        };
        let Some(backing) = self.backing(guard) else { return self.unless_over(again) };
        let cold = match backing.look(engine, hash, stable(), now, is_key) {
            Look::Unknown => {
                // Something that is due or damaged may have been settled by that.
                self.unlink_if_done(backing, guard);
                return None;
            }
            Look::Settled => return again(),
            Look::Cold(cold) => cold,
        };
        let number = cold.number;
        let deadline = cold.entry.get().deadline().initial();
        let is_due = now.is_due(deadline);
        let lend = |entry| {
            if is_due {
                return None;
            }
            Some(Elsewhere { entry: engine.lend(entry, guard), deadline, is_stored: false })
        };
        let standing = backing.standing(&cold);
        let Some(hold) = backing.ledger.try_hold(number) else { return lend(cold.entry) };
        let arriving = match engine.arriving(hash, cold.entry, standing) {
            Ok(arriving) => arriving,
            Err(_) => {
                hold.settle();
                drop(hold);
                self.unlink_if_done(backing, guard);
                return None;
            }
        };
        let thawed = backing.thaw(hold, arriving, engine, guard);
        let found = match thawed {
            Thawed::Moved(published) => {
                let entry = published.entry();
                engine.settle_published(published, guard, now);
                (!is_due).then_some(Elsewhere { entry, deadline, is_stored: true })
            }
            Thawed::Settled => again(),
            // Until it is unlinked, the snapshot counts.
            Thawed::Closed(entry, hold) => {
                drop(hold);
                lend(entry)
            }
            Thawed::Absent => None,
        };
        self.unlink_if_done(backing, guard);
        found
    }

    fn unless_over<T>(&self, again: impl FnOnce() -> Option<T>) -> Option<T> {
        // Acquire: partner of the Release in `Link`'s drop.
        if self.is_over.load(Ordering::Acquire) { None } else { again() }
    }

    /// For a look that is no use of the entry, and has missed its key in the table: when it is due.
    #[cold]
    #[inline(never)]
    fn deadline(
        &self,
        engine: &Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<u64> {
        let again = || Some(engine.peek(hash, guard, now, is_key)?.1);
        let Some(backing) = self.backing(guard) else { return self.unless_over(again) };
        match backing.look(engine, hash, stable(), now, is_key) {
            Look::Unknown => None,
            Look::Settled => again(),
            Look::Cold(Cold { number, entry, .. }) => {
                if !engine.is_stillborn(&entry, now) {
                    return Some(entry.get().deadline().initial());
                }
                // As a look-up in the table would remove it, so that nobody with an earlier time can put its deadline off.
                if let Some(hold) = backing.ledger.try_hold(number)
                    && engine.is_stillborn(&entry, &Now::new(engine.clock()))
                {
                    hold.settle();
                    drop(hold);
                    self.unlink_if_done(backing, guard);
                }
                None
            }
        }
    }

    /// Before a key is changed.
    #[inline(never)]
    fn settle(
        &self,
        engine: &Engine<E>,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) {
        let Some(backing) = self.backing(guard) else { return };
        let now = Now::new(engine.clock());
        if let Look::Cold(cold) = backing.look(engine, hash, stable(), &now, is_key) {
            self.bring(backing, cold, engine, guard, &now);
        }
    }

    /// Settles a cold entry; whether it has come into the table by that. Waits for the lock of its stripe.
    fn bring(
        &self,
        backing: &Backing<E>,
        cold: Cold<E>,
        engine: &Engine<E>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> bool {
        let standing = backing.standing(&cold);
        let hold = backing.ledger.hold(cold.number);
        let is_moved = match engine.arriving(cold.hash, cold.entry, standing) {
            Ok(arriving) => match backing.thaw(hold, arriving, engine, guard) {
                Thawed::Moved(published) => {
                    engine.settle_published(published, guard, now);
                    true
                }
                // This one is gone now, for it is to be changed.
                Thawed::Closed(entry, hold) => {
                    hold.settle();
                    drop(hold);
                    drop(entry);
                    false
                }
                Thawed::Settled | Thawed::Absent => false,
            },
            Err(_) => {
                hold.settle();
                drop(hold);
                false
            }
        };
        self.unlink_if_done(backing, guard);
        is_moved
    }

    /// Lets go of all that is cold; what is being moved is in the table afterwards.
    fn close(&self) {
        let guard = epoch::pin();
        if let Some(backing) = self.backing(&guard) {
            backing.ledger.close();
            self.unlink(&guard);
        }
    }
}

impl<E: Entry> Drop for Upper<E> {
    fn drop(&mut self) {
        // Relaxed: nobody else has it.
        if let Some(link) = NonNull::new(self.link.load(Ordering::Relaxed)) {
            // SAFETY: still linked, so not retired; and nobody can find it any more.
            unsafe { Link::free(link) };
        }
    }
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
        // Relaxed: it is the case or not a moment later.
        self.upper.as_ref().is_some_and(|upper| !upper.link.load(Ordering::Relaxed).is_null())
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
