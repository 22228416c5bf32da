//! A FIFO queue of words that are not 0: without bound, for any number of pushers and poppers, lock-free.
//!
//! After the FAAArrayQueue of A. Correia and P. Ramalhete ("FAAArrayQueue: MPMC lock-free queue", Concurrency Freaks, 2016): a list of
//! segments, each an array of cells that two counters give out by fetch-and-add. Pusher and popper of a cell meet there, the one with a
//! CAS and the other with a swap. If the popper is first the cell is *burnt*, and both go on to another. Where we differ:
//!
//! - **To be told that there is no word means something**, see below.
//! - A popper that finds the word there reads it and leaves the cell as it is, for nobody else will come. It swaps only where it is too early.
//! - Segments are as long as the queue's length makes worth while, each with its head in one allocation ([`segment`]). An empty queue
//!   has 80 bytes, one of a million words 8.05 for each.
//! - Each carries the number of its first cell, so that the queue's length is a difference.
//! - They are freed by epochs and not by hazard pointers. A popper moves the tail out of a segment before it retires it.
//!
//! ```text
//!           head                                         tail, or one before it that is full
//!            ▼                                            ▼
//!  ┌────┬──────────────┐ next ┌────┬──────────────┐ next ┌────┬──────────────┐ next
//!  │    │ ▒▒▒▒▒▒█▒████ │─────►│    │ ████████████ │─────►│    │ █████░██░░░░ │─────► null
//!  └────┴────────▲─────┘      └────┴──────────────┘      └────┴─────────▲────┘
//!              popped              ▒ taken  █ word  ░ empty           pushed
//! ```
//!
//! # What None means
//!
//! The last thing that a pop does before it returns None is to look, by a read-modify-write that modifies nothing: call it R. It is on the very
//! word that the next push has to modify: `pushed` of the last segment if that has cells left to push to, its `next` if it has none.
//! Claim: **of every push, whenever it comes, either the word is in a cell that another pop has drawn, and has emptied or is about to;
//! or the push, when it is finished, has heard of all that was done before R.**
//!
//! So let A say that it wants a word, and then be told that there is none; while B pushes a word, and then looks who wants one. However relaxed
//! saying and looking are, B sees A's wish, unless a third gets B's word. It never stays in the queue with A and B not knowing.
//! (Not even if the third should be stopped: what it has drawn is its own.)
//!
//! That is store buffering. Acquire and Release do not exclude it if the threads meet at two words. But here both come to one word by
//! read-modify-writes, and these stand in one order, in which each reads what the one before it wrote. (H.-J. Boehm, "Can seqlocks get along
//! with programming language memory models?", HPL-2012-68, calls such a look a read-don't-modify-write.)
//!
//! Let L be the segment of R. What finishes a push is a CAS on a cell, which an increment of `pushed` has given it, or the CAS on
//! `next` that links a segment with the word in its first cell, which counts as given from the start. What a push has tried before, with
//! cells that were burnt, does not matter.
//!
//! 1. R was on `pushed`, and read n, less than the length of L; and no less than n cells of L had been drawn by pops. The word is
//!    - in a cell of L that was given *before* R: its number is below n, so a pop has drawn it. Not ours, for we have emptied what we drew.
//!    - in a cell of L that was given *after* R: the increment acquired what R released. What is between the two in the order of `pushed` are
//!      increments and other such looks, read-modify-writes, and so they pass it on.
//!    - in a segment before L: the head has left it, so pops have drawn all of its cells.
//!    - in a segment behind L: who linked the first of these had found L full. That is to have read something that came *after* R, and
//!      it was acquired. It was passed on with `next`, to everyone who moves the tail there, and with the tail to everyone who then pushes there or
//!      links the segment after that; and nobody finds a place to push to but by the tail.
//! 2. R was on `next`, and read null; and all cells of L had been drawn by pops. The word is
//!    - in L, or in a segment before it: a pop has drawn its cell.
//!    - in a segment behind L: the CAS that linked the first of these came after R, and acquired what R released. It was passed on as above.
//!
//! Nor does it do harm that the head from which we have come to L may be an old one: then R finds a `next`, and we go on. As all that
//! was in the queue at R was other pops' already, None is the truth there and then.
//!
//! # Progress
//!
//! Nobody waits. Who is stopped after it was given a cell leaves that one behind: a pop burns it, or, if it is a pop that is stopped, a word that
//! is pushed there is its own. Who is stopped while it links or leaves a segment has left it so that others can do the rest, but for freeing
//! this one. A pusher and a popper may burn cell after cell under each other's hands, but only to the end of the
//! segment: the next one is linked with a word in it.
//!
//! Who finds a counter at its end does not increment it, so it does not run over; and a pop from an empty queue draws no cell.

mod segment;

use std::num::NonZeroU64;
use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use self::segment::{Fresh, Pop, Push, Segment, SegmentRef};
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, failpoint};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Queue {
    /// The segment to pop from. Never null.
    head: CachePadded<AtomicPtr<Segment>>,
    /// The segment to push to, or one before it that is full; never one that is retired. Never null.
    tail: CachePadded<AtomicPtr<Segment>>,
    /// Bytes of the segments linked, less those of the segments retired, modulo 2^64.
    memory: CachePadded<AtomicUsize>,
}

