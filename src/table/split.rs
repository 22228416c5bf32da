//! Replacing a full shard, as a rule by two.
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
//!
//! **There is always room afterwards.** A bucket that comes out full becomes a `chain`, which has no end. And where a
//! split would be no use, because each bucket without room would have all its entries in one half, or because there are no more bits to
//! split by, the shard gets *one* successor, of its own depth, in which those buckets are chains: a handful of keys with one hash
//! does not cost a shard for each bit that they agree in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::{self, NonNull};

use super::chain;
use super::directory::{Directory, MAX_DEPTH};
use super::insert::insert_private;
use super::shard::{BUCKETS, LINES, Shard, Successors};
use super::slot::{self, Shared};
use super::{Node, control::Control};
use crate::sync::epoch::Guard;
use crate::sync::prefetch;
use crate::sync::{Ordering, failpoint};

/// Replaces `shard`, or helps whoever is at it; when it returns, the directory leads past it.
#[cold]
#[inline(never)]
pub(super) fn split<N: Node>(
    shard: &Shard<N>,
    directory: &Directory<N>,
    context: &N::Context,
    guard: &Guard,
) {
    let successors = match shard.successors(guard) {
        Some(successors) => successors,
        None => {
            let frozen = freeze(shard);
            decide(shard, build(shard, &frozen, context), guard)
        }
    };
    directory.swing(shard, successors, guard);
}

/// What is in a frozen shard.
struct Frozen {
    /// The words of all entries, bucket by bucket.
    words: Vec<u64>,
    /// Buckets without a free slot.
    full: Vec<Full>,
    /// Overflow lines in use.
    lines: usize,
}

struct Full {
    /// Which of the words are its own.
    words: Range<usize>,
    has_line: bool,
}

impl Frozen {
    /// Whether a split at bit `depth` gives any of the buckets that have no room some; true if there is none: what had no
    /// room was held by inserts that have not come to their end.
    fn is_parted_by<N: Node>(&self, depth: u32, context: &N::Context) -> bool {
        let mut crowded = self.full.iter().filter(|bucket| bucket.has_line || self.lines == LINES);
        let Some(first) = crowded.next() else { return true };
        std::iter::once(first).chain(crowded).any(|bucket| {
            let words = self.words[bucket.words.clone()].iter();
            let mut bits =
                words.filter_map(|&word| Some(hash_of::<N>(word, context)? >> depth & 1));
            let first = bits.next();
            bits.any(|bit| Some(bit) != first)
        })
    }
}

/// The hash of the entry that a frozen word leads to.
#[inline(always)]
fn hash_of<N: Node>(word: u64, context: &N::Context) -> Option<u64> {
    let node = slot::node_of(word)?;
    // SAFETY: frozen in its slot, under the caller's guard.
    let node = unsafe { Shared::new(node) };
    Some(N::hash(node, context))
}

/// Step 1.
fn freeze<N: Node>(shard: &Shard<N>) -> Frozen {
    let mut words = Vec::with_capacity(BUCKETS * 8);
    let (mut full, mut lines) = (Vec::new(), 0);
    for (index, bucket) in shard.buckets.iter().enumerate() {
        let begin = words.len();
        // Acquire: partner of the Release in `insert::publish`: we see the words of the slots that are valid.
        let control = Control(bucket.control.fetch_or(Control::FROZEN, Ordering::Acquire));
        failpoint::hit("table::split::freezing");
        if control.is_chained() {
            words.extend(chain::freeze(shard, index));
            continue;
        }
        for slot in control.valid() {
            let place = shard.slot(index, control, slot);
            // Acquire: partner of the Release in `insert::replace`: we see the node whole.
            let word = place.fetch_or(slot::FROZEN, Ordering::Acquire);
            words.push(word & !slot::FROZEN);
            failpoint::hit("table::split::freezing_slots");
        }
        let has_line = control.line().is_some();
        lines += usize::from(has_line);
        if control.first_free().is_none() {
            full.push(Full { words: begin..words.len(), has_line });
        }
    }
    failpoint::hit("table::split::frozen");
    Frozen { words, full, lines }
}

/// Step 2: two halves, or one for all.
fn build<N: Node>(
    shard: &Shard<N>,
    frozen: &Frozen,
    context: &N::Context,
) -> (Box<Shard<N>>, Option<Box<Shard<N>>>) {
    if shard.depth < MAX_DEPTH && frozen.is_parted_by::<N>(shard.depth, context) {
        let depth = shard.depth + 1;
        let right_suffix = shard.suffix | 1 << shard.depth;
        let mut halves = [Shard::new(depth, shard.suffix), Shard::new(depth, right_suffix)];
        fill(&mut halves, shard.depth, &frozen.words, context);
        let [left, right] = halves;
        (left, Some(right))
    } else {
        let mut whole = [Shard::new(shard.depth, shard.suffix)];
        fill(&mut whole, shard.depth, &frozen.words, context);
        let [whole] = whole;
        (whole, None)
    }
}

/// Puts every word into one of `parts`, one or two of them, by bit `depth` of its hash.
fn fill<N: Node, const PARTS: usize>(
    parts: &mut [Box<Shard<N>>; PARTS],
    depth: u32,
    words: &[u64],
    context: &N::Context,
) {
    /// How far ahead of the node that is hashed the next ones are asked for.
    const AHEAD: usize = 12;
    // By part and bucket: what had no room there.
    let mut rest: BTreeMap<(usize, usize), Vec<u64>> = BTreeMap::new();
    for (index, &word) in words.iter().enumerate() {
        if let Some(later) = words.get(index + AHEAD).copied().and_then(slot::node_of::<N>) {
            prefetch(later);
        }
        let Some(hash) = hash_of::<N>(word, context) else { continue };
        let part = (hash >> depth) as usize & (PARTS - 1);
        if !insert_private(&mut parts[part], hash, word) {
            rest.entry((part, Shard::<N>::bucket_index(hash))).or_default().push(word);
        }
    }
    for (number, part) in parts.iter_mut().enumerate() {
        for bucket in 0..BUCKETS {
            let more = rest.remove(&(number, bucket)).unwrap_or_default();
            if !more.is_empty() || !part.has_room(bucket) {
                chain::make(part, bucket, &more);
            }
        }
    }
}

/// Step 3.
fn decide<'g, N: Node>(
    shard: &Shard<N>,
    (left, right): (Box<Shard<N>>, Option<Box<Shard<N>>>),
    _guard: &'g Guard,
) -> &'g Successors<N> {
    let ours = Box::into_raw(Box::new(Successors {
        left: Shard::into_raw(left),
        right: right.map(Shard::into_raw),
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
            drop_private(ours.left);
            ours.right.into_iter().for_each(drop_private);
            // SAFETY: as above, for the winner's.
            unsafe { &*theirs }
        }
    }
}

/// Frees a successor that nobody else has seen; its entries are not its own.
fn drop_private<N: Node>(shard: NonNull<Shard<N>>) {
    // SAFETY: made by `Shard::into_raw` in `decide`, and dropped here once.
    drop(unsafe { Box::from_raw(shard.as_ptr()) });
}
