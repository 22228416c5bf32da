//! A shard: one fixed array of buckets and a pool of overflow lines, in one allocation.
//!
//! ```text
//!  0          64                          16 448                      20 416
//! ┌──────────┬────────┬────────┬─ … ─┬──────┬────────┬────────┬─ … ─┬──────┐
//! │ header   │bucket 0│bucket 1│     │  255 │ line 0 │ line 1 │     │   61 │   64 bytes each
//! └──────────┴────────┴────────┴─ … ─┴──────┴────────┴────────┴─ … ─┴──────┘
//!  bucket: control word, 7 slots        line: 8 slots
//! ```
//!
//! 20 KiB is a size class of the common allocators, and one of them, mimalloc, asks itself for the alignment less one byte
//! more than it was asked for: so we stay 64 bytes below. A shard is never resized: see `split`.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::chain;
use super::control::{Control, LINE, MAX_LINES, PRIMARY};
use super::slot;
use crate::hash;
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicPtr, AtomicU64, Ordering, failpoint};

/// Buckets in a shard.
pub(super) const BUCKETS: usize = if cfg!(purekv_loom) { 1 } else { 1 << hash::BUCKET_BITS };
/// Overflow lines in a shard.
pub(super) const LINES: usize = if cfg!(purekv_loom) { 1 } else { MAX_LINES };

const _: () = assert!(BUCKETS.is_power_of_two() && BUCKETS <= 1 << hash::BUCKET_BITS);
const _: () = assert!(LINES <= MAX_LINES);

/// One cache line of the table.
#[repr(C, align(64))]
pub(super) struct Bucket {
    pub(super) control: AtomicU64,
    pub(super) slots: [AtomicU64; PRIMARY],
}

impl Bucket {
    /// A word of the line by its index, which is taken modulo their number; 0 is the control word.
    #[inline(always)]
    pub(super) fn word(&self, index: usize) -> &AtomicU64 {
        // SAFETY: a Bucket is these atomics, in this order, and nothing else (repr(C)).
        let words = unsafe { &*ptr::from_ref(self).cast::<[AtomicU64; PRIMARY + 1]>() };
        &words[index % words.len()]
    }
}

/// Eight more slots for the bucket that owns it.
#[repr(C, align(64))]
pub(super) struct Line {
    slots: [AtomicU64; LINE],
}

/// What a frozen shard turned into.
pub(super) struct Successors<N: Retire> {
    pub(super) left: NonNull<Shard<N>>,
    /// None: the left one has the depth of the old, and all its entries.
    pub(super) right: Option<NonNull<Shard<N>>>,
}

#[repr(C, align(64))]
pub(super) struct Shard<N: Retire> {
    /// How many low bits of the hash all its keys share.
    pub(super) depth: u32,
    /// Those bits.
    pub(super) suffix: usize,
    /// Whether any bucket is chained; as it is when others come to see the shard.
    pub(super) has_chains: bool,
    /// Null until a split is decided; then for ever what holds its entries.
    pub(super) successors: AtomicPtr<Successors<N>>,
    /// Overflow lines that no bucket owns, as bits.
    free_lines: AtomicU64,
    pub(super) buckets: [Bucket; BUCKETS],
    lines: [Line; LINES],
    _nodes: PhantomData<N>,
}

#[cfg(not(purekv_loom))]
const _: () = {
    assert!(size_of::<Bucket>() == 64 && size_of::<Line>() == 64);
    assert!(size_of::<Shard<NoNode>>() == (20 << 10) - 64);
};

/// Stands in for a node where only the layout matters.
#[cfg(not(purekv_loom))]
enum NoNode {}

// SAFETY: never instantiated.
#[cfg(not(purekv_loom))]
unsafe impl Retire for NoNode {
    unsafe fn free(_: NonNull<Self>) {}
}

impl<N: Retire> Shard<N> {
    /// Memory that one shard takes.
    pub(super) const BYTES: usize = size_of::<Self>();

    /// An empty shard for keys whose hash ends in the `depth` bits of `suffix`.
    pub(super) fn new(depth: u32, suffix: usize) -> Box<Self> {
        let mut shard = Self::empty();
        shard.depth = depth;
        shard.suffix = suffix;
        shard.free_lines = AtomicU64::new((1 << LINES) - 1);
        shard
    }

    #[cfg(not(purekv_loom))]
    fn empty() -> Box<Self> {
        // SAFETY: every field is an integer, an atomic one, false, or a null pointer.
        unsafe { Box::<Self>::new_zeroed().assume_init() }
    }

    /// Loom's atomics must be made one by one.
    #[cfg(purekv_loom)]
    fn empty() -> Box<Self> {
        let word = |_| AtomicU64::new(0);
        Box::new(Self {
            depth: 0,
            suffix: 0,
            has_chains: false,
            successors: AtomicPtr::new(ptr::null_mut()),
            free_lines: AtomicU64::new(0),
            buckets: std::array::from_fn(|_| Bucket {
                control: AtomicU64::new(0),
                slots: std::array::from_fn(word),
            }),
            lines: std::array::from_fn(|_| Line { slots: std::array::from_fn(word) }),
            _nodes: PhantomData,
        })
    }

