//! What a cache remembers of keys that it evicted.
//!
//! [`Table`] is what the engine has (`src/policy/ghost.rs`): cells of 32 bits in buckets of one cache line, written over when they are the least useful in
//! their bucket, read by whoever misses, without order among threads. It forgets early now and then, and takes one key
//! for another in some 2,000. [`Exact`] does neither; the difference between the two is what that costs.
//!
//! ```text
//!  31            16   15   14             0
//! ┌────────────────┬──────┬────────────────┐
//! │ stamp: 16      │ side │ fingerprint: 15│     0: empty (no fingerprint is 0)
//! └────────────────┴──────┴────────────────┘
//! ```

use std::collections::HashMap;

/// Which queue a key was evicted from, and so which clock its stamp is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Small,
    Main,
}

/// The time of each clock, in units of 1/2048 to 1/1024 of the capacity; 16 bits, so that they come round after 32 to 64 capacities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) small: u16,
    pub(super) main: u16,
}

impl Now {
    fn of(self, side: Side) -> u16 {
        match side {
            Side::Small => self.small,
            Side::Main => self.main,
        }
    }
}

/// A memory of evicted keys.
pub(super) trait Ghosts {
    /// Forgets `hash`; from where it was evicted, and how long ago by that side's clock.
    fn take(&mut self, hash: u64, now: Now) -> Option<(Side, u16)>;
    /// Remembers that `hash` was evicted now. `near`: the age from which a ghost of main is of no more use.
    fn put(&mut self, hash: u64, side: Side, now: Now, near: u16);
}

/// Cells in a bucket: a cache line.
const WAYS: usize = 16;

const FINGERPRINT: u32 = 0x7fff;
const MAIN: u32 = 0x8000;
const STAMP_SHIFT: u32 = 16;
const _: () = assert!(FINGERPRINT + MAIN == (1 << STAMP_SHIFT) - 1);

pub(super) struct Table {
    buckets: Vec<[u32; WAYS]>,
}

impl Table {
    pub(super) fn new(cells: usize) -> Self {
        Self { buckets: vec![[0; WAYS]; cells.div_ceil(WAYS).max(1)] }
    }

    fn bucket(&mut self, hash: u64) -> &mut [u32; WAYS] {
        // The high half chooses the bucket, the low bits are the fingerprint.
        let index = ((hash >> 32) * self.buckets.len() as u64) >> 32;
        &mut self.buckets[index as usize]
    }
}

fn fingerprint(hash: u64) -> u32 {
    (hash as u32 & FINGERPRINT).max(1)
}

fn side(cell: u32) -> Side {
    if cell & MAIN == 0 { Side::Small } else { Side::Main }
}

fn age(cell: u32, now: Now) -> u16 {
    now.of(side(cell)).wrapping_sub((cell >> STAMP_SHIFT) as u16)
}

impl Ghosts for Table {
    fn take(&mut self, hash: u64, now: Now) -> Option<(Side, u16)> {
        let wanted = fingerprint(hash);
        let cell = self.bucket(hash).iter_mut().find(|cell| **cell & FINGERPRINT == wanted)?;
        let cell = std::mem::take(cell);
        Some((side(cell), age(cell, now)))
    }

    fn put(&mut self, hash: u64, side: Side, now: Now, near: u16) {
        let wanted = fingerprint(hash);
        // How gladly a cell is given up: the same key's first, then an empty one, a useless one, the oldest.
        let rank = |cell: u32| match cell {
            cell if cell & FINGERPRINT == wanted => u32::MAX,
            0 => u32::MAX - 1,
            cell if cell & MAIN != 0 && age(cell, now) > near => u32::MAX - 2,
            cell if cell & MAIN != 0 => 0,
            cell => u32::from(age(cell, now)),
        };
        let bucket = self.bucket(hash);
        let cell = bucket.iter_mut().max_by_key(|cell| rank(**cell)).expect("a bucket has cells");
        let main = if side == Side::Main { MAIN } else { 0 };
        *cell = u32::from(now.of(side)) << STAMP_SHIFT | main | wanted;
    }
}

/// Remembers all keys for ever; those of small that are older than `longest` are not told of.
pub(super) struct Exact {
    evicted: HashMap<u64, (Side, u16, u64)>,
    puts: u64,
    longest: u64,
}

impl Exact {
    pub(super) fn new(longest: usize) -> Self {
        Self { evicted: HashMap::new(), puts: 0, longest: longest as u64 }
    }
}

impl Ghosts for Exact {
    fn take(&mut self, hash: u64, now: Now) -> Option<(Side, u16)> {
        let (side, stamp, put) = self.evicted.remove(&hash)?;
        let kept = self.puts - put <= self.longest;
        kept.then(|| (side, now.of(side).wrapping_sub(stamp)))
    }

    fn put(&mut self, hash: u64, side: Side, now: Now, _near: u16) {
        self.puts += 1;
        self.evicted.insert(hash, (side, now.of(side), self.puts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: Now = Now { small: 10, main: 65_530 };
    const NOW: Now = Now { small: 13, main: 4 };

    fn both(cells: usize) -> [Box<dyn Ghosts>; 2] {
        [Box::new(Table::new(cells)), Box::new(Exact::new(cells))]
    }

    #[test]
    fn remembers_side_and_age_once() {
        for mut ghosts in both(64) {
            ghosts.put(1 << 40 | 7, Side::Small, THEN, 100);
            ghosts.put(1 << 40 | 8, Side::Main, THEN, 100);
            assert_eq!(ghosts.take(1 << 40 | 9, NOW), None);
            assert_eq!(ghosts.take(1 << 40 | 7, NOW), Some((Side::Small, 3)));
            assert_eq!(ghosts.take(1 << 40 | 8, NOW), Some((Side::Main, 10)));
            assert_eq!(ghosts.take(1 << 40 | 7, NOW), None);
        }
    }

    #[test]
    fn a_full_bucket_forgets_useless_ones_of_main_then_the_oldest() {
        let mut table = Table::new(WAYS);
        for stamp in 0..WAYS as u16 - 1 {
            let then = Now { small: stamp, main: 0 };
            table.put(u64::from(stamp) + 1, Side::Small, then, 100);
        }
        table.put(100, Side::Main, Now { small: 20, main: 0 }, 100);
        table.put(101, Side::Small, Now { small: 21, main: 101 }, 100);
        let now = Now { small: 21, main: 101 };
        assert_eq!(table.take(100, now), None);
        table.put(102, Side::Small, now, 100);
        assert_eq!(table.take(1, now), None);
        assert_eq!(table.take(2, now), Some((Side::Small, 20)));
    }
}
