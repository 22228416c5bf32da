//! A FIFO queue of words that are not 0: without bound, for any number of pushers and poppers, lock-free.
//!
//! After the FAAArrayQueue of A. Correia and P. Ramalhete ("FAAArrayQueue: MPMC lock-free queue", Concurrency Freaks, 2016): a list of
//! segments, each an array of cells that two counters give out by fetch-and-add. The pusher's CAS and the popper's swap meet in the cell; if the popper comes
//! first the cell is *burnt*, and both go on to another. Where we differ:
//!
//! - **To be told that it is empty means something**: see below.
//! - Segments are as long as the queue's length makes it worth while ([`segment`]), each with its head in one allocation. An empty queue has 80
//!   bytes, one of a million words 8.06 a word.
//! - They carry the number of their first cell, so that the length is a difference.
//! - Segments are freed by epochs and not by hazard pointers. So a popper moves the tail out of a segment before it retires it; there
//!   it may lag behind, since who comes to it by the tail looks again.
//!
//! ```text
//!            head                                      tail (or one before it that is full)
//!             ▼                                          ▼
//!  ┌────┬────────────┐  next  ┌────┬────────────┐  next ┌────┬────────────┐  next
//!  │head│▒▒▒▒▒██▒████│──────► │head│████████████│ ────► │head│█████░██░░░░│──────► null
//!  └────┴─────▲──────┘        └────┴────────────┘       └────┴────────▲───┘
//!           popped               █ word  ▒ taken  ░ empty           pushed
//! ```
//!
//! # What None means
//!
//! A pop that returns None has looked, last of all, by a read-modify-write that modifies nothing: call it R. It was on the very word that
//! the next push has to modify: `pushed` of the last segment while that has cells left, its `next` when it has not. Claim: **of every push,
//! whenever it was, either the word has been popped or is in a cell that another pop has drawn and is about to empty; or the push, when
//! it is finished, has heard of all that was done before R.** So, if A says that it wants a word (however relaxed) and then is told that there is none,
//! while B pushes a word and then looks (however relaxed) who wants one: either B sees A's wish, or a third has got B's word, and from it
//! can have heard of B. It is never in the queue with neither of them knowing.
//!
//! That is store buffering, which Acquire and Release do not exclude on two words; but here both come to one word, and read-modify-writes of one word
//! stand in one order, in which each reads the one before it. (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", HPL-2012-68, calls
//! such a look a read-don't-modify-write.) Let L be the segment at which R looked. A push is finished by one of two: a CAS on a cell, which an increment of `pushed` has given it;
//! or a CAS on `next`, which links a segment with its word inside. What it tried before, in cells that were burnt, does not count.
//!
//! 1. R was on `pushed` of L and read n, less than L's length, when no less than n cells of L had been drawn by pops. Then the word is
//!    - in L, in a cell given *before* R: its number is below n, so a pop has drawn it. Not ours: we have emptied what we drew.
//!    - in L, in a cell given *after* R: the increment acquires what R released. Whatever is between the two are increments, and further
//!      such looks: read-modify-writes, which pass it on.
//!    - in a segment before L: the head has left it, so pops have drawn all its cells.
//!    - in a segment behind L: who linked the first of these had found L full. That number it read from what comes *after* R, and acquired it. What it has heard
//!      it released with its CAS on `next`. Nobody gets to a segment behind L but by linking it or by the tail; who moves the tail there has acquired
//!      `next`, or was the one who wrote it, and releases with the tail what the pusher then acquires. So, from segment to segment, all have heard.
//! 2. R was on `next` of L and read null, when all cells of L had been drawn by pops. Then the word is
//!    - in L, or in a segment before it: a pop has drawn its cell.
//!    - in a segment behind L: the CAS that linked the first of these comes after R, and acquires what R released. The others have heard of it as above.
//!
//! The head from which we came to L may be an old one; then R finds a `next`, and we go on.
//!
//! # Progress
//!
//! Nobody waits. A thread that is stopped after it was given a cell leaves that one cell behind: a pop burns it, or, if a popper is stopped, the word pushed to it is
//! the stopped one's. Who is stopped while it links or retires a segment has left everything so that others can do the rest. A pusher and a popper may burn cell
//! after cell under each other's hands, but only to the end of the segment: the next one is linked with its word inside.
//!
//! Counters do not run over: who finds one at its end does not increment it. A pop on an empty queue draws no cell.
//!
//! A push or a pop is two read-modify-writes on lines that others want too; one more segment each few hundred in a queue of 10,000.

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
    /// The segment to push to, or one before it, but never one before the head's. Never null.
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
    pub(crate) fn pop(&self, guard: &Guard) -> Option<u64> {
        loop {
            let segment = find(&self.head, guard);
            match segment.pop() {
                Pop::Word(word) => return Some(word),
                Pop::Burnt => {}
                Pop::Empty => return None,
                Pop::Drained => {
                    let next = segment.next_or_be_heard()?;
                    // The tail first: what is retired must not be found from it, and by going first everyone who has
                    // heard of the new head has heard that the tail is there, or further on.
                    pass(&self.tail, segment, next);
                    failpoint::hit("policy::queue::pop::tail_passed");
                    if pass(&self.head, segment, next) {
                        failpoint::hit("policy::queue::pop::head_passed");
                        // Relaxed: an account.
                        self.memory.fetch_sub(segment.bytes(), Ordering::Relaxed);
                        // SAFETY: the head has just been moved past it, by us, and the tail before.
                        unsafe { segment.retire(guard) };
                    }
                }
            }
        }
    }

    /// The word that comes next; a hint, and None where it is not to be had by one look.
    pub(crate) fn peek(&self, guard: &Guard) -> Option<u64> {
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
    // Acquire: partner of the Release in `pass`: the segment is seen as it was made. For the tail, too: who pushes behind a segment has
    // heard of all who found nothing in it. For the head: who pops has heard that the tail has come as far.
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
