//! Who is told of each entry that leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Entry;
use crate::kv::RemovalCause;
use crate::sync::epoch::free_quietly;
use crate::sync::{AtomicUsize, Ordering};
use crate::table::Shared;

type Tell<E> = dyn Fn(Shared<'_, E>, RemovalCause) + Send + Sync;

/// Is called once for each departure, by the thread that did it, when the entry is out of the table; pinned.
pub(crate) struct Listener<E: Entry> {
    tell: Box<Tell<E>>,
    panics: AtomicUsize,
}

impl<E: Entry> Listener<E> {
    pub(crate) fn new(tell: impl Fn(Shared<'_, E>, RemovalCause) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), panics: AtomicUsize::new(0) }
    }

    /// Whatever it does, the operation that has called it goes on: it has unlinked an entry and must account for it.
    #[inline(never)]
    pub(super) fn tell(&self, entry: Shared<'_, E>, cause: RemovalCause) {
        // What it has captured may be left in a state that only itself can see; it is called again all the same.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.tell)(entry, cause))) {
            // Relaxed: a count.
            self.panics.fetch_add(1, Ordering::Relaxed);
            // It is the user's, too, and may panic in its turn.
            free_quietly(|| drop(payload));
        }
    }

    /// How many calls have panicked.
    pub(super) fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }
}
