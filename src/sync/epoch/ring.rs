//! What one thread has retired and nobody has freed yet, in order: a ring that its owner pushes to, and anybody takes from.
//!
//! ```text
//!        freed             safe                tail
//!  ────────┬─────────────────┬───────────────────┬────────
//!   free   │ may be freed:   │ somebody may      │ free
//!   cells  │ `claim`         │ still look at it  │ cells
//!  ────────┴─────────────────┴───────────────────┴────────
//! ```
//!
//! The three only ever grow, so a place in the ring is never mistaken for one a turn later. As the objects stand in the order in
//! which they were retired, one number says which of them are safe: a grace period that began when the tail was at *n*
//! makes all before *n* safe, whoever began it, and whoever hears of its end ([`Ring::mark_safe`]). So an idle thread's
//! objects need not change hands before they can be freed, and beginning two grace periods for them does no harm.
//!
//! Claiming works as stealing from the deque of Chase and Lev does: read the cells, then move `freed` past them by a CAS. If that
//! fails they may have been overwritten meanwhile, and what was read is forgotten. As there, a full ring is replaced by a larger one by its
//! owner; unlike there it also shrinks, and all ends but the owner's push are anybody's.

use crossbeam_utils::CachePadded;

use super::retired::Retired;
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, failpoint};

/// Cells of a ring at first; it never has fewer.
const FEWEST: u64 = if cfg!(purekv_loom) { 2 } else { 128 };

/// A ring shrinks when not even one in so many of its cells is in use.
const SPARSE: u64 = 8;

pub(super) struct Ring {
    tail: CachePadded<Tail>,
    ends: CachePadded<Ends>,
}

/// Written by the owner only.
struct Tail {
    tail: AtomicU64,
    /// Up to where there are free cells, as of the owner's last look at `freed`, which is on a busier cache line.
    limit: AtomicU64,
    cells: AtomicPtr<Cells>,
}

/// Written by whoever frees.
struct Ends {
    safe: AtomicU64,
    freed: AtomicU64,
}

/// The cells of a ring: a power of two.
struct Cells(Box<[Cell]>);

/// Cells that were replaced, where others may still be reading them; dropping it frees them. Not a box, for that would be the only
/// one to reach them.
pub(super) struct Outgrown(*mut Cells);

// SAFETY: cells are atomic, and it only frees them.
unsafe impl Send for Outgrown {}

