//! A push list of chunks: anybody adds a record, the ticker takes all of it with one swap.

use std::ptr::{self, NonNull};

use super::chunk::{Chunk, ChunkRef, Fresh, Put};
use super::record::Frame;
use super::{Due, Tick};
use crate::hash::Signature;
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicPtr, Ordering, failpoint};

/// The head of a list. Only its first chunk is ever written to.
#[derive(Debug)]
pub(super) struct List(AtomicPtr<Chunk>);

/// The chunk was taken under the writer's hands: the list was drained just now, and time may have moved on.
#[derive(Debug)]
pub(super) struct Taken;

impl List {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Adds a record for `tick`. A chunk that has to be made counts in `frame`, which can tell `tick`. Returns the bytes
    /// allocated.
    ///
    /// Lock-free: who has to try again has been overtaken by somebody who got on.
    #[inline]
    pub(super) fn push(
        &self,
        signature: Signature,
        tick: Tick,
        frame: Frame,
        _guard: &Guard,
    ) -> Result<usize, Taken> {
        let mut fresh = None;
        loop {
            // Acquire: partner of the Release below: the chunk is seen as it was made. And, through the ticker's
            // Release in `take`, so is everything the ticker did before it emptied the list last.
            let head = self.0.load(Ordering::Acquire);
            // SAFETY: it was in the list while we are pinned.
            let chunk = NonNull::new(head).map(|head| unsafe { ChunkRef::new(head) });
            if let Some((chunk, word)) =
                chunk.and_then(|chunk| Some((chunk, chunk.pack(signature, tick)?)))
            {
                match chunk.put(word) {
                    Put::Stored => return Ok(0),
                    Put::Taken => return Err(Taken),
                    Put::Full => {}
                }
            }
            let below = chunk.filter(|chunk| chunk.is_full());
            let made = match fresh.take() {
                Some(made) => made,
                None => match frame.pack(signature, tick) {
                    Some(word) => Fresh::new(frame, word, below),
                    None => unreachable!("{frame:?} was made for {tick}"),
                },
            };
            let new = made.on(head);
            failpoint::hit("wheel: chunk to be linked");
            // AcqRel. Release: partner of the Acquire above, and in `take`. Acquire: partner of the Release in `take`:
            // who adds to a list after it was taken sees the time for which it was taken. Relaxed on failure: it loads again.
            match self.0.compare_exchange(head, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(made.publish()),
                Err(_) => fresh = Some(made),
            }
        }
    }

    /// Takes everything.
    fn take(&self) -> *mut Chunk {
        // AcqRel. Acquire: partner of the Release in `push`: the chunks are seen as they were made. Release: partner of
        // the Acquires there.
        self.0.swap(ptr::null_mut(), Ordering::AcqRel)
    }

    /// Whether there seems to be nothing to take.
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: a hint; `take` has the orderings.
        self.0.load(Ordering::Relaxed).is_null()
    }
}

impl Drop for List {
    fn drop(&mut self) {
        TakenList::empty().refill(self);
    }
}

/// Chunks taken out of a list; they belong to whoever has this.
#[derive(Debug)]
pub(super) struct TakenList {
    chunk: *mut Chunk,
    /// The next cell of `chunk` to look at.
    cell: usize,
    /// How many of its cells were reserved; none while it is not sealed.
    reserved: Option<usize>,
    /// Bytes of the chunks retired.
    pub(super) freed: usize,
}

impl TakenList {
    pub(super) fn empty() -> Self {
        Self { chunk: ptr::null_mut(), cell: 0, reserved: None, freed: 0 }
    }

    /// Takes all of `list`. Only when nothing is left of the one before.
    pub(super) fn refill(&mut self, list: &List) {
        debug_assert!(self.is_empty());
        self.chunk = list.take();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunk.is_null()
    }

    /// The next record, in no particular order. Chunks are retired as they become empty.
    pub(super) fn pop(&mut self, guard: &Guard) -> Option<Due> {
        loop {
            // SAFETY: out of its list, by `take`, and not retired while it is in `self.chunk`.
            let chunk = unsafe { ChunkRef::new(NonNull::new(self.chunk)?) };
            let reserved = *self.reserved.get_or_insert_with(|| chunk.seal());
            while self.cell < reserved {
                self.cell += 1;
                if let Some(due) = chunk.take(self.cell - 1) {
                    // Now, for nobody may come for more until much later.
                    if self.cell == reserved {
                        self.leave(chunk, guard);
                    }
                    return Some(due);
                }
            }
            self.leave(chunk, guard);
        }
    }

    /// Goes on from a chunk that is done with.
    fn leave(&mut self, chunk: ChunkRef<'_>, guard: &Guard) {
        self.freed += chunk.bytes();
        self.chunk = chunk.next();
        self.cell = 0;
        self.reserved = None;
        // SAFETY: taken, and this was the last of it.
        unsafe { chunk.retire(guard) };
    }
}

impl Drop for TakenList {
    /// Frees what is left at once: lists are dropped with their wheel, when no thread can be using it.
    fn drop(&mut self) {
        while let Some(chunk) = NonNull::new(self.chunk) {
            // SAFETY: not freed yet; its own list is being dropped.
            self.chunk = unsafe { ChunkRef::new(chunk) }.next();
            // SAFETY: nobody can be using the wheel any more, and it leaves the list here.
            unsafe { Chunk::free(chunk) };
        }
    }
}
