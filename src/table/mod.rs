//! A lock-free hash table of heap-allocated nodes: open addressing in buckets of one cache line.
//!
//! ```text
//! hash ──low bits──► directory cell ──► shard ──8 bits──► bucket (64 bytes)
//!                    depth │ pointer                      ┌─────────┬──────┬──────┬─ … ─┬──────┐
//!                                                         │ control │slot 0│slot 1│     │slot 6│──► node
//!                                                         └─────────┴──────┴──────┴─ … ─┴──────┘
//! ```
//!
//! What it promises:
//!
//! - A miss touches one cache line of the table, a hit that line and the node.
//! - No operation waits for another thread, wherever that may have been stopped. Look-ups repeat only when somebody else has
//!   made progress in that very bucket.
//! - There is always room, also for keys whose hashes tell nothing: then a bucket is a [`chain`], and slow.
//! - A removal gives its slot back at once: no tombstones, no rehashing, however long keys come and go.
//! - The table grows by one shard (20 KiB) at a time, and each split copies some thousand words.
//!
//! The layout follows DLHT (Katebzadeh et al. 2024: a header word that governs a line of slots, and reads it twice) and
//! extendible hashing (see [`split`]); reclamation is by epochs. Where things are: [`control`] and [`slot`] the two packed words, [`shard`]
//! the memory, [`find`] and [`insert`] the protocol of one bucket, [`chain`] that of a bucket whose keys cannot be parted, [`split`] and
//! [`directory`] growth, [`iter`] and [`batch`] what is built upon them, [`place`] where a walk is.
//!
//! The table stores nodes and knows nothing of keys, values or time: the caller says with a closure which node is meant.

mod batch;
mod chain;
mod control;
mod directory;
mod find;
mod insert;
mod iter;
mod place;
mod shard;
mod slot;
mod split;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use crate::sync::prefetch;
pub(crate) use batch::GROUP;
pub(crate) use control::SLOTS;
pub(crate) use find::Found;
pub(crate) use insert::Inserted;
pub(crate) use iter::{Cursor, Scan, Walk};
pub(crate) use slot::{Owned, Shared};

use directory::Directory;
use find::Glance;
use insert::Lost;
use shard::Shard;

use std::ptr::NonNull;

use crate::sync::epoch::{Guard, Retire, free_quietly};

/// Something that a table can hold.
pub(crate) trait Node: Retire + Send + Sync + 'static {
    /// What it takes to hash a node.
    type Context: Send + Sync;

    /// Asks for the memory that a look-up will read of it.
    #[inline(always)]
    fn prefetch(node: NonNull<Self>)
    where
        Self: Sized,
    {
        prefetch(node);
    }

    /// The hash it was inserted with. Called when its shard is split.
    fn hash(node: Shared<'_, Self>, context: &Self::Context) -> u64
    where
        Self: Sized;
}

/// See the [module](self).
pub(crate) struct Table<N: Node> {
    directory: Directory<N>,
    context: N::Context,
}

impl<N: Node> Table<N> {
    /// A table of 2^`depth` shards to begin with.
    pub(crate) fn new(depth: u32, context: N::Context) -> Self {
        Self { directory: Directory::new(depth), context }
    }

    /// The depth that leaves room for `capacity` entries before the first split.
    pub(crate) fn depth_for(capacity: usize) -> u32 {
        /// What a shard holds when it splits, less what chance may put into one of them.
        const COMFORTABLE: usize = 1300;
        capacity.div_ceil(COMFORTABLE).next_power_of_two().ilog2()
    }

    pub(crate) fn context(&self) -> &N::Context {
        &self.context
    }

    /// How many shards there are.
    pub(crate) fn shards(&self) -> usize {
        self.directory.shards()
    }

    /// Bytes of all shards.
    pub(crate) fn memory(&self) -> usize {
        self.shards() * Shard::<N>::BYTES
    }

