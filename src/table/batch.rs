//! Looking up many keys at once: the memory of one is fetched while the others are worked on.
//!
//! A look-up in a table larger than the caches waits twice for memory, for the bucket and for the entry. A group of look-ups
//! goes through each stage together, so that the waits of all of them overlap.

use std::ptr::NonNull;

use super::control::Control;
use super::shard::Shard;
use super::slot;
use super::tags;
use super::{Node, Table};
use crate::hash;
use crate::sync::epoch::Guard;
use crate::sync::{Ordering, prefetch};

/// Look-ups that are under way together: as many as the memory system of a core keeps in flight, twice over.
pub(crate) const GROUP: usize = 32;

/// Hands the shard of every key of a group of at most [`GROUP`] hashes to `look`, in order, when what a look-up there will read
/// has been asked for.
#[inline(always)]
pub(super) fn for_each<'g, N: Node>(
    table: &'g Table<N>,
    hashes: &[u64],
    guard: &'g Guard,
    mut look: impl FnMut(usize, &'g Shard<N>),
) {
    let mut shards: [Option<&'g Shard<N>>; GROUP] = [None; GROUP];
    for (shard, &hash) in shards.iter_mut().zip(hashes) {
        let found = table.directory.shard(hash, guard);
        ask_for_bucket(found, hash);
        *shard = Some(found);
    }
    for (shard, &hash) in shards.iter().zip(hashes) {
        let Some(shard) = shard else { continue };
        ask_for_entry(shard, hash);
    }
    for (index, shard) in shards.iter().take(hashes.len()).enumerate() {
        let Some(shard) = shard else { continue };
        look(index, shard);
    }
}

/// Asks for the memory in which a look-up begins.
#[inline]
pub(super) fn ask_for_bucket<N: Node>(shard: &Shard<N>, hash: u64) {
    prefetch(NonNull::from(&shard.buckets[Shard::<N>::bucket_index(hash)]));
}

/// Asks for the entry that a look-up will meet first, as far as one look at the bucket shows.
#[inline(always)]
pub(super) fn ask_for_entry<N: Node>(shard: &Shard<N>, hash: u64) {
    let bucket = Shard::<N>::bucket_index(hash);
    // Relaxed: all that comes of it is a prefetch; `find` looks again.
    let control = Control(shard.buckets[bucket].control.load(Ordering::Relaxed));
    let matching = tags::matching(&shard.buckets[bucket], hash::tag(hash));
    if let Some(slot) = matching.valid_in(control).slots().next() {
        // Relaxed: only prefetched, never followed.
        let word = shard.slot(bucket, control, slot).load(Ordering::Relaxed);
        if let Some(node) = slot::node_of::<N>(word) {
            N::prefetch(node);
        }
    }
}