impl Queue {
    /// An empty queue. It allocates some 80 bytes.
    pub(crate) fn new() -> Self {
        let (first, bytes) = Fresh::new(None, 0).publish();
        Self {
            head: CachePadded::new(AtomicPtr::new(first.as_ptr())),
            tail: CachePadded::new(AtomicPtr::new(first.as_ptr())),
            memory: CachePadded::new(AtomicUsize::new(bytes)),
        }
    }

    /// Adds a word at the end. Lock-free; allocates now and then.
    pub(crate) fn push(&self, word: NonZeroU64, guard: &Guard) {
        let mut spare = None;
        loop {
            let segment = find(&self.tail, guard);
            match segment.push(word) {
                Push::Stored => return,
                Push::Burnt => continue,
                Push::Full => {}
            }
            if let Some(next) = segment.next() {
                pass(&self.tail, segment, next);
                continue;
            }
            let fresh = spare.take().unwrap_or_else(|| Fresh::new(Some(word), self.len(guard)));
            match segment.link(&fresh) {
                Ok(()) => {
                    failpoint::hit("policy::queue::push::linked");
                    let (next, bytes) = fresh.publish();
                    // Relaxed: an account.
                    self.memory.fetch_add(bytes, Ordering::Relaxed);
                    pass(&self.tail, segment, next);
                    return;
                }
                Err(next) => {
                    pass(&self.tail, segment, next);
                    spare = Some(fresh);
                }
            }
        }
    }

    /// Takes the oldest word. Lock-free.
    ///
    /// What was done before a word was pushed is seen by who gets it. If there is none, what was done before this call is seen by
    /// every push after it: see the [module](self).
    pub(crate) fn pop(&self, guard: &Guard) -> Option<NonZeroU64> {
        loop {
            let segment = find(&self.head, guard);
            match segment.pop() {
                Pop::Word(word) => return Some(word),
                Pop::Burnt => {}
                Pop::Empty => return None,
                Pop::Drained => self.leave(segment, segment.next_or_be_heard()?, guard),
            }
        }
    }

    /// Moves the head on from a segment that is drained. Who has done it retires the segment.
    fn leave(&self, segment: SegmentRef<'_>, next: NonNull<Segment>, guard: &Guard) {
        if !pass(&self.head, segment, next) {
            return;
        }
        failpoint::hit("policy::queue::pop::head_passed");
        // The tail may have stayed, and nobody may find the segment there either. If this fails the tail is further on: who linked `next` had
        // found the segment there, and we have heard of that, so we cannot be looking at what the tail was before.
        pass(&self.tail, segment, next);
        failpoint::hit("policy::queue::pop::tail_passed");
        // Relaxed: an account.
        self.memory.fetch_sub(segment.bytes(), Ordering::Relaxed);
        // SAFETY: neither end leads to it any more, and the head was moved past it once, by us.
        unsafe { segment.retire(guard) };
    }

    /// The word that comes next; a hint, and None where it is not to be had by one look.
    pub(crate) fn peek(&self, guard: &Guard) -> Option<NonZeroU64> {
        find(&self.head, guard).peek()
    }

    /// How many words are in it; an estimate while threads are at work. O(1).
    pub(crate) fn len(&self, guard: &Guard) -> usize {
        let head = find(&self.head, guard).head_ticket();
        self.tickets(guard).saturating_sub(head) as usize
    }

    /// The number of the next cell to be pushed to: an estimate that changes with every push, and never comes back. For who
    /// wants numbers that change and no more, it is cheap: two loads.
    fn tickets(&self, guard: &Guard) -> u64 {
        find(&self.tail, guard).tail_ticket()
    }

    /// Bytes of its segments, without the queue itself; an estimate while threads are at work.
    pub(crate) fn memory(&self) -> usize {
        // Relaxed: an account.
        let memory = self.memory.load(Ordering::Relaxed);
        // A segment may be retired before who has linked it has put it down.
        if memory > usize::MAX / 2 { 0 } else { memory }
    }
}

impl Drop for Queue {
    /// Frees all segments at once: no thread can be using them.
    fn drop(&mut self) {
        // Relaxed: nobody else is left.
        let mut next = NonNull::new(self.head.load(Ordering::Relaxed));
        while let Some(segment) = next {
            // SAFETY: from the head on nothing is retired, and this is the only one who can free it.
            next = unsafe { SegmentRef::new(segment) }.next();
            // SAFETY: nobody can be using the queue any more, and it is not looked at again.
            unsafe { Segment::free(segment) };
        }
    }
}

/// The segment that an end of the queue points to.
fn find<'g>(end: &AtomicPtr<Segment>, _guard: &'g Guard) -> SegmentRef<'g> {
    // Acquire: partner of the Release in `pass`: the segment is seen as it was made. And who pushes to a segment has heard of all who found
    // nothing in those before it.
    let segment = end.load(Ordering::Acquire);
    match NonNull::new(segment) {
        // SAFETY: it was reachable while we were pinned.
        Some(segment) => unsafe { SegmentRef::new(segment) },
        None => unreachable!("both ends always point to a segment"),
    }
}

/// Moves an end of the queue from a segment to the next; whether it was us.
fn pass(end: &AtomicPtr<Segment>, from: SegmentRef<'_>, to: NonNull<Segment>) -> bool {
    // Release: partner of the Acquire in `find`. Relaxed on failure: somebody else has done it, or more than that.
    end.compare_exchange(from.as_ptr(), to.as_ptr(), Ordering::Release, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests;