    /// Asks for the memory in which a look-up for `hash` begins.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64, guard: &Guard) {
        batch::ask_for_bucket(self.directory.shard(hash, guard), hash);
    }

    /// Asks for the entry that a look-up for `hash` will meet, as far as one look shows.
    #[inline]
    pub(crate) fn prefetch_entry(&self, hash: u64, guard: &Guard) {
        batch::ask_for_entry(self.directory.shard(hash, guard), hash);
    }

    /// The entry that `is_key` recognises. Linearisation points: see [`find`].
    #[inline(always)]
    pub(crate) fn find<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    ) -> Option<Found<'g, N>> {
        find::find(self.directory.shard(hash, guard), hash, guard, is_key)
    }

    /// As [`find`](Self::find), if one look says it; None: it does not.
    #[inline(always)]
    pub(crate) fn try_find<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    ) -> Option<Option<Found<'g, N>>> {
        match find::glance(self.directory.shard(hash, guard), hash, is_key) {
            Glance::Found(found) => Some(Some(found)),
            Glance::Absent(_) => Some(None),
            Glance::Unclear => None,
        }
    }

    /// As [`find`](Self::find), for a reader.
    #[inline(always)]
    pub(crate) fn look_up<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    ) -> Option<Shared<'g, N>> {
        find::look_up(self.directory.shard(hash, guard), hash, guard, is_key)
    }

    /// [`look_up`](Self::look_up) for at most [`GROUP`] hashes at once.
    #[inline]
    pub(crate) fn look_up_group<'g>(
        &'g self,
        hashes: &[u64],
        guard: &'g Guard,
        is_key: impl Fn(usize, Shared<'g, N>) -> bool + Copy,
        mut visit: impl FnMut(usize, Option<Shared<'g, N>>),
    ) {
        batch::for_each(self, hashes, guard, |index, shard| {
            let is_key = |node| is_key(index, node);
            visit(index, find::look_up(shard, hashes[index], guard, is_key));
        });
    }

    /// [`find`](Self::find) for at most [`GROUP`] hashes at once.
    pub(crate) fn find_group<'g>(
        &'g self,
        hashes: &[u64],
        guard: &'g Guard,
        is_key: impl Fn(usize, Shared<'g, N>) -> bool + Copy,
        mut visit: impl FnMut(usize, Option<Found<'g, N>>),
    ) {
        batch::for_each(self, hashes, guard, |index, shard| {
            let is_key = |node| is_key(index, node);
            visit(index, find::find(shard, hashes[index], guard, is_key));
        });
    }

    /// Inserts `node` unless its key is there; then gives it back, with what is there. `prepare` gets the node before anybody else
    /// can see it, if the key seems to be absent; once for every attempt.
    pub(crate) fn insert<'g>(
        &'g self,
        hash: u64,
        mut node: Owned<N>,
        guard: &'g Guard,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
        mut prepare: impl FnMut(&Owned<N>),
    ) -> Result<Shared<'g, N>, (Found<'g, N>, Owned<N>)> {
        loop {
            let shard = self.directory.shard(hash, guard);
            node = match insert::insert(shard, hash, node, is_key, &mut prepare) {
                Inserted::Done(node) => return Ok(node),
                Inserted::Occupied(found, node) => return Err((found, node)),
                Inserted::NoRoom(node) => node,
            };
            node = match chain::insert(shard, hash, node, guard, is_key, &mut prepare) {
                Inserted::Done(node) => return Ok(node),
                Inserted::Occupied(found, node) => return Err((found, node)),
                Inserted::NoRoom(node) => node,
            };
            split::split(shard, &self.directory, &self.context, guard);
        }
    }

    /// As [`insert`](Self::insert), if that can be done at once, as nearly always; else the node is given back, whether there is room or not.
    #[inline(always)]
    pub(crate) fn try_insert<'g>(
        &'g self,
        hash: u64,
        node: Owned<N>,
        guard: &'g Guard,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
        prepare: impl FnOnce(&Owned<N>),
    ) -> Inserted<'g, N> {
        insert::insert_at_once(self.directory.shard(hash, guard), hash, node, is_key, prepare)
    }

    /// Puts `node`, which has the same key, into the place of `found`. The node that was there is the caller's to retire. Fails, and gives the
    /// node back, when somebody has changed that slot: look again.
    #[inline(always)]
    pub(crate) fn replace<'g>(
        &'g self,
        found: &Found<'g, N>,
        node: Owned<N>,
        guard: &'g Guard,
    ) -> Result<Shared<'g, N>, Owned<N>> {
        insert::replace(found, node).map_err(|(node, lost)| {
            self.help(found, lost, guard);
            node
        })
    }

    /// Removes `found`; with true, its node is the caller's to retire. False when somebody has changed that slot: look
    /// again.
    #[inline(always)]
    pub(crate) fn remove<'g>(&'g self, found: &Found<'g, N>, guard: &'g Guard) -> bool {
        insert::remove(found).map_err(|lost| self.help(found, lost, guard)).is_ok()
    }

    /// Replaces the shard of `found`, or its chain, if that is what was in the way: else the caller might come back to it for ever.
    #[cold]
    #[inline(never)]
    fn help(&self, found: &Found<'_, N>, lost: Lost, guard: &Guard) {
        let Found { shard, bucket, slot, control, .. } = *found;
        let only_chain = || control.is_chained() && chain::help(shard, bucket, slot, guard);
        if lost == Lost::Frozen && !only_chain() {
            split::split(shard, &self.directory, &self.context, guard);
        }
    }
}

impl<N: Node> Drop for Table<N> {
    fn drop(&mut self) {
        self.directory.drain(|mut shard| {
            for node in shard.take_nodes() {
                free_quietly(|| {
                    // SAFETY: a Table is dropped when nobody uses it any more, and an entry is in one shard that was
                    // never split; what was unlinked before is not in a slot.
                    unsafe { N::free(node) };
                });
            }
        });
    }
}
