//! Walking through a table that others are changing.
//!
//! The hashes that a shard covers are those with its suffix, and a split cuts that set in two and leaves every entry in the
//! bucket of the same number. So a position is a set of hashes and a bucket number: *(suffix, depth, bucket)* stands for
//! the buckets from that number on, for all hashes with that suffix. When the shard found there is deeper, the
//! position falls into two. Every bucket of the hash space is visited exactly once, whatever is split meanwhile.
//!
//! A bucket is read whole, as of one moment, or, if it is chained, backwards; an entry never leaves its bucket. So a key that is there
//! throughout is met exactly once, and no key twice.

use super::chain;
use super::control::{Control, SLOTS};
use super::find::Found;
use super::place::Place;
use super::shard::{BUCKETS, Shard};
use super::slot::{self, Shared};
use super::{Node, Table};
use crate::sync::Ordering;
use crate::sync::epoch::Guard;

/// A position in a walk; it stays good while no guard is held.
#[derive(Debug)]
pub(crate) struct Cursor {
    todo: Vec<Position>,
    /// The bucket that was handed out last.
    last: Position,
}

/// A walk of which nothing is kept but a number: see [`place`](super::place). It visits a bucket of all shards before the next one.
#[derive(Debug)]
pub(crate) struct Scan {
    /// None: the end.
    next: Option<Place>,
    /// Where the bucket that was handed out last began.
    last: Option<Place>,
}

/// Goes through the table, a bucket at a time.
pub(crate) trait Walk<N: Node> {
    /// Hands out the entries of the next bucket; false at the end.
    fn next_bucket<'g>(
        &mut self,
        table: &'g Table<N>,
        guard: &'g Guard,
        each: impl FnMut(Found<'g, N>),
    ) -> bool;

    /// The bucket that [`next_bucket`](Self::next_bucket) has just handed out is the next one once more, or its two halves if
    /// its shard was split.
    fn step_back(&mut self);
}

#[derive(Clone, Copy, Debug)]
struct Position {
    suffix: usize,
    depth: u32,
    bucket: usize,
}

impl Cursor {
    /// The beginning.
    pub(crate) fn new() -> Self {
        Self::of_part(0, 0)
    }

    /// The beginning of a walk through part number `part` of 2^`depth`, which together are the whole table; each hash is in one of them.
    pub(crate) fn of_part(part: usize, depth: u32) -> Self {
        debug_assert!(part < 1 << depth);
        let start = Position { suffix: part, depth, bucket: 0 };
        Self { todo: vec![start], last: start }
    }

    /// Hands out the entries of the next bucket; false at the end. O(1), but for what splits have added to the way.
    pub(crate) fn next_bucket<'g, N: Node>(
        &mut self,
        table: &'g Table<N>,
        guard: &'g Guard,
        mut each: impl FnMut(Found<'g, N>),
    ) -> bool {
        while let Some(position) = self.todo.pop() {
            let Position { suffix, depth, bucket } = position;
            let shard = table.directory.shard(suffix as u64, guard);
            if let Some(successors) = shard.successors(guard) {
                table.directory.swing(shard, successors, guard);
                self.todo.push(position);
            } else if shard.depth > depth {
                let right = suffix | 1 << depth;
                self.todo.push(Position { suffix: right, depth: depth + 1, bucket });
                self.todo.push(Position { suffix, depth: depth + 1, bucket });
            } else {
                self.last = position;
                if bucket + 1 < BUCKETS {
                    self.todo.push(Position { suffix, depth, bucket: bucket + 1 });
                    expect(shard, bucket + 1);
                }
                // Of a shard that is shared with other parts of the table, its own entries.
                let is_shared = shard.depth < depth;
                read(shard, bucket, |found: Found<'g, N>| {
                    let is_own = !is_shared
                        || (N::hash(found.node, &table.context) as usize ^ suffix)
                            << (usize::BITS - depth)
                            == 0;
                    if is_own {
                        each(found);
                    }
                });
                return true;
            }
        }
        false
    }
}

