//! Which entry goes when there is no room.
//!
//! - [`budget`]: how much there may be.
//! - [`mark`]: the byte by which an entry counts its hits and knows the record that serves it.
//! - [`record`], [`queue`]: what a policy keeps in order. A record names an entry and keeps nothing of it.
//! - [`ghost`]: what is remembered of keys that were evicted.
//! - [`s3fifo`]: the policy itself.
//! - `standing`: what it says of itself and of entries, for a dump.
//!
//! A policy knows neither table nor entries: it says whose turn it is, and what is to become of that; the engine finds the entry and
//! does it. Nothing here waits for another thread.

mod budget;
mod ghost;
mod mark;
mod queue;
mod record;
mod s3fifo;
#[cfg(feature = "dump")]
mod standing;

pub(crate) use budget::Budget;
pub(crate) use mark::{Mark, Marked, Place, Serial};
pub(crate) use record::Record;
pub(crate) use s3fifo::S3Fifo;
#[cfg(feature = "dump")]
pub(crate) use standing::{Learnt, Standing};

use crate::hash::Signature;
use crate::sync::epoch::Guard;

/// A record that was taken out of its queue: an entry of this place and serial, if there is one, is to be looked at.
///
/// Whoever has it either evicts the entry, or gives it another record, or finds none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) place: Place,
    pub(crate) record: Record,
}

/// What is to become of an entry whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Evict,
    /// It stays, with this count, at the end of this queue.
    Keep {
        place: Place,
        count: u8,
    },
}

/// Decides who goes. Weights are those of the budget; `capacity` is what there is room for at present.
pub(crate) trait Policy: Send + Sync {
    /// Where a new entry comes; what is remembered of its key is used up by this. `has_room`: nothing need be evicted for it.
    fn admit(
        &self,
        key: Signature,
        weight: u64,
        capacity: u64,
        has_room: bool,
        guard: &Guard,
    ) -> Place;

    /// The key will be admitted, or evicted, in a moment: asks for the memory that this will read.
    fn expect(&self, key: Signature, guard: &Guard);

    /// The record that [`next`](Self::next) would give now, as far as one look shows.
    fn upcoming(&self, capacity: u64, weight: u64, guard: &Guard) -> Option<Record>;

    /// Puts the record of an entry with this mark at the end of its queue.
    fn push(&self, key: Signature, marked: Marked, capacity: u64, guard: &Guard);

    /// Whose turn it is to be looked at, so that it may be evicted. `weight` is that of all entries; `is_last`: this one will be
    /// evicted whatever its count. None: no queue holds anything, as of one moment in this call: see `queue`.
    fn next(&self, capacity: u64, weight: u64, is_last: bool, guard: &Guard) -> Option<Turn>;

    /// The first record of a queue.
    fn next_of(&self, place: Place, guard: &Guard) -> Option<Turn>;

    /// Puts a record back at the end of its queue, with another serial, as if it had never been taken out.
    fn put_back(&self, turn: Turn, serial: Serial, guard: &Guard);

    /// What is to become of an entry with this count and weight.
    fn judge(&self, turn: Turn, count: u8, weight: u64, capacity: u64) -> Verdict;

    /// An entry was evicted. `entries` says how many are left, and is seldom asked: it is a sum over stripes that all threads write.
    fn evicted(
        &self,
        turn: Turn,
        weight: u64,
        capacity: u64,
        entries: impl FnOnce() -> usize,
        guard: &Guard,
    );

    /// Counts the weight of an entry that has come to a place, and uncounts what has left one.
    fn moved(&self, from: Option<(Place, u64)>, to: Option<(Place, u64)>) {
        let in_small = |at: Option<(Place, u64)>| match at {
            Some((Place::Small, weight)) => weight.cast_signed(),
            _ => 0,
        };
        self.add_to_small(in_small(to) - in_small(from));
    }

    /// Counts so much weight more, or less, in small.
    fn add_to_small(&self, weight: i64);

    /// The capacity is another one.
    fn capacity_changed(&self, guard: &Guard);

    /// Records in all queues, an estimate.
    fn records(&self, guard: &Guard) -> usize;

    /// Bytes of queues and ghosts.
    fn memory(&self, guard: &Guard) -> usize;
}
