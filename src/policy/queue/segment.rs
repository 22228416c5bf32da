//! A segment: cells, each of which is pushed to once and popped from once, in order.
//!
//! ```text
//! ┌──────┬──────┬─────┬────────┬────────┬────────┬────────┬─ … ─┬──────────┐
//! │ next │ base │ len │ pushed │ popped │ cell 0 │ cell 1 │     │ len - 1  │   32 bytes + 8 per cell
//! └──────┴──────┴─────┴────────┴────────┴────────┴────────┴─ … ─┴──────────┘
//!
//! pushed, popped:  0 ──fetch_add──► 1 ──► … ──► len, and one more for each who was late
//!
//! cell:  EMPTY ──CAS, by who took it to push──► word         read by who took it to pop, and left there
//!          └─────swap, by who took it to pop──► TAKEN        it is burnt; or, if that meets the word after all, read as well
//!
//! next:  null ──CAS──► segment
//! ```
//!
//! Two threads come to a cell, one from either side, and never a third; so TAKEN need not differ from every word.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::ptr::{self, NonNull};

use crate::sync::epoch::{Guard, Retire, assert_live};
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, UnsafeCell, failpoint};

/// Cells of a segment of a queue that has next to nothing in it.
pub(super) const FEWEST: usize = if cfg!(purekv_loom) { 2 } else { 6 };
/// Cells of the largest segment: with the head, 8 KiB.
pub(super) const MOST: usize = if cfg!(purekv_loom) { 2 } else { 1020 };

/// A cell that nobody has come to yet.
const EMPTY: u64 = 0;
/// A cell whose popper has been there: no word goes in any more.
const TAKEN: u64 = u64::MAX;

/// A segment's head; the cells follow it in the same allocation.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Segment {
    next: AtomicPtr<Segment>,
    /// Written before it is linked, never after. A cell, so that models see who reads it without having heard of that.
    place: UnsafeCell<Place>,
    /// How many have asked for a cell to push to.
    pushed: AtomicU32,
    /// How many have asked for a cell to pop from.
    popped: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The ticket of the first cell: how many cells the segments before it had.
    base: u64,
    len: u32,
}

const _: () = assert!(cfg!(purekv_loom) || size_of::<Segment>() == 32);
const _: () = assert!(size_of::<Segment>().is_multiple_of(align_of::<AtomicU64>()));
const _: () = assert!(!std::mem::needs_drop::<Segment>() && !std::mem::needs_drop::<AtomicU64>());
// Counts stay below: nobody asks a second time once they are there, and there are fewer threads than that.
const _: () = assert!(MOST < 1 << 16);

/// What [`SegmentRef::push`] came to.
pub(super) enum Push {
    Stored,
    /// The popper was there before the word.
    Burnt,
    /// No cell is left.
    Full,
}

/// What [`SegmentRef::pop`] came to.
pub(super) enum Pop {
    Word(NonZeroU64),
    /// The pusher is late, and will have to go elsewhere.
    Burnt,
    /// No word, and no pusher that has taken a cell and whose cell has not been taken to pop.
    Empty,
    /// No cell will ever be left to pop from.
    Drained,
}

/// A segment that is not freed while `'g` lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentRef<'g> {
    segment: NonNull<Segment>,
    _guard: PhantomData<&'g Guard>,
}

/// A segment that nobody else knows yet.
#[derive(Debug)]
pub(super) struct Fresh(NonNull<Segment>);

fn layout(len: usize) -> Layout {
    match Layout::array::<AtomicU64>(len).and_then(|cells| Layout::new::<Segment>().extend(cells)) {
        Ok((layout, _)) => layout,
        Err(_) => unreachable!("a segment is small"),
    }
}

/// How many cells a segment should have that is added to a queue of `words`.
///
/// Of a queue in segments of n cells, about n are idle at its ends, and each segment has a head as large as four cells: the
/// sum is least where n is twice the root.
fn wanted_len(words: usize) -> usize {
    (2 * words.isqrt()).clamp(FEWEST, MOST)
}

impl Fresh {
    /// A segment for a queue of `words`, with `word` in its first cell.
    pub(super) fn new(word: Option<NonZeroU64>, words: usize) -> Self {
        let len = wanted_len(words);
        let layout = layout(len);
        // SAFETY: the layout is not empty: the head alone has 32 bytes.
        let memory = unsafe { alloc(layout) };
        let Some(segment) = NonNull::new(memory.cast::<Segment>()) else {
            handle_alloc_error(layout)
        };
        let head = Segment {
            next: AtomicPtr::new(ptr::null_mut()),
            place: UnsafeCell::new(Place { base: 0, len: len as u32 }),
            pushed: AtomicU32::new(word.is_some().into()),
            popped: AtomicU32::new(0),
        };
        // SAFETY: fresh memory, of a layout that begins with a Segment.
        unsafe { segment.write(head) };
        for index in 0..len {
            let first = word.filter(|_| index == 0);
            let cell = AtomicU64::new(first.map_or(EMPTY, NonZeroU64::get));
            // SAFETY: the head is followed by `len` cells.
            let place = unsafe { cell_of(segment, index) };
            // SAFETY: fresh memory, within the layout.
            unsafe { place.write(cell) };
        }
        Self(segment)
    }

