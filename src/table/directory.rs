//! From the low bits of a hash to its shard.
//!
//! One zeroed array of cells, never copied and never moved; the pages that nobody writes cost no memory. A cell:
//!
//! ```text
//!  63        56 55     48 47                                               0
//! ┌────────────┬─────────┬──────────────────────────────────────────────────┐
//! │ 0          │ depth: 8│ address of the shard: 48                         │   or 0: empty
//! └────────────┴─────────┴──────────────────────────────────────────────────┘
//! ```
//!
//! A shard of depth *d*, for hashes that end in the *d* bits *s*, is in cell *s* and in no other; its successors are in
//! *s* and *s* + 2^*d*. One cell per shard, so that there is never a second path to a shard that was retired.
//!
//! **Look-up.** With the *global depth* D, cells `hash mod 2^D` and `hash mod 2^(D-1)` hold the shard in all but rare cases: both are loaded, the
//! first that is not empty is taken without a branch. A shard that is deeper than the number of bits used, and whose suffix is not the hash's, says: come again
//! with my depth. The cell for fewer bits is loaded first: if it holds a shard of depth D, the right half of that was placed before, and so
//! the cell for D bits is not empty when it is loaded. So one comparison, with D, tells for either cell whether it is too deep.
//!
//! D is kept in the form in which the look-up wants it, the [`Hint`].
//!
//! **Swing** (after `split` has decided): right cell, then global depth, then left cell. Left first, and a look-up
//! for the right half would find the left one at its end and no right one. Each step is a CAS that fails when it was
//! done already, so any number of threads can do it at once, and one that was stopped in between harms nobody. Who swings the left cell retires
//! the old shard.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::shard::{Shard, Successors};
use crate::hash;
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicU64, AtomicUsize, Ordering, failpoint, zeroed_words};

/// Bits of hash that choose a cell, at most: 8 MiB of address space, and room for a thousand million entries.
pub(super) const MAX_DEPTH: u32 = if cfg!(purekv_loom) {
    2
} else if cfg!(any(fuzzing, miri)) {
    // There a cache is made for a few operations, and the cells would be most of the work.
    8
} else {
    20
};

const _: () = assert!(MAX_DEPTH <= hash::DIRECTORY_BITS);

const CELLS: usize = 1 << MAX_DEPTH;

const DEPTH_SHIFT: u32 = 48;

pub(super) struct Directory<N: Retire> {
    cells: Box<[AtomicU64; CELLS]>,
    /// The global depth, as a [`Hint`]: no shard is deeper, but for one that is just being swung in.
    hint: AtomicU64,
    shards: AtomicUsize,
    _nodes: PhantomData<N>,
}

/// A global depth D: below, a mask of D bits; above, what the cells of deeper shards are not less than.
///
/// ```text
///  63        56 55     48 47              20 19                            0
/// ┌────────────┬─────────┬──────────────────┬───────────────────────────────┐
/// │ 0          │ D + 1: 8│ 0                │ 2^D − 1: 20                    │
/// └────────────┴─────────┴──────────────────┴───────────────────────────────┘
/// ```
///
/// The deeper, the larger. (The mask is less than any address, so it does not disturb the comparison.)
#[derive(Clone, Copy)]
struct Hint(u64);

impl Hint {
    const fn new(depth: u32) -> Self {
        Self((depth as u64 + 1) << DEPTH_SHIFT | ((1 << depth) - 1))
    }

    fn depth(self) -> u32 {
        (self.0 >> DEPTH_SHIFT) as u32 - 1
    }

    #[inline(always)]
    fn mask(self) -> usize {
        self.0 as usize & (CELLS - 1)
    }

    /// Whether there is a shard in `cell`, and of this depth or less.
    #[inline(always)]
    fn reaches(self, cell: Cell) -> bool {
        // An empty cell wraps around.
        cell.0.wrapping_sub(1) < self.0
    }
}

/// What a cell holds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cell(u64);

impl Cell {
    /// The cell for the bits of `hash` that `mask` leaves.
    #[inline(always)]
    fn of(cells: &[AtomicU64; CELLS], hash: u64, mask: usize) -> Self {
        // Acquire: partner of the Release CASes in `swing`: the shard is visible whole, and a left half that we find
        // comes with its right one, for whoever loads that cell after this.
        Self(cells[hash as usize & mask & (CELLS - 1)].load(Ordering::Acquire))
    }

    fn new<N: Retire>(shard: NonNull<Shard<N>>, depth: u32) -> Self {
        let address = shard.as_ptr().expose_provenance() as u64;
        assert!(address >> DEPTH_SHIFT == 0, "a shard's address has more than 48 bits");
        Self(u64::from(depth) << DEPTH_SHIFT | address)
    }

    fn depth(self) -> u32 {
        (self.0 >> DEPTH_SHIFT) as u32
    }

    fn shard<N: Retire>(self) -> Option<NonNull<Shard<N>>> {
        let address = self.0 & ((1 << DEPTH_SHIFT) - 1);
        NonNull::new(std::ptr::with_exposed_provenance_mut(address as usize))
    }
}

