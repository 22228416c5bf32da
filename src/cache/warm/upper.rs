//! The place where a backing is linked: what each operation does with what is there, and how it comes to an end.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::backing::{Backing, Cold, Look, Thawed};
use super::source::Source;
use super::trouble::Trouble;
use crate::clock::Now;
use crate::engine::{Elsewhere, Engine, Entry};
use crate::sync::epoch::{self, Guard, Retire, assert_live};
use crate::sync::{AtomicBool, AtomicPtr, Ordering};
use crate::table::Shared;

/// The place where a backing is linked, and what stays when it is not any more.
pub(super) struct Upper<E: Entry> {
    link: AtomicPtr<Link<E>>,
    /// Whether nobody can have missed a key while there was a backing and is still looking.
    is_over: Arc<AtomicBool>,
    pub(super) trouble: Arc<Trouble>,
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
    pub(super) fn new(
        source: Box<dyn Source<E>>,
        engine: &Engine<E>,
    ) -> Option<(Self, Arc<Backing<E>>)> {
        let trouble = Arc::new(Trouble::new());
        let backing = Arc::new(Backing::new(source, engine, trouble.clone())?);
        let is_over = Arc::new(AtomicBool::new(false));
        let link = Link { backing: backing.clone(), is_over: is_over.clone() };
        let link = AtomicPtr::new(ptr::from_mut(Box::leak(Box::new(link))));
        Some((Self { link, is_over, trouble }, backing))
    }

    pub(super) fn backing<'g>(&self, _guard: &'g Guard) -> Option<&'g Backing<E>> {
        // Acquire: partner of the Release in `unlink`: who finds nothing finds in the table what was moved there.
        let link = NonNull::new(self.link.load(Ordering::Acquire))?;
        assert_live(link);
        // SAFETY: it was linked under this guard, and is retired only after it was unlinked.
        Some(&unsafe { link.as_ref() }.backing)
    }

    /// All entries are settled, or are to go.
    pub(super) fn unlink(&self, guard: &Guard) {
        // Release: partner of the Acquire in `backing`. Acquire: who retires it has seen it made.
        if let Some(link) = NonNull::new(self.link.swap(ptr::null_mut(), Ordering::AcqRel)) {
            // SAFETY: unlinked just now, and by us, so once.
            unsafe { guard.retire(link, size_of::<Link<E>>()) };
        }
    }

    pub(super) fn unlink_if_done(&self, backing: &Backing<E>, guard: &Guard) {
        if backing.ledger.left() == 0 {
            self.unlink(guard);
        }
    }

    /// For a look-up that has missed its key in the table.
    #[cold]
    #[inline(never)]
    pub(super) fn read<'g>(
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

    /// Whether there is a backing still. It is the case or not a moment later.
    pub(super) fn is_linked(&self) -> bool {
        // Relaxed: nothing is done with it.
        !self.link.load(Ordering::Relaxed).is_null()
    }

    fn unless_over<T>(&self, again: impl FnOnce() -> Option<T>) -> Option<T> {
        // Acquire: partner of the Release in `Link`'s drop.
        if self.is_over.load(Ordering::Acquire) { None } else { again() }
    }

    /// For a look that is no use of the entry, and has missed its key in the table: when it is due.
    #[cold]
    #[inline(never)]
    pub(super) fn deadline(
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
    pub(super) fn settle(
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
    pub(super) fn bring(
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
    pub(super) fn close(&self) {
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