    /// The bucket where a key with this hash is, or is not.
    #[inline]
    pub(super) fn bucket_index(hash: u64) -> usize {
        hash::bucket(hash, BUCKETS)
    }

    /// Slot `slot` of a bucket whose control word is `control`; one in the overflow line only if the bucket has one.
    #[inline]
    pub(super) fn slot(&self, bucket: usize, control: Control, slot: usize) -> &AtomicU64 {
        match slot.checked_sub(PRIMARY) {
            None => &self.buckets[bucket].slots[slot],
            Some(slot) => {
                // A slot beyond the primary ones is only ever named by a control word that has a line.
                let line = control.line().unwrap_or_default();
                &self.lines[line].slots[slot]
            }
        }
    }

    /// Whether a bucket of a shard that nobody else has seen can take one more.
    pub(super) fn has_room(&self, bucket: usize) -> bool {
        // Relaxed, both: nobody else is there.
        let control = Control(self.buckets[bucket].control.load(Ordering::Relaxed));
        let line_to_be_had =
            || control.line().is_none() && self.free_lines.load(Ordering::Relaxed) != 0;
        control.first_free().is_some() || line_to_be_had()
    }

    /// Takes an overflow line out of the pool.
    pub(super) fn take_line(&self) -> Option<usize> {
        let mut free = self.free_lines.load(Ordering::Relaxed);
        while free != 0 {
            let line = free.trailing_zeros();
            // Acquire: partner of the Release in `give_line`: the line's slots are empty for us too.
            match self.free_lines.compare_exchange(
                free,
                free & !(1 << line),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    failpoint::hit("table::lines::taken");
                    return Some(line as usize);
                }
                Err(seen) => free = seen,
            }
        }
        None
    }

    /// Puts back a line whose slots are all empty.
    pub(super) fn give_line(&self, line: usize) {
        failpoint::hit("table::lines::giving");
        // Release: partner of the Acquire in `take_line`.
        self.free_lines.fetch_or(1 << line, Ordering::Release);
    }

    /// What this shard turned into, if it was split.
    #[inline]
    pub(super) fn successors<'g>(&self, _guard: &'g Guard) -> Option<&'g Successors<N>> {
        // Acquire: partner of the Release in `split::decide`; the successors are visible whole.
        let successors = self.successors.load(Ordering::Acquire);
        // SAFETY: set once, and freed with this shard, which the guard keeps.
        unsafe { successors.as_ref() }
    }

    /// The successor that covers `hash`.
    #[inline]
    pub(super) fn successor<'g>(&self, hash: u64, guard: &'g Guard) -> Option<&'g Self> {
        let Successors { left, right } = self.successors(guard)?;
        let next = right.as_ref().filter(|_| hash >> self.depth & 1 == 1).unwrap_or(left);
        // SAFETY: a successor can be replaced, and so retired, only once the directory leads to it and no more to this
        // shard; the guard under which we found this shard is older than that, and keeps both.
        Some(unsafe { next.as_ref() })
    }

    /// The nodes of all entries, for the exclusive owner, who empties the shard by this.
    pub(super) fn take_nodes(&mut self) -> Vec<NonNull<N>> {
        let mut nodes = Vec::new();
        for (index, bucket) in self.buckets.iter().enumerate() {
            // Relaxed, both: nobody else is there.
            let control = Control(bucket.control.load(Ordering::Relaxed));
            for slot in control.valid() {
                let word = self.slot(index, control, slot).swap(slot::EMPTY, Ordering::Relaxed);
                nodes.extend(slot::node_of::<N>(word));
            }
        }
        nodes.extend(self.take_chains().into_iter().filter_map(slot::node_of::<N>));
        nodes
    }

    /// Frees the chains, for the exclusive owner, who uses the shard no more; the words in them.
    fn take_chains(&mut self) -> Vec<u64> {
        let mut words = Vec::new();
        if std::mem::take(&mut self.has_chains) {
            for bucket in 0..BUCKETS {
                // Relaxed: nobody else is there.
                if Control(self.buckets[bucket].control.load(Ordering::Relaxed)).is_chained() {
                    words.extend(chain::unmake(self, bucket));
                }
            }
        }
        words
    }

    /// A raw shard for the directory.
    pub(super) fn into_raw(this: Box<Self>) -> NonNull<Self> {
        NonNull::from(Box::leak(this))
    }
}

// SAFETY: a shard is made as a Box, and its nodes are not its own to free.
unsafe impl<N: Retire> Retire for Shard<N> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract of `free`; every shard comes from `Box::leak` in `into_raw`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

impl<N: Retire> Drop for Shard<N> {
    fn drop(&mut self) {
        self.take_chains();
        let successors = self.successors.load(Ordering::Relaxed);
        if !successors.is_null() {
            // SAFETY: made by Box::into_raw in `split::decide`, and owned by this shard alone.
            drop(unsafe { Box::from_raw(successors) });
        }
    }
}