impl<N: Retire> Directory<N> {
    /// A directory of 2^`depth` empty shards.
    pub(super) fn new(depth: u32) -> Self {
        let depth = depth.min(MAX_DEPTH);
        let cells = zeroed_words::<CELLS>();
        for suffix in 0..1 << depth {
            let shard = Shard::<N>::into_raw(Shard::new(depth, suffix));
            cells[suffix].store(Cell::new(shard, depth).0, Ordering::Relaxed);
        }
        Self {
            cells,
            hint: AtomicU64::new(Hint::new(depth).0),
            shards: AtomicUsize::new(1 << depth),
            _nodes: PhantomData,
        }
    }

    /// How many shards there are.
    pub(super) fn shards(&self) -> usize {
        self.shards.load(Ordering::Relaxed)
    }

    fn cell(&self, hash: u64, depth: u32) -> Cell {
        Cell::of(&self.cells, hash, (1 << depth) - 1)
    }

    fn hint(&self) -> Hint {
        // Relaxed: a hint where to begin. Too low, and the cell we come to is deeper; too high, and it is empty. (That no
        // stale cell leads to a shard that was freed is the doing of the pin: who pins after it was freed sees it unlinked.)
        Hint(self.hint.load(Ordering::Relaxed))
    }

    /// The shard for `hash`; it may be frozen, or even split by now.
    #[inline(always)]
    pub(super) fn shard<'g>(&self, hash: u64, guard: &'g Guard) -> &'g Shard<N> {
        let (cells, hint) = (&*self.cells, self.hint());
        // In this order: see the module.
        let above = Cell::of(cells, hash, hint.mask() >> 1);
        let deep = Cell::of(cells, hash, hint.mask());
        let cell = if deep.0 == 0 { above } else { deep };
        match cell.shard::<N>() {
            // Not deeper than the bits that led there.
            // SAFETY: it was in the directory just now, and shards are retired after they have left it.
            Some(shard) if hint.reaches(cell) => unsafe { shard.as_ref() },
            _ => self.shard_slowly(hash, guard),
        }
    }

    /// From whatever depth; for a look-up that came while the directory was swung, or to a shard that has stayed
    /// behind the others.
    #[cold]
    #[inline(never)]
    fn shard_slowly<'g>(&self, hash: u64, _guard: &'g Guard) -> &'g Shard<N> {
        let mut bits = self.hint().depth();
        loop {
            let cell = self.cell(hash, bits);
            match cell.shard::<N>() {
                None => bits = bits.saturating_sub(1),
                // SAFETY: as in `shard`.
                Some(shard) if cell.depth() <= bits => return unsafe { shard.as_ref() },
                Some(_) => bits = cell.depth(),
            }
        }
    }

    /// Puts the successors of `old` into its place, and retires it: every step by whoever comes first.
    pub(super) fn swing(&self, old: &Shard<N>, successors: &Successors<N>, guard: &Guard) {
        let depth = old.depth + 1;
        let right = Cell::new(successors.right, depth);
        let right_suffix = old.suffix | 1 << old.depth;
        // Release: partner of the Acquire in `cell`. Relaxed on failure, though who sees our left cell must see the right one too, and
        // another thread has placed it: we have read it, and by coherence nobody who comes after us reads an older one.
        let placed = self.cells[right_suffix].compare_exchange(
            0,
            right.0,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if placed.is_ok() {
            self.shards.fetch_add(1, Ordering::Relaxed);
        }
        failpoint::hit("table::swing::right");
        // Relaxed: a hint, see `shard`.
        self.hint.fetch_max(Hint::new(depth).0, Ordering::Relaxed);
        failpoint::hit("table::swing::depth");
        let from = Cell::new(NonNull::from(old), old.depth);
        let left = Cell::new(successors.left, depth);
        // Release: partner of the Acquire in `cell`; the right cell is in place for whoever sees this.
        let swung = self.cells[old.suffix].compare_exchange(
            from.0,
            left.0,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if swung.is_ok() {
            failpoint::hit("table::swing::left");
            // SAFETY: this was the one cell that led to it; only who won this CAS retires it.
            unsafe { guard.retire(NonNull::from(old), Shard::<N>::BYTES) };
        }
    }

    /// Every shard that holds entries, once, for the exclusive owner; shards that a split has emptied are freed.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Box<Shard<N>>)) {
        // A split that was given up half way may have placed a right half just beyond the global depth.
        let used = (2 << self.hint().depth()).min(self.cells.len());
        for suffix in 0..used {
            // Relaxed: we are alone.
            let cell = Cell(self.cells[suffix].swap(0, Ordering::Relaxed));
            if let Some(shard) = cell.shard::<N>() {
                self.drain_shard(shard, &mut each);
            }
        }
    }

    fn drain_shard(&self, shard: NonNull<Shard<N>>, each: &mut impl FnMut(Box<Shard<N>>)) {
        // SAFETY: made by `Shard::into_raw`; it was in its one cell, and we have taken it out of there.
        let shard = unsafe { Box::from_raw(shard.as_ptr()) };
        let successors = shard.successors.load(Ordering::Relaxed);
        // SAFETY: null, or freed with the shard.
        let Some(Successors { left, right }) = (unsafe { successors.as_ref() }) else {
            return each(shard);
        };
        // A split that nobody swung to its end: the left half is nowhere else; the right one may be in its cell
        // (or its own successors are), and will be met there.
        let right_suffix = shard.suffix | 1 << shard.depth;
        if self.cells[right_suffix].load(Ordering::Relaxed) == 0 {
            self.drain_shard(*right, each);
        }
        self.drain_shard(*left, each);
    }
}
