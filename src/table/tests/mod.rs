//! The table by itself: against a model, under threads, and the loom models of its protocols.

mod chains;
mod epochs;
mod models;
#[cfg(not(purekv_loom))]
mod stress;
mod swings;
mod walks;

use std::ptr::NonNull;

use super::shard::Shard;
use super::{Inserted, Node, Owned, Shared, Table, chain, split};
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{Track, UnsafeCell};

/// An entry whose hash is chosen by the test.
pub(super) struct Entry {
    hash: u64,
    key: u64,
    /// A cell, so that loom sees who looks at it without having been shown it, and who still does when it is freed.
    value: UnsafeCell<u64>,
    /// And who forgets to free it.
    _freed: Track<()>,
}

// SAFETY: the cell is written when nobody else has the entry, before it is inserted and when it is freed.
unsafe impl Sync for Entry {}

impl Entry {
    fn value(&self) -> u64 {
        // SAFETY: only read while it is shared.
        self.value.with(|value| unsafe { value.read() })
    }
}

// SAFETY: a Box of Send data.
unsafe impl Retire for Entry {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every Entry comes from `entry`.
        let entry = unsafe { Box::from_raw(ptr.as_ptr()) };
        // SAFETY: owned by now, or so loom checks.
        entry.value.with_mut(|value| unsafe { value.write(u64::MAX) });
    }
}

impl Node for Entry {
    type Context = ();

    fn hash(node: Shared<'_, Self>, (): &()) -> u64 {
        // For loom to see that a split looks into the node.
        node.get().value();
        node.get().hash
    }
}

pub(super) fn entry(hash: u64, key: u64, value: u64) -> Owned<Entry> {
    let entry = NonNull::from(Box::leak(Box::new(Entry {
        hash,
        key,
        value: UnsafeCell::new(value),
        _freed: Track::new(()),
    })));
    // SAFETY: fresh, and `free` undoes exactly this.
    unsafe { Owned::new(entry) }
}

/// The operations of a map, made of the table's.
pub(super) struct Map {
    pub(super) table: Table<Entry>,
    hash: fn(u64) -> u64,
}

impl Map {
    pub(super) fn new(hash: fn(u64) -> u64) -> Self {
        Self::of_depth(0, hash)
    }

    /// With 2^`depth` shards.
    pub(super) fn of_depth(depth: u32, hash: fn(u64) -> u64) -> Self {
        Self { table: Table::new(depth, ()), hash }
    }

    /// Replaces the shard of a hash as if it were full.
    pub(super) fn split(&self, hash: u64, guard: &Guard) {
        split::split(self.table.directory.shard(hash, guard), &self.table.directory, &(), guard);
    }

    /// How many places are open in the chain of a hash's bucket, if that is chained.
    pub(super) fn open_places(&self, hash: u64, guard: &Guard) -> Option<usize> {
        let shard = self.table.directory.shard(hash, guard);
        chain::open_places(shard, Shard::<Entry>::bucket_index(hash))
    }

    pub(super) fn get(&self, key: u64, guard: &Guard) -> Option<u64> {
        let found = self.table.find((self.hash)(key), guard, |node| node.get().key == key)?;
        Some(found.node.get().value())
    }

    pub(super) fn insert_if_absent(&self, key: u64, value: u64, guard: &Guard) -> bool {
        let hash = (self.hash)(key);
        self.table
            .insert(hash, entry(hash, key, value), guard, |node| node.get().key == key, |_| {})
            .is_ok()
    }

    /// The value that was replaced. As the engine does it: at once, if that will do.
    pub(super) fn insert(&self, key: u64, value: u64, guard: &Guard) -> Option<u64> {
        let (hash, is_key) = ((self.hash)(key), |node: Shared<'_, Entry>| node.get().key == key);
        let node = entry(hash, key, value);
        let mut inserted = match self.table.try_insert(hash, node, guard, is_key, |_| {}) {
            Inserted::Done(node) => Ok(node),
            Inserted::Occupied(found, back) => Err((found, back)),
            Inserted::NoRoom(back) => self.table.insert(hash, back, guard, is_key, |_| {}),
        };
        loop {
            match inserted {
                Ok(_) => return None,
                Err((found, back)) => match self.table.replace(&found, back, guard) {
                    Ok(_) => {
                        let old = found.node.get().value();
                        // SAFETY: `replace` made it ours.
                        unsafe { guard.retire(found.node.as_ptr(), size_of::<Entry>()) };
                        return Some(old);
                    }
                    Err(back) => {
                        inserted = self.table.insert(hash, back, guard, is_key, |_| {});
                    }
                },
            }
        }
    }

    pub(super) fn remove(&self, key: u64, guard: &Guard) -> Option<u64> {
        let hash = (self.hash)(key);
        loop {
            let found = self.table.find(hash, guard, |node| node.get().key == key)?;
            if self.table.remove(&found, guard) {
                let old = found.node.get().value();
                // SAFETY: `remove` made it ours.
                unsafe { guard.retire(found.node.as_ptr(), size_of::<Entry>()) };
                return Some(old);
            }
        }
    }
}