    /// The segment, to begin with the ticket `base`; it stays ours until it is [published](Self::publish).
    fn at(&self, base: u64) -> *mut Segment {
        // SAFETY: not published, so nobody else has it.
        let segment = unsafe { self.0.as_ref() };
        // SAFETY: as above.
        segment.place.with_mut(|place| unsafe { (*place).base = base });
        self.0.as_ptr()
    }

    /// It has become part of a queue. Also says how large it is.
    pub(super) fn publish(self) -> (NonNull<Segment>, usize) {
        let segment = self.0;
        std::mem::forget(self);
        // SAFETY: it was ours until now; the caller is pinned, or has the queue to itself.
        let bytes = unsafe { SegmentRef::new(segment) }.bytes();
        (segment, bytes)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // SAFETY: never published, so nobody else has it.
        unsafe { Segment::free(self.0) };
    }
}

// SAFETY: a segment is plain memory of the global allocator, without a thread of its own.
unsafe impl Retire for Segment {
    unsafe fn free(segment: NonNull<Self>) {
        // SAFETY: by the contract nobody else has it, and it is still there.
        let head = unsafe { segment.as_ref() };
        // SAFETY: as above.
        let place = head.place.with(|place| unsafe { place.read() });
        // SAFETY: allocated in `Fresh::new` with this layout; nothing in it needs dropping.
        unsafe { dealloc(segment.as_ptr().cast(), layout(place.len as usize)) };
    }
}

/// # Safety
///
/// `segment` was allocated with more than `index` cells.
unsafe fn cell_of(segment: NonNull<Segment>, index: usize) -> NonNull<AtomicU64> {
    // SAFETY: the cells follow the head, in the same allocation.
    let cells = unsafe { segment.add(1) }.cast::<AtomicU64>();
    // SAFETY: by the caller.
    unsafe { cells.add(index) }
}

impl<'g> SegmentRef<'g> {
    /// # Safety
    ///
    /// `segment` is not freed during `'g`: its finder was pinned all the time, or has the queue to itself.
    pub(super) unsafe fn new(segment: NonNull<Segment>) -> Self {
        Self { segment, _guard: PhantomData }
    }