impl Drop for Outgrown {
    fn drop(&mut self) {
        // SAFETY: made by `into_raw` and replaced, so they are freed here and nowhere else; `push` asks for nobody to be left.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A [`Retired`]. Atomic, for it may be overwritten while somebody reads it who will not get it.
struct Cell {
    object: AtomicPtr<()>,
    free: AtomicPtr<()>,
    bytes: AtomicUsize,
}

impl Cells {
    fn new(len: u64) -> Box<Self> {
        let none = || AtomicPtr::new(std::ptr::null_mut());
        let cell = || Cell { object: none(), free: none(), bytes: AtomicUsize::new(0) };
        Box::new(Self((0..len).map(|_| cell()).collect()))
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    #[inline]
    fn cell(&self, place: u64) -> &Cell {
        // SAFETY: less than the length, which is a power of two.
        unsafe { self.0.get_unchecked((place & (self.len() - 1)) as usize) }
    }

    /// Relaxed, as the writes: `tail` and `freed` order them.
    #[inline]
    fn read(&self, place: u64) -> Retired {
        let cell = self.cell(place);
        Retired {
            object: cell.object.load(Ordering::Relaxed),
            free: cell.free.load(Ordering::Relaxed),
            bytes: cell.bytes.load(Ordering::Relaxed),
        }
    }

    #[inline]
    fn write(&self, place: u64, retired: Retired) {
        let cell = self.cell(place);
        // Relaxed: published by the tail.
        cell.object.store(retired.object, Ordering::Relaxed);
        cell.free.store(retired.free, Ordering::Relaxed);
        cell.bytes.store(retired.bytes, Ordering::Relaxed);
    }
}

impl Ring {
    pub(super) fn new() -> Self {
        Self {
            tail: CachePadded::new(Tail {
                tail: AtomicU64::new(0),
                limit: AtomicU64::new(FEWEST),
                cells: AtomicPtr::new(Box::into_raw(Cells::new(FEWEST))),
            }),
            ends: CachePadded::new(Ends { safe: AtomicU64::new(0), freed: AtomicU64::new(0) }),
        }
    }

    /// Appends. `outgrown` gets the cells that were replaced, which others may still be reading.
    ///
    /// # Safety
    ///
    /// By the owner only. What `outgrown` gets lives until every thread that is pinned now has unpinned.
    #[inline]
    pub(super) unsafe fn push(&self, retired: Retired, outgrown: impl FnOnce(Outgrown)) {
        // Relaxed, both: only the owner writes them.
        let tail = self.tail.tail.load(Ordering::Relaxed);
        if tail == self.tail.limit.load(Ordering::Relaxed) {
            // SAFETY: the caller's promise.
            unsafe { self.make_room(tail, outgrown) };
        }
        // SAFETY: the owner's cells are replaced by the owner only.
        unsafe { self.cells() }.write(tail, retired);
        // Release: who sees the tail (Acquire in `tail`) sees what is before it, and the cells where it is.
        self.tail.tail.store(tail + 1, Ordering::Release);
    }

    /// # Safety
    ///
    /// As [`push`](Self::push).
    #[cold]
    unsafe fn make_room(&self, tail: u64, outgrown: impl FnOnce(Outgrown)) {
        // Acquire: partner of the Release in `claim`: who has claimed a cell has read it before it is written again.
        let freed = self.ends.freed.load(Ordering::Acquire);
        // SAFETY: as in `push`.
        let len = unsafe { self.cells() }.len();
        if tail - freed < len {
            // Relaxed: only the owner reads it.
            self.tail.limit.store(freed + len, Ordering::Relaxed);
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.replace(freed, tail, len * 2, outgrown) };
        }
    }

    /// Gives back cells that a time of much garbage has left.
    ///
    /// # Safety
    ///
    /// As [`push`](Self::push).
    pub(super) unsafe fn shrink(&self, outgrown: impl FnOnce(Outgrown)) {
        // Relaxed: only the owner writes it.
        let tail = self.tail.tail.load(Ordering::Relaxed);
        // Relaxed, other than in `make_room`: the cells that will be written are new, and nobody gets anything before `freed`.
        let freed = self.ends.freed.load(Ordering::Relaxed);
        // SAFETY: as in `push`.
        let len = unsafe { self.cells() }.len();
        let wanted = (tail - freed) * SPARSE;
        if len > FEWEST && wanted < len {
            // SAFETY: the caller's promise.
            unsafe { self.replace(freed, tail, wanted.next_power_of_two().max(FEWEST), outgrown) };
        }
    }

    /// # Safety
    ///
    /// As [`push`](Self::push).
    #[cold]
    unsafe fn replace(&self, freed: u64, tail: u64, len: u64, outgrown: impl FnOnce(Outgrown)) {
        let cells = Cells::new(len);
        // SAFETY: as in `push`.
        let old = unsafe { self.cells() };
        for place in freed..tail {
            cells.write(place, old.read(place));
        }
        // Relaxed: only the owner reads it.
        self.tail.limit.store(freed + len, Ordering::Relaxed);
        // Release: who finds them (Acquire in `cells`) sees what was copied.
        let old = self.tail.cells.swap(Box::into_raw(cells), Ordering::Release);
        outgrown(Outgrown(old));
    }

    /// # Safety
    ///
    /// By the owner, until it replaces them; or pinned.
    unsafe fn cells(&self) -> &Cells {
        // Acquire: partner of the Release in `replace`.
        let cells = self.tail.cells.load(Ordering::Acquire);
        // SAFETY: never null, and by the caller's promise not freed yet.
        unsafe { &*cells }
    }

    /// What is before it has been retired.
    pub(super) fn tail(&self) -> u64 {
        // Acquire: partner of the Release in `push`. What makes it safe has seen it retired.
        self.tail.tail.load(Ordering::Acquire)
    }

    /// What is before it may be freed, unless it is already.
    pub(super) fn safe(&self) -> u64 {
        // Relaxed: nothing is done on the strength of it.
        self.ends.safe.load(Ordering::Relaxed)
    }

    /// How many are not freed yet; an estimate for all but the owner.
    #[inline]
    pub(super) fn len(&self) -> usize {
        // Relaxed: as it says.
        let freed = self.ends.freed.load(Ordering::Relaxed);
        self.tail.tail.load(Ordering::Relaxed).saturating_sub(freed) as usize
    }

    /// The grace period of all before `place` is over.
    ///
    /// # Safety
    ///
    /// It began after somebody had seen `place` as the tail.
    pub(super) unsafe fn mark_safe(&self, place: u64) {
        // Release: partner of the Acquire in `claim`: who frees has heard of everybody's last look.
        self.ends.safe.fetch_max(place, Ordering::Release);
    }

    /// Takes up to `most` objects that may be freed, oldest first; false: there are none. Lock-free.
    ///
    /// # Safety
    ///
    /// By the owner, or pinned. The caller frees what it gets.
    pub(super) unsafe fn claim(&self, most: usize, claimed: &mut Vec<Retired>) -> bool {
        // Relaxed: the CAS decides.
        let mut freed = self.ends.freed.load(Ordering::Relaxed);
        loop {
            // Acquire: partner of the Release in `mark_safe`. Before the look at the cells: they are those in which everything
            // before `safe` was, or later ones.
            let safe = self.ends.safe.load(Ordering::Acquire);
            let end = safe.min(freed + most as u64);
            if end <= freed {
                return false;
            }
            // SAFETY: the caller's promise.
            let cells = unsafe { self.cells() };
            claimed.extend((freed..end).map(|place| cells.read(place)));
            failpoint::hit("epoch::claim::before");
            // Release: partner of the Acquire in `push`.
            match self.ends.freed.compare_exchange(freed, end, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => {
                    claimed.truncate(claimed.len() - (end - freed) as usize);
                    freed = seen;
                }
            }
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // Relaxed: nobody else is left.
        let cells = self.tail.cells.load(Ordering::Relaxed);
        // SAFETY: made by `into_raw`, and nobody else is left.
        drop(unsafe { Box::from_raw(cells) });
    }
}

#[cfg(test)]
mod tests;
