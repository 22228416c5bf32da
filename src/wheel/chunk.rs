//! A chunk: a few cells for records, filled by many and emptied by one.
//!
//! ```text
//! ┌──────┬──────┬──────────┬─────┬───────┬────────┬────────┬─ … ─┬──────────┐
//! │ next │ base │ reserved │ len │ shift │ cell 0 │ cell 1 │     │ len - 1  │   24 bytes + 8 per cell
//! └──────┴──────┴──────────┴─────┴───────┴────────┴────────┴─ … ─┴──────────┘
//!
//! reserved:  1 ──fetch_add──► 2 ──► … ──► len or more (full)
//!            └──────────── seal ────────► SEALED + …
//!
//! cell:      EMPTY ──CAS, by who reserved it──► record ──swap, by the ticker──► TAKEN
//!            └──────────swap, by the ticker──────────────────────────────────────►
//! ```
//!
//! The ticker seals before it looks at the cells: what is reserved after that is nothing. A writer that had reserved before, but
//! writes only after the ticker has been there, finds its cell taken, and goes elsewhere.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::record::{EMPTY, Frame, TAKEN};
use super::{Due, Tick};
use crate::hash::Signature;
use crate::sync::epoch::{Guard, Retire, assert_live};
use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell, failpoint};

/// Set in `reserved` when no cell may be reserved any more; far above any number of cells.
const SEALED: u32 = 1 << 31;

/// Cells of the first chunk of a list: with the header, one cache line.
const FIRST_LEN: usize = if cfg!(purekv_loom) { 2 } else { 5 };
/// Cells of the largest chunk: with the header, half a KiB.
const LARGEST_LEN: usize = if cfg!(purekv_loom) { 2 } else { 61 };

/// A chunk's head; the cells follow it in the same allocation.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Chunk {
    /// The chunk below in the list, or null. Written before this one is published, read by who has taken the list.
    next: UnsafeCell<*mut Chunk>,
    base: Tick,
    /// How many cells have been asked for.
    reserved: AtomicU32,
    len: u16,
    shift: u8,
    overdue: bool,
}

const _: () = assert!(cfg!(purekv_loom) || size_of::<Chunk>() == 24);
const _: () = assert!(size_of::<Chunk>().is_multiple_of(align_of::<AtomicU64>()));
const _: () = assert!(!std::mem::needs_drop::<Chunk>() && !std::mem::needs_drop::<AtomicU64>());
const _: () = assert!(LARGEST_LEN <= u16::MAX as usize);

/// What [`ChunkRef::put`] came to.
pub(super) enum Put {
    Stored,
    /// No cell is left, or the chunk is sealed.
    Full,
    /// The ticker was there before the record.
    Taken,
}

/// A chunk that is not freed while `'g` lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkRef<'g> {
    chunk: NonNull<Chunk>,
    _guard: PhantomData<&'g Guard>,
}

/// A chunk that nobody else knows yet.
#[derive(Debug)]
pub(super) struct Fresh(NonNull<Chunk>);

fn layout(len: usize) -> Layout {
    match Layout::array::<AtomicU64>(len).and_then(|cells| Layout::new::<Chunk>().extend(cells)) {
        Ok((layout, _)) => layout,
        Err(_) => unreachable!("a chunk is small"),
    }
}

impl Fresh {
    /// A chunk with the one record `word` in it; `below` is the chunk it will stand on, if that one is full.
    pub(super) fn new(frame: Frame, word: u64, below: Option<ChunkRef<'_>>) -> Self {
        // Each chunk is as large as all below it, so that the cells nobody uses are never more than those in use.
        let len = below.map_or(FIRST_LEN, |below| (2 * below.len() + 3).min(LARGEST_LEN));
        let layout = layout(len);
        // SAFETY: the layout is not empty: the head alone has 24 bytes.
        let memory = unsafe { alloc(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Chunk>()) else { handle_alloc_error(layout) };
        let head = Chunk {
            next: UnsafeCell::new(std::ptr::null_mut()),
            base: frame.base,
            reserved: AtomicU32::new(1),
            len: len as u16,
            shift: frame.shift as u8,
            overdue: frame.overdue,
        };
        // SAFETY: fresh memory, of a layout that begins with a Chunk.
        unsafe { chunk.write(head) };
        for index in 0..len {
            let cell = AtomicU64::new(if index == 0 { word } else { EMPTY });
            // SAFETY: the head is followed by `len` cells.
            let place = unsafe { cell_of(chunk, index) };
            // SAFETY: fresh memory, within the layout.
            unsafe { place.write(cell) };
        }
        Self(chunk)
    }

    /// The chunk, standing on `next`; it stays ours until it is [published](Self::publish).
    pub(super) fn on(&self, next: *mut Chunk) -> *mut Chunk {
        // SAFETY: not published, so nobody else has it.
        let chunk = unsafe { self.0.as_ref() };
        // SAFETY: as above.
        chunk.next.with_mut(|place| unsafe { place.write(next) });
        self.0.as_ptr()
    }

    /// It has become part of a list. Returns its size.
    pub(super) fn publish(self) -> usize {
        // SAFETY: it was ours until now, and its length never changes; the caller is pinned.
        let bytes = unsafe { ChunkRef::new(self.0) }.bytes();
        std::mem::forget(self);
        bytes
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // SAFETY: never published, so nobody else has it.
        unsafe { Chunk::free(self.0) };
    }
}

// SAFETY: a chunk is plain memory of the global allocator, without a thread of its own.
unsafe impl Retire for Chunk {
    unsafe fn free(chunk: NonNull<Self>) {
        // SAFETY: by the contract nobody else has it, and it is still there.
        let len = unsafe { chunk.as_ref() }.len;
        // SAFETY: allocated in `Fresh::new` with this layout; nothing in it needs dropping.
        unsafe { dealloc(chunk.as_ptr().cast(), layout(len.into())) };
    }
}

/// # Safety
///
/// `chunk` was allocated with more than `index` cells.
unsafe fn cell_of(chunk: NonNull<Chunk>, index: usize) -> NonNull<AtomicU64> {
    // SAFETY: the cells follow the head, in the same allocation.
    let cells = unsafe { chunk.add(1) }.cast::<AtomicU64>();
    // SAFETY: by the caller.
    unsafe { cells.add(index) }
}

impl<'g> ChunkRef<'g> {
    /// # Safety
    ///
    /// `chunk` is not freed during `'g`: its finder was pinned all the time, or has taken it out of its list and has not
    /// retired it.
    pub(super) unsafe fn new(chunk: NonNull<Chunk>) -> Self {
        Self { chunk, _guard: PhantomData }
    }

