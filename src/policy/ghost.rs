//! What a cache remembers of keys that it has evicted: from which queue, and when by the clock of that.
//!
//! ```text
//!  31            16   15   14             0
//! ┌────────────────┬──────┬────────────────┐
//! │ stamp: 16      │ main │ fingerprint: 15│     0: empty (no fingerprint is 0); 4 of these are a bucket, a quarter of a cache line
//! └────────────────┴──────┴────────────────┘
//! ```
//!
//! A bucket is in the order of age: what is put there comes first, and what drops out of a full one is the oldest, or one of main that is of no
//! use any more. It forgets early now and then, and takes one key for another in some 2,000. All of it is hints, so all accesses are relaxed, and of two threads in one bucket one
//! may undo what the other did.
//!
//! Nothing is allocated before something is evicted; then there are two ghosts for each entry that is there.

use std::ptr::{self, NonNull};

use super::mark::Place;
use crate::hash::{Signature, mix};
use crate::sync::epoch::{Guard, Retire, assert_live};
use crate::sync::hint::AtomicU32;
use crate::sync::{AtomicPtr, Ordering, prefetch};

/// Cells in a bucket.
const WAYS: usize = if cfg!(purekv_loom) { 1 } else { 4 };

/// Ghosts for each entry. (1.5 are 2 bytes an entry less and 0.05 points of miss ratio more.)
const PER_ENTRY: usize = 2;

const FINGERPRINT: u32 = 0x7fff;
const MAIN: u32 = 0x8000;
const STAMP_SHIFT: u32 = 16;
const _: () = assert!(FINGERPRINT + MAIN == (1 << STAMP_SHIFT) - 1);

/// The time of each clock, in the units of ages. 16 bits, so that they come round after 32 capacities or up to 64.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) small: u16,
    pub(super) main: u16,
}

impl Clocks {
    fn of(self, place: Place) -> u16 {
        match place {
            Place::Small => self.small,
            Place::Main => self.main,
        }
    }
}

#[repr(align(16))]
struct Bucket([AtomicU32; WAYS]);

struct Table {
    buckets: Box<[Bucket]>,
}

// SAFETY: a Box of atomics, made in `Ghosts::replace`.
unsafe impl Retire for Table {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every one comes from `Box::into_raw`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

/// A memory of evicted keys.
pub(super) struct Ghosts {
    /// Null as long as there are none.
    table: AtomicPtr<Table>,
}

/// A signature's bits, mixed anew: which of them the fingerprint and the bucket are taken from is then all the same.
fn mixed(signature: Signature) -> u64 {
    mix(signature.bits())
}

fn fingerprint(mixed: u64) -> u32 {
    (mixed as u32 & FINGERPRINT).max(1)
}

fn place(cell: u32) -> Place {
    if cell & MAIN == 0 { Place::Small } else { Place::Main }
}

fn age(cell: u32, now: Clocks) -> u16 {
    now.of(place(cell)).wrapping_sub((cell >> STAMP_SHIFT) as u16)
}

/// Whether a cell may be given up: it is empty, or of main and no longer near.
fn is_useless(cell: u32, main: u16, near: u16) -> bool {
    let is_old = main.wrapping_sub((cell >> STAMP_SHIFT) as u16) > near;
    (cell == 0) | ((cell & MAIN != 0) & is_old)
}

impl Bucket {
    /// Its cells, each as of some moment.
    fn cells(&self) -> [u32; WAYS] {
        std::array::from_fn(|way| self.0[way].load(Ordering::Relaxed))
    }

