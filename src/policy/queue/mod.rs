//! A FIFO queue of words, without bound, for many pushers and many poppers; lock-free.
//!
//! After the FAAArrayQueue of A. Correia and P. Ramalhete (2016): a list of segments, each an array of cells that are given out by
//! two counters.

mod segment;
#[cfg(test)]
mod tests;

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
    pub(crate) fn tickets(&self, guard: &Guard) -> u64 {
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