    fn head(self) -> &'g Chunk {
        assert_live(self.chunk);
        // SAFETY: alive during 'g, by `new`; and only its atomics and `next` ever change.
        unsafe { self.chunk.as_ref() }
    }

    fn cell(self, index: usize) -> &'g AtomicU64 {
        assert!(index < self.len());
        // SAFETY: just checked.
        let cell = unsafe { cell_of(self.chunk, index) };
        // SAFETY: alive during 'g, by `new`, and initialised in `Fresh::new`.
        unsafe { cell.as_ref() }
    }

    fn len(self) -> usize {
        self.head().len.into()
    }

    /// The size of its allocation.
    pub(super) fn bytes(self) -> usize {
        layout(self.len()).size()
    }

    pub(super) fn frame(self) -> Frame {
        let head = self.head();
        Frame { base: head.base, shift: head.shift.into(), overdue: head.overdue }
    }

    /// Whether no cell can be had any more.
    pub(super) fn is_full(self) -> bool {
        // Relaxed: only a hint.
        self.head().reserved.load(Ordering::Relaxed) as usize >= self.len()
    }

    /// Stores a record, made in this chunk's frame.
    pub(super) fn put(self, word: u64) -> Put {
        // Without the look a full chunk's count would grow with every visit, and reach the seal some day.
        if self.is_full() {
            return Put::Full;
        }
        // Relaxed: it shares out cells and says nothing of what is in them.
        let index = self.head().reserved.fetch_add(1, Ordering::Relaxed) as usize;
        if index >= self.len() {
            return Put::Full;
        }
        failpoint::hit("wheel: cell reserved");
        // Release: partner of the Acquire in `take`: what was done before a record was pushed (its entry published) is seen by
        // whoever gets the record. Relaxed on failure: the other list has its own orderings.
        match self.cell(index).compare_exchange(EMPTY, word, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => Put::Stored,
            Err(_) => Put::Taken,
        }
    }

    /// Ends all reserving. Returns how many cells have been reserved. By the ticker, who has taken the list.
    pub(super) fn seal(self) -> usize {
        // Relaxed: after it in the order of `reserved` nobody gets a cell, and whatever is done to the cells before it
        // is settled cell by cell.
        let reserved = self.head().reserved.fetch_or(SEALED, Ordering::Relaxed);
        failpoint::hit("wheel: chunk sealed");
        (reserved as usize).min(self.len())
    }

    /// The record of a cell, unless its writer is late. By the ticker, after sealing.
    pub(super) fn take(self, index: usize) -> Option<Due> {
        // Acquire: partner of the Release in `put`.
        let word = self.cell(index).swap(TAKEN, Ordering::Acquire);
        failpoint::hit("wheel: cell taken");
        (word != EMPTY).then(|| self.frame().unpack(word))
    }

    /// The chunk below. For who has taken the list.
    pub(super) fn next(self) -> *mut Chunk {
        // SAFETY: written before the chunk was published, never after.
        self.head().next.with(|next| unsafe { next.read() })
    }

    /// A record for `tick`, if this chunk can hold one.
    pub(super) fn pack(self, signature: Signature, tick: Tick) -> Option<u64> {
        self.frame().pack(signature, tick)
    }

    /// Frees it when nobody can be looking at it any more.
    ///
    /// # Safety
    ///
    /// The caller has taken it out of its list and lets go of it now.
    pub(super) unsafe fn retire(self, guard: &Guard) {
        // SAFETY: out of its list, so nobody who pins from now on can find it, and only one takes it out.
        unsafe { guard.retire(self.chunk, self.bytes()) };
    }
}