    /// Puts a ghost first, and moves the others on, up to one that is of no use; the last drops out if there is none. All cells are written, for
    /// which of them it is no processor can guess.
    fn push(&self, ghost: u32, main: u16, near: u16) {
        let (mut moved, mut moves) = (ghost, true);
        for (cell, was) in self.0.iter().zip(self.cells()) {
            cell.store(if moves { moved } else { was }, Ordering::Relaxed);
            moves &= !is_useless(was, main, near);
            moved = was;
        }
    }
}

impl Table {
    fn new(buckets: usize) -> Self {
        let empty = |_| Bucket(std::array::from_fn(|_| AtomicU32::new(0)));
        Self { buckets: (0..buckets).map(empty).collect() }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    fn bucket(&self, mixed: u64) -> &Bucket {
        // The high half chooses the bucket, the low bits are the fingerprint.
        let index = ((mixed >> 32) * self.buckets.len() as u64) >> 32;
        &self.buckets[index as usize]
    }
}

impl Ghosts {
    pub(super) fn new() -> Self {
        Self { table: AtomicPtr::new(ptr::null_mut()) }
    }

    fn table<'g>(&self, _guard: &'g Guard) -> Option<&'g Table> {
        // Acquire: partner of the Release in `replace`: the table is seen whole.
        let table = NonNull::new(self.table.load(Ordering::Acquire))?;
        assert_live(table);
        // SAFETY: it was ours while the guard was there already; who replaces it retires it.
        Some(unsafe { table.as_ref() })
    }

    /// Asks for the memory in which a key's ghost is.
    pub(super) fn prefetch(&self, key: Signature, guard: &Guard) {
        if let Some(table) = self.table(guard) {
            prefetch(NonNull::from(table.bucket(mixed(key))));
        }
    }

    /// Bytes.
    pub(super) fn memory(&self, guard: &Guard) -> usize {
        self.table(guard).map_or(0, Table::bytes)
    }

    /// Forgets a key; from where it was evicted, and how long ago by the clock of that.
    pub(super) fn take(&self, key: Signature, now: Clocks, guard: &Guard) -> Option<(Place, u16)> {
        let mixed = mixed(key);
        let wanted = fingerprint(mixed);
        let bucket = self.table(guard)?.bucket(mixed);
        let cells = bucket.cells();
        let is_wanted = |cell: &u32| cell & FINGERPRINT == wanted;
        // All of them first, and without a branch: most keys have no ghost.
        if !cells.iter().fold(false, |found, cell| found | is_wanted(cell)) {
            return None;
        }
        let way = cells.iter().position(is_wanted)?;
        bucket.0[way].store(0, Ordering::Relaxed);
        Some((place(cells[way]), age(cells[way], now)))
    }

    /// Remembers that a key was evicted now, if there is room at all.
    pub(super) fn put(&self, key: Signature, place: Place, now: Clocks, near: u16, guard: &Guard) {
        let Some(table) = self.table(guard) else { return };
        let mixed = mixed(key);
        let main = if place == Place::Main { MAIN } else { 0 };
        let word = u32::from(now.of(place)) << STAMP_SHIFT | main | fingerprint(mixed);
        table.bucket(mixed).push(word, now.main, near);
    }

    /// Whether there is no room yet.
    pub(super) fn are_none(&self, guard: &Guard) -> bool {
        self.table(guard).is_none()
    }

    /// Makes another table, and an empty one, if there are many more entries than there were, or many fewer. A mean weight that
    /// changes can bring that about, or another capacity.
    pub(super) fn make_room_for(&self, entries: usize, guard: &Guard) {
        let wanted = (entries * PER_ENTRY).div_ceil(WAYS).max(1);
        let old = self.table(guard);
        match old.map(|table| table.buckets.len()) {
            Some(have) if wanted <= have + have / 2 && wanted > have / 4 => {}
            _ => self.replace(old, wanted, guard),
        }
    }

    #[cold]
    fn replace(&self, table: Option<&Table>, buckets: usize, guard: &Guard) {
        let old = table.map_or(ptr::null_mut(), |table| ptr::from_ref(table).cast_mut());
        let new = Box::into_raw(Box::new(Table::new(buckets)));
        // Release: partner of the Acquire in `table`. Relaxed on failure: another thread has made one, which will do.
        if self.table.compare_exchange(old, new, Ordering::Release, Ordering::Relaxed).is_err() {
            // SAFETY: from `Box::into_raw`, and seen by nobody.
            drop(unsafe { Box::from_raw(new) });
        } else if let (Some(old), Some(table)) = (NonNull::new(old), table) {
            // SAFETY: the CAS took it out, and only one thread's does.
            unsafe { guard.retire(old, table.bytes()) };
        }
    }