impl<N: Node> Walk<N> for Cursor {
    fn next_bucket<'g>(
        &mut self,
        table: &'g Table<N>,
        guard: &'g Guard,
        each: impl FnMut(Found<'g, N>),
    ) -> bool {
        self.next_bucket(table, guard, each)
    }

    fn step_back(&mut self) {
        if self.last.bucket + 1 < BUCKETS {
            self.todo.pop();
        }
        self.todo.push(self.last);
    }
}

impl Scan {
    /// A walk that goes on at the place with this number: 0 is the first.
    pub(crate) fn at(number: u64) -> Self {
        let next = Place::new(number);
        Self { next, last: next }
    }

    /// A walk that begins anywhere.
    pub(crate) fn at_random(number: u64) -> Self {
        let next = Some(Place::at_random(number));
        Self { next, last: next }
    }

    /// By what number it can be gone on with; None: it is at its end.
    pub(crate) fn number(&self) -> Option<u64> {
        self.next.map(Place::number)
    }
}

impl<N: Node> Walk<N> for Scan {
    fn next_bucket<'g>(
        &mut self,
        table: &'g Table<N>,
        guard: &'g Guard,
        each: impl FnMut(Found<'g, N>),
    ) -> bool {
        let Some(place) = self.next else { return false };
        loop {
            let shard = table.directory.shard(place.suffix(), guard);
            if let Some(successors) = shard.successors(guard) {
                table.directory.swing(shard, successors, guard);
                continue;
            }
            self.last = self.next;
            self.next = place.next(shard.depth);
            read(shard, place.bucket(), each);
            return true;
        }
    }

    fn step_back(&mut self) {
        self.next = self.last;
    }
}

/// Hands out the entries of a bucket.
fn read<'g, N: Node>(shard: &'g Shard<N>, bucket: usize, each: impl FnMut(Found<'g, N>)) {
    match read_bucket(shard, bucket) {
        Ok(entries) => entries.into_iter().flatten().for_each(each),
        Err(chained) => chain::walk(shard, bucket, chained, each),
    }
}

/// Asks for the entries of a bucket that is soon to be read: a walk would wait for memory half of its time otherwise.
fn expect<N: Node>(shard: &Shard<N>, bucket: usize) {
    for slot in &shard.buckets[bucket].slots {
        // Relaxed: only prefetched, never followed.
        if let Some(node) = slot::node_of::<N>(slot.load(Ordering::Relaxed)) {
            N::prefetch(node);
        }
    }
}

/// The entries of a bucket, as of one moment; the control word if it is chained.
fn read_bucket<N: Node>(
    shard: &Shard<N>,
    bucket: usize,
) -> Result<[Option<Found<'_, N>>; SLOTS], Control> {
    let word = &shard.buckets[bucket].control;
    // Acquire: as in `find::probe_slowly`.
    let mut control = Control(word.load(Ordering::Acquire));
    if control.is_chained() {
        return Err(control);
    }
    loop {
        let mut entries = [const { None }; SLOTS];
        for slot in control.valid() {
            // Acquire: as in `find::examine`.
            let word = shard.slot(bucket, control, slot).load(Ordering::Acquire);
            if let Some(node) = slot::node_of(word) {
                // SAFETY: in its slot just now, under the caller's guard, which keeps the shard.
                let node = unsafe { Shared::new(node) };
                entries[slot] = Some(Found { shard, bucket, slot, word, control, node });
            }
        }
        // Acquire: ordered after the slots' loads by theirs.
        let again = Control(word.load(Ordering::Acquire));
        // Nothing was published, and what was valid still is: all that we read was there. What was released
        // meanwhile may have been reserved again, so its word need not be one that was ever published.
        if again.version() == control.version() && control.valid().is_subset(again.valid()) {
            return Ok(entries);
        }
        control = again;
    }
}
