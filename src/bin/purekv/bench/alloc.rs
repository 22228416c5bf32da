//! The allocator of every subject, with a count of the bytes that are out.
//!
//! mimalloc by default: in all of these structures a value is freed by another thread than the one that allocated it
//! (whoever overwrites, or whoever reclaims), and mimalloc's free across threads is one CAS onto a list of the owner, where
//! jemalloc fills the cache of the thread that frees and flushes it in bulk. No subject has an allocator of its own, so the choice favours
//! none of them by design; whether it does in effect is what `RUSTFLAGS="--cfg purekv_system_allocator"` is for, which swaps it for all at once.
//!
//! Counted is what was asked for (`Layout::size`), not the size class it was rounded up to: that, and what the
//! allocator keeps, is in the RSS that stands beside it. Large zeroed blocks are also counted apart, because they are committed
//! lazily: an untouched page of them is asked for, but costs nothing.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed};

#[cfg(not(purekv_system_allocator))]
const INNER: mimalloc::MiMalloc = mimalloc::MiMalloc;
#[cfg(purekv_system_allocator)]
const INNER: std::alloc::System = std::alloc::System;

/// The allocator's name, for the report.
pub(crate) const NAME: &str =
    if cfg!(purekv_system_allocator) { "the system's allocator" } else { "mimalloc" };

/// Zeroed blocks from this size on are fresh from the kernel in both allocators.
const LAZY_MIN: usize = 1 << 20;
const STRIPES: usize = 16;

/// A size of value that no table, chunk or buffer has by chance: blocks of this size and a little more are counted one by one.
pub(crate) const MARKED: usize = 72_000;
/// What a subject may add to a marked value: a header, the key.
const MARKED_SLACK: usize = 256;

/// One cache line pair, so that two threads that count do not meet.
#[repr(align(128))]
struct Stripe {
    bytes: AtomicI64,
}

static ON: AtomicBool = AtomicBool::new(false);
static COUNTS: [Stripe; STRIPES] = [const { Stripe { bytes: AtomicI64::new(0) } }; STRIPES];
static MARKED_BLOCKS: AtomicI64 = AtomicI64::new(0);
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// Address and size of each lazy block that is out; a block for which there is no room is counted as any other.
static LAZY: [(AtomicUsize, AtomicUsize); 256] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; 256];

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Starts to count. What was allocated before is not known and must not be freed while it matters.
pub(crate) fn start_counting() {
    ON.store(true, Relaxed);
}

/// Bytes allocated and not freed since [`start_counting`].
pub(crate) fn live() -> i64 {
    COUNTS.iter().map(|stripe| stripe.bytes.load(Relaxed)).sum()
}

/// Those of [`live`] that lie in zeroed blocks of 1 MiB and more.
pub(crate) fn lazy() -> i64 {
    LAZY.iter()
        .filter(|(address, _)| address.load(Relaxed) != 0)
        .map(|(_, size)| size.load(Relaxed) as i64)
        .sum()
}

/// Blocks that are out and hold a value of [`MARKED`] bytes.
pub(crate) fn marked() -> i64 {
    MARKED_BLOCKS.load(Relaxed)
}

/// A block of `size` is there (`sign` 1) or gone (-1).
#[inline]
fn count(size: usize, sign: i64) {
    if ON.load(Relaxed) {
        add(size, sign);
    }
}

fn add(size: usize, sign: i64) {
    if (MARKED..MARKED + MARKED_SLACK).contains(&size) {
        MARKED_BLOCKS.fetch_add(sign, Relaxed);
    }
    let bytes = sign * size as i64;
    let stripe = STRIPE.try_with(|stripe| {
        if stripe.get() == usize::MAX {
            stripe.set(NEXT.fetch_add(1, Relaxed) % STRIPES);
        }
        stripe.get()
    });
    COUNTS[stripe.unwrap_or(0)].bytes.fetch_add(bytes, Relaxed);
}

#[cold]
fn lazy_born(address: usize, size: usize) {
    for (cell, bytes) in &LAZY {
        if cell.compare_exchange(0, address, Relaxed, Relaxed).is_ok() {
            bytes.store(size, Relaxed);
            return;
        }
    }
}

#[cold]
fn lazy_dead(address: usize) {
    for (cell, _) in &LAZY {
        if cell.compare_exchange(address, 0, Relaxed, Relaxed).is_ok() {
            return;
        }
    }
}

/// The counting allocator.
pub(crate) struct Counting;

// SAFETY: every call goes unchanged to an allocator that keeps the contract.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as our caller promises.
        unsafe { INNER.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as our caller promises.
        let block = unsafe { INNER.alloc_zeroed(layout) };
        if layout.size() >= LAZY_MIN && !block.is_null() {
            lazy_born(block.addr(), layout.size());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        if layout.size() >= LAZY_MIN {
            lazy_dead(block.addr());
        }
        // SAFETY: as our caller promises.
        unsafe { INNER.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), -1);
        count(size, 1);
        if layout.size() >= LAZY_MIN {
            lazy_dead(block.addr());
        }
        // SAFETY: as our caller promises.
        unsafe { INNER.realloc(block, layout, size) }
    }
}