    /// Forgets everything: the unit of ages is another one now.
    pub(super) fn clear(&self, guard: &Guard) {
        if let Some(table) = self.table(guard) {
            self.replace(Some(table), table.buckets.len(), guard);
        }
    }
}

impl Drop for Ghosts {
    fn drop(&mut self) {
        // Relaxed: nobody else is left.
        if let Some(table) = NonNull::new(self.table.load(Ordering::Relaxed)) {
            // SAFETY: from `Box::into_raw`, and nobody else is left.
            drop(unsafe { Box::from_raw(table.as_ptr()) });
        }
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;
    use crate::sync::epoch;

    const THEN: Clocks = Clocks { small: 10, main: 65_530 };
    const NOW: Clocks = Clocks { small: 13, main: 4 };

    fn key(number: u64) -> Signature {
        Signature::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16)
    }

    #[test]
    fn remembers_place_and_age_once() {
        let (ghosts, guard) = (Ghosts::new(), epoch::pin());
        assert_eq!(ghosts.take(key(7), NOW, &guard), None);
        ghosts.make_room_for(1000, &guard);
        ghosts.put(key(7), Place::Small, THEN, 100, &guard);
        ghosts.put(key(8), Place::Main, THEN, 100, &guard);
        assert_eq!(ghosts.take(key(9), NOW, &guard), None);
        assert_eq!(ghosts.take(key(7), NOW, &guard), Some((Place::Small, 3)));
        assert_eq!(ghosts.take(key(8), NOW, &guard), Some((Place::Main, 10)));
        assert_eq!(ghosts.take(key(7), NOW, &guard), None);
    }

    #[test]
    fn a_full_bucket_forgets_useless_ones_of_main_then_the_oldest() {
        let (ghosts, guard) = (Ghosts::new(), epoch::pin());
        ghosts.make_room_for(WAYS / PER_ENTRY, &guard);
        let put = |number, place, now| ghosts.put(key(number), place, now, 100, &guard);
        for stamp in 0..WAYS as u16 - 1 {
            put(u64::from(stamp) + 1, Place::Small, Clocks { small: stamp, main: 0 });
        }
        put(100, Place::Main, Clocks { small: 20, main: 0 });
        let now = Clocks { small: 21, main: 101 };
        put(101, Place::Small, now);
        assert_eq!(ghosts.take(key(100), now, &guard), None);
        put(102, Place::Small, now);
        assert_eq!(ghosts.take(key(1), now, &guard), None);
        assert_eq!(ghosts.take(key(2), now, &guard), Some((Place::Small, 20)));
    }

    #[test]
    fn is_made_for_what_is_there() {
        let (ghosts, guard) = (Ghosts::new(), epoch::pin());
        assert_eq!(ghosts.memory(&guard), 0);
        for (entries, bytes) in [(800, 6400), (1100, 6400), (2000, 16_000), (100, 800)] {
            ghosts.make_room_for(entries, &guard);
            assert_eq!(ghosts.memory(&guard), bytes, "{entries}");
        }
        // Those of a table that was replaced are lost.
        ghosts.put(key(1), Place::Small, NOW, 1, &guard);
        ghosts.clear(&guard);
        assert_eq!(ghosts.take(key(1), NOW, &guard), None);
    }

    #[test]
    fn mixed_signatures_spread() {
        let mut buckets = std::collections::HashSet::new();
        // Keys of one shard and bucket: only the tag differs.
        for tag in 0..1000_u64 {
            buckets.insert(mixed(Signature::of(tag << 48)) >> 54);
        }
        assert!(buckets.len() > 500, "{}", buckets.len());
    }
}