    fn head(self) -> &'g Segment {
        assert_live(self.segment);
        // SAFETY: alive during 'g, by `new`; and after it was linked only its atomics change.
        unsafe { self.segment.as_ref() }
    }

    fn place(self) -> Place {
        // SAFETY: written before the segment was linked, never after.
        self.head().place.with(|place| unsafe { place.read() })
    }

    fn cell(self, index: u32) -> &'g AtomicU64 {
        assert!(index < self.place().len);
        // SAFETY: just checked.
        let cell = unsafe { cell_of(self.segment, index as usize) };
        // SAFETY: alive during 'g, by `new`, and initialised in `Fresh::new`.
        unsafe { cell.as_ref() }
    }

    pub(super) fn as_ptr(self) -> *mut Segment {
        self.segment.as_ptr()
    }

    /// The size of its allocation.
    pub(super) fn bytes(self) -> usize {
        layout(self.place().len as usize).size()
    }

    /// The ticket of the next cell to push to, as far as this segment goes.
    pub(super) fn tail_ticket(self) -> u64 {
        let Place { base, len } = self.place();
        // Relaxed: an estimate.
        base + u64::from(self.head().pushed.load(Ordering::Relaxed).min(len))
    }

    /// The ticket of the next cell to pop from, as far as this segment goes.
    pub(super) fn head_ticket(self) -> u64 {
        let Place { base, len } = self.place();
        // Relaxed: an estimate.
        base + u64::from(self.head().popped.load(Ordering::Relaxed).min(len))
    }

    /// Pushes a word to the next cell.
    pub(super) fn push(self, word: NonZeroU64) -> Push {
        let pushed = &self.head().pushed;
        let len = self.place().len;
        // Acquire: partner of the Release in `pop`: who puts a segment behind this one does it on the strength of this look, and has to
        // hear of those who were told that this one is empty. The look itself keeps the count of a full segment from growing.
        if pushed.load(Ordering::Acquire) >= len {
            return Push::Full;
        }
        // Acquire: partner of the Release in `pop`, as above: of the two, who comes second has heard of the other. (What others did to the
        // count in between are read-modify-writes, which pass that on.)
        let index = pushed.fetch_add(1, Ordering::Acquire);
        if index >= len {
            return Push::Full;
        }
        failpoint::hit("policy::queue::push::reserved");
        // Release: partner of the Acquires in `pop`: what was done before a word was pushed is seen by whoever gets it. Relaxed on
        // failure: nothing is taken from the popper; the word goes elsewhere.
        match self.cell(index).compare_exchange(
            EMPTY,
            word.get(),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            Ok(_) => Push::Stored,
            Err(_) => Push::Burnt,
        }
    }

    /// The word of the next cell, if it is there already.
    pub(super) fn peek(self) -> Option<NonZeroU64> {
        // Relaxed, both: a hint.
        let index = self.head().popped.load(Ordering::Relaxed);
        if index >= self.place().len {
            return None;
        }
        let word = NonZeroU64::new(self.cell(index).load(Ordering::Relaxed))?;
        (word.get() != TAKEN).then_some(word)
    }

    /// Pops the word of the next cell.
    pub(super) fn pop(self) -> Pop {
        let Segment { pushed, popped, .. } = self.head();
        let len = self.place().len;
        // Relaxed: a count that was once reached stays reached. Before the look at `pushed`: afterwards there may have been pushes, too.
        let seen = popped.load(Ordering::Relaxed);
        if seen >= len {
            return Pop::Drained;
        }
        // Relaxed: it only says whether the look that counts is worth its price.
        if seen >= pushed.load(Ordering::Relaxed) {
            failpoint::hit("policy::queue::pop::looking");
            // Release: partner of the Acquires in `push`. It changes nothing, but takes its place among those that do: a push that is not
            // counted in what it reads comes after it, and hears of it. A load would have no place.
            if seen >= pushed.fetch_add(0, Ordering::Release) {
                return Pop::Empty;
            }
        }
        // Relaxed: it shares out cells and says nothing of what is in them.
        let index = popped.fetch_add(1, Ordering::Relaxed);
        if index >= len {
            return Pop::Drained;
        }
        failpoint::hit("policy::queue::pop::drawn");
        let cell = self.cell(index);
        // Acquire, both: partner of the Release in `push`. A word that is there already stays there: its pusher is done, and the cell was
        // drawn by us alone. So nothing need be written, and no line fetched for that.
        let word = match cell.load(Ordering::Acquire) {
            EMPTY => cell.swap(TAKEN, Ordering::Acquire),
            word => word,
        };
        // 0 is EMPTY.
        NonZeroU64::new(word).map_or(Pop::Burnt, Pop::Word)
    }

    /// The segment behind it, for who wants to push. A guess, if there is none.
    pub(super) fn next(self) -> Option<NonNull<Segment>> {
        // Acquire: partner of the Release in `link`: the segment is seen as it was made.
        NonNull::new(self.head().next.load(Ordering::Acquire))
    }

    /// The segment behind it, for who wants to pop. If there is none, whoever will put one there hears of this look.
    pub(super) fn next_or_be_heard(self) -> Option<NonNull<Segment>> {
        failpoint::hit("policy::queue::pop::looking_behind");
        // Release: partner of the Acquire in `link`: as in `pop`, it changes nothing but takes its place. Acquire on failure: partner
        // of the Release in `link`: the segment is seen as it was made.
        let (release, acquire) = (Ordering::Release, Ordering::Acquire);
        let next = &self.head().next;
        match next.compare_exchange(ptr::null_mut(), ptr::null_mut(), release, acquire) {
            Ok(_) => None,
            Err(next) => NonNull::new(next),
        }
    }

    /// Puts `fresh` behind it, unless there is a segment by now.
    pub(super) fn link(self, fresh: &Fresh) -> Result<(), NonNull<Segment>> {
        let Place { base, len } = self.place();
        let new = fresh.at(base + u64::from(len));
        failpoint::hit("policy::queue::push::linking");
        // AcqRel. Release: partner of the Acquires in `next` and `next_or_be_heard`. Acquire: partner of the Release in the latter: what
        // was done before a pop that found nothing behind a full segment is seen by who puts something there, and by whoever finds it.
        // Acquire on failure: as in `next`.
        let (both, acquire) = (Ordering::AcqRel, Ordering::Acquire);
        match self.head().next.compare_exchange(ptr::null_mut(), new, both, acquire) {
            Ok(_) => Ok(()),
            Err(next) => match NonNull::new(next) {
                Some(next) => Err(next),
                None => unreachable!("a compare_exchange fails if the values differ"),
            },
        }
    }

    /// Frees it when nobody can be looking at it any more.
    ///
    /// # Safety
    ///
    /// Neither end of the queue points to it any more, and the caller is the one who has moved the head past it.
    pub(super) unsafe fn retire(self, guard: &Guard) {
        // SAFETY: nobody who pins from now on can find it; the head is moved past it once.
        unsafe { guard.retire(self.segment, self.bytes()) };
    }
}
