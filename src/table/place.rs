//! A place in the table as one number, which stays good whatever is split: what a walk needs that keeps nothing.
//!
//! ```text
//!  63                        28 27        20 19                            0
//! ┌────────────────────────────┬────────────┬───────────────────────────────┐
//! │ 0                          │ bucket: 8  │ suffix of the hash, reversed: 20 │
//! └────────────────────────────┴────────────┴───────────────────────────────┘
//! ```
//!
//! Each hash is at one place, by its bucket and its lowest 20 bits. With the bits of the suffix in reversed order, the places of one bucket of one shard follow
//! each other: a shard of depth *d* has the next 2^(20 - *d*) of each bucket. So the next place to go to is found by addition, with a carry into the bucket's
//! number; and when a shard is split, the places of each of its buckets fall into two halves, the left one first. The end of what was visited
//! stays the beginning of something that is visited next, for shards are never merged. (Counting in reversed order is how Redis walks its tables; it has no
//! buckets that stay the same when a table grows, and so visits some twice when one shrinks.)
//!
//! Bucket first: with the suffix first, the halves of a shard that is split midway would both begin with buckets that were visited.

use super::directory::MAX_DEPTH;
use super::shard::BUCKETS;

const END: u64 = (BUCKETS as u64) << MAX_DEPTH;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

impl Place {
    /// None: there is no such place, it is beyond the end.
    pub(super) fn new(number: u64) -> Option<Self> {
        (number < END).then_some(Self(number))
    }

    /// Any, by any number.
    pub(super) fn at_random(number: u64) -> Self {
        Self(number % END)
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }

    pub(super) fn bucket(self) -> usize {
        (self.0 >> MAX_DEPTH) as usize
    }

    /// The lowest bits of the hashes that are here.
    pub(super) fn suffix(self) -> u64 {
        (self.0 << (u64::BITS - MAX_DEPTH)).reverse_bits()
    }

    /// What follows the places of this bucket in a shard of this depth; None: that was the last.
    pub(super) fn next(self, depth: u32) -> Option<Self> {
        let count = 1 << (MAX_DEPTH - depth.min(MAX_DEPTH));
        Self::new((self.0 & !(count - 1)) + count)
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Shards as (suffix, depth), no two of which share a hash.
    fn shard_of(shards: &[(u64, u32)], suffix: u64) -> usize {
        let is_in = |&(own, depth): &(u64, u32)| (suffix ^ own) & ((1 << depth) - 1) == 0;
        let mut found = shards.iter().enumerate().filter(|(_, shard)| is_in(shard));
        let (index, _) = found.next().unwrap();
        assert!(found.next().is_none());
        index
    }

    #[test]
    fn all_buckets_of_all_shards_once() {
        let shards = [(0b0, 2), (0b10, 3), (0b110, 3), (0b1, 1)];
        let mut met = HashSet::new();
        let mut place = Place::new(0);
        let mut last = 0;
        while let Some(here) = place {
            let shard = shard_of(&shards, here.suffix());
            assert!(met.insert((shard, here.bucket())));
            assert!(here.bucket() >= last, "bucket first");
            last = here.bucket();
            place = here.next(shards[shard].1);
        }
        assert_eq!(met.len(), shards.len() * BUCKETS);
    }

    /// Splits at any time: what is covered by the steps is each place once.
    #[test]
    fn every_place_once_however_shards_are_split() {
        let mut shards = vec![(0, 0)];
        let mut random = 7_u64;
        let (mut place, mut covered) = (Place::new(0), 0);
        while let Some(here) = place {
            random = crate::hash::mix(random);
            let split = random as usize % shards.len();
            if random >> 32 & 3 == 0 && shards[split].1 < MAX_DEPTH.min(6) {
                let (suffix, depth) = shards[split];
                shards[split] = (suffix, depth + 1);
                shards.push((suffix | 1 << depth, depth + 1));
            }
            let (suffix, depth) = shards[shard_of(&shards, here.suffix())];
            assert_eq!(here.number(), covered, "nothing is left out, or twice");
            assert_eq!(
                here.suffix() & ((1 << MAX_DEPTH) - 1),
                suffix,
                "it begins with a shard's first"
            );
            place = here.next(depth);
            covered += 1 << (MAX_DEPTH - depth);
        }
        assert_eq!(covered, END);
        assert!(shards.len() > 10);
    }

    #[test]
    fn any_number_is_a_place_or_beyond_the_end() {
        assert_eq!(Place::new(END), None);
        assert_eq!(Place::new(u64::MAX), None);
        let last = Place::new(END - 1).unwrap();
        assert_eq!((last.bucket(), last.suffix()), (BUCKETS - 1, (1 << MAX_DEPTH) - 1));
        assert_eq!(last.next(MAX_DEPTH), None);
        // In the midst of a shard, where no walk comes to by itself.
        let midst = Place::new(5).unwrap();
        assert_eq!(midst.next(0).map(Place::number), Some(1 << MAX_DEPTH));
        assert_eq!(Place::at_random(END + 5), midst);
    }
}
