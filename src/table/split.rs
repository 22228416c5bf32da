//! Replacing a full shard by two.
//!
//! A shard is never resized. To split it, a thread
//!
//! 1. **freezes** it: the frozen bit in each bucket's control word (nothing is published there from now on), then in the
//!    word of each of its valid slots (nothing is replaced or removed from now on). Frozen words never change again, so every thread
//!    that has done this reads the same entries;
//! 2. **builds** the two successors from them, in memory of its own;
//! 3. **decides**: one CAS makes its successors *the* successors, or finds that another thread's are and drops its own. This is the
//!    linearisation point. The entries themselves stay where they are; only words are copied;
//! 4. **swings** the directory: see `directory`.
//!
//! Any thread that finds a frozen bucket in its way does the same, so nobody waits for the one that began. A reader goes on in a frozen shard until there are
//! successors, then in those. This is extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979) with a table of buckets as
//! its page; there the page is locked, here it is frozen.

use std::ptr::{self, NonNull};

use super::directory::{Directory, MAX_DEPTH};
use super::insert::insert_private;
use super::prefetch::prefetch;
use super::shard::{BUCKETS, Shard, Successors};
use super::slot::{self, Shared};
use super::{Node, control::Control};
use crate::sync::epoch::Guard;
use crate::sync::{Ordering, failpoint};

/// Splits `shard`, or helps whoever is at it; when it returns, the directory leads past it.
#[cold]
pub(super) fn split<N: Node>(
    shard: &Shard<N>,
    directory: &Directory<N>,
    context: &N::Context,
    guard: &Guard,
) {
    let successors = match shard.successors(guard) {
        Some(successors) => successors,
        None => {
            // Before it is frozen: afterwards nobody could write there any more.
            assert!(
                shard.depth < MAX_DEPTH,
                "no room: more than 15 keys share the low {MAX_DEPTH} bits of their hash and its bucket"
            );
            let frozen = freeze(shard);
            decide(shard, build(shard, &frozen, context), guard)
        }
    };
    directory.swing(shard, successors, guard);
}

/// Step 1; returns the words of all entries.
fn freeze<N: Node>(shard: &Shard<N>) -> Vec<u64> {
    let mut words = Vec::with_capacity(BUCKETS * 8);
    for (index, bucket) in shard.buckets.iter().enumerate() {
        // Acquire: partner of the Release in `insert::publish`: we see the words of the slots that are valid.
        let control = Control(bucket.control.fetch_or(Control::FROZEN, Ordering::Acquire));
        failpoint::hit("table::split::freezing");
        for slot in control.valid() {
            let place = shard.slot(index, control, slot);
            // Acquire: partner of the Release in `insert::replace`: we see the node whole.
            let word = place.fetch_or(slot::FROZEN, Ordering::Acquire);
            words.push(word & !slot::FROZEN);
            failpoint::hit("table::split::freezing_slots");
        }
    }
    failpoint::hit("table::split::frozen");
    words
}

/// Step 2.
fn build<N: Node>(shard: &Shard<N>, words: &[u64], context: &N::Context) -> [Box<Shard<N>>; 2] {
    /// How far ahead of the node that is hashed the next ones are asked for.
    const AHEAD: usize = 12;
    let depth = shard.depth + 1;
    let right_suffix = shard.suffix | 1 << shard.depth;
    let mut halves = [Shard::new(depth, shard.suffix), Shard::new(depth, right_suffix)];
    for (index, &word) in words.iter().enumerate() {
        if let Some(later) = words.get(index + AHEAD).copied().and_then(slot::node_of::<N>) {
            prefetch(later);
        }
        let Some(node) = slot::node_of(word) else { continue };
        // SAFETY: frozen in its slot, under the caller's guard.
        let node = unsafe { Shared::new(node) };
        let hash = N::hash(node, context);
        let half = &mut halves[(hash >> shard.depth & 1) as usize];
        // A half's bucket gets no more than the whole's had, and so no more lines are needed.
        assert!(insert_private(half, hash, word), "a key's hash has changed");
    }
    halves
}

/// Step 3.
fn decide<'g, N: Node>(
    shard: &Shard<N>,
    [left, right]: [Box<Shard<N>>; 2],
    _guard: &'g Guard,
) -> &'g Successors<N> {
    let ours = Box::into_raw(Box::new(Successors {
        left: Shard::into_raw(left),
        right: Shard::into_raw(right),
    }));
    failpoint::hit("table::split::built");
    // Release: partner of the Acquire in `Shard::successors`, which shows both halves whole.
    // Acquire on failure: the same partner's part, for the winner's.
    match shard.successors.compare_exchange(
        ptr::null_mut(),
        ours,
        Ordering::Release,
        Ordering::Acquire,
    ) {
        Ok(_) => {
            failpoint::hit("table::split::decided");
            // SAFETY: freed with the shard, which the guard keeps.
            unsafe { &*ours }
        }
        Err(theirs) => {
            // SAFETY: made above, and nobody else has seen it.
            let ours = unsafe { Box::from_raw(ours) };
            for half in [ours.left, ours.right] {
                drop_private(half);
            }
            // SAFETY: as above, for the winner's.
            unsafe { &*theirs }
        }
    }
}

/// Frees a half that nobody else has seen; its entries are not its own.
fn drop_private<N: Node>(half: NonNull<Shard<N>>) {
    // SAFETY: made by `Shard::into_raw` in `decide`, and dropped here once.
    drop(unsafe { Box::from_raw(half.as_ptr()) });
}
