//! Keys, values and access sequences: all of it made before the clock starts.

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::load::Popularity;

/// Bytes of a value, in every workload but `expiry-lag`.
pub(crate) const VALUE: usize = 64;
/// Operations between two looks at the stop flag, and gets under one pin. Every sequence is a multiple of it long.
pub(crate) const CHUNK: usize = 1024;

/// Up to this many keys a sequence is a list of indices into one table of keys, which then stays in the cache.
/// Beyond, every thread has its keys copied in the order of access: a key comes into a program from outside, and
/// fetching it from a table of hundreds of megabytes would add one more cache miss to every operation, of the bench's and not of the
/// subject's.
const TABLE_MAX: usize = 200_000;

/// SplitMix64: the next of a stream of well-mixed numbers.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// In `0..bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// In `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// One key of 16 to 32 bytes, and the number that its values carry.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    bytes: [u8; 32],
    len: u32,
    pub(crate) id: u32,
}

impl Key {
    /// The key of `id`: bytes that look random, distinct from those of every other.
    #[inline]
    pub(crate) fn of(id: u32) -> Self {
        let key = Self::wide(u64::from(id));
        Self { id, ..key }
    }

    /// As [`of`](Self::of), exactly 16 bytes long.
    #[inline]
    pub(crate) fn short(id: u32) -> Self {
        Self { len: 16, ..Self::of(id) }
    }

    /// The key of a number that may not fit an `id`.
    #[inline]
    pub(crate) fn wide(number: u64) -> Self {
        // One step of the generator is a bijection, so the first word alone makes all keys distinct.
        let first = Random::new(number).next();
        let mut random = Random::new(first ^ 0x5bd1_e995_9d1b_54a5);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&first.to_le_bytes());
        for part in bytes[8..].chunks_exact_mut(8) {
            part.copy_from_slice(&random.next().to_le_bytes());
        }
        let len = 16 + (bytes[15] % 17) as u32;
        Self { bytes, len, id: number as u32 }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

/// The value of `id`: it carries the number at both ends, so that a reader can tell whose it is and that it is whole.
#[inline]
pub(crate) fn value(id: u32) -> [u8; VALUE] {
    let mut value = [0x5a; VALUE];
    value[..8].copy_from_slice(&u64::from(id).to_le_bytes());
    value[VALUE - 8..].copy_from_slice(&u64::from(id).to_le_bytes());
    value
}

/// What a reader makes of a value: the sum of its first and last word, so both ends of it are really loaded.
#[inline]
pub(crate) fn digest(value: &[u8]) -> u64 {
    let first = value.first_chunk::<8>().map_or(1, |word| u64::from_le_bytes(*word));
    let last = value.last_chunk::<8>().map_or(1, |word| u64::from_le_bytes(*word));
    first.wrapping_add(last)
}

/// The ids `0..keys` in a random order, always the same: the order of filling.
pub(crate) fn shuffled(keys: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..keys as u32).collect();
    let mut random = Random::new(7);
    for last in (1..ids.len()).rev() {
        ids.swap(last, random.below(last + 1));
    }
    ids
}

/// How often which key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// Every key alike.
    Uniform,
    /// The k-th most popular one in proportion to k^-0.99.
    Zipf,
}

/// What one access of a sequence does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Get,
    Insert,
}

/// The accesses of one thread, repeated for as long as it runs.
pub(crate) struct Sequence {
    keys: Arc<[Key]>,
    /// Index into `keys`; the high bit says insert.
    order: Box<[u32]>,
}

const INSERT: u32 = 1 << 31;

/// How much was read by some number of accesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) hits: u64,
    pub(crate) digest: u64,
}

impl Tally {
    /// Counts a get.
    #[inline]
    pub(crate) fn add(&mut self, got: Option<u64>) {
        if let Some(digest) = got {
            self.hits += 1;
            self.digest = self.digest.wrapping_add(digest);
        }
    }
}

impl Sequence {
    /// One sequence per thread over the ids `0..keys`, `inserts` of each hundred accesses being inserts.
    pub(crate) fn for_threads(
        threads: usize,
        keys: usize,
        distribution: Distribution,
        inserts: usize,
    ) -> Vec<Self> {
        let length = keys.next_power_of_two().clamp(1 << 16, 1 << 21);
        let table: Option<Arc<[Key]>> =
            (keys <= TABLE_MAX).then(|| (0..keys as u32).map(Key::of).collect());
        let exponent = match distribution {
            Distribution::Uniform => 0.0,
            Distribution::Zipf => 0.99,
        };
        let popularity = match Popularity::new(keys as u64, exponent) {
            Ok(popularity) => popularity,
            Err(error) => unreachable!("there are keys: {error}"),
        };
        (0..threads)
            .map(|thread| {
                let mut random = Xoshiro256PlusPlus::seed_from_u64(1000 + thread as u64);
                let mut draw = || popularity.pick(keys as u64, &mut random) as u32;
                let mut order: Box<[u32]> = (0..length).map(|_| draw()).collect();
                let keys = match &table {
                    Some(table) => Arc::clone(table),
                    None => {
                        let copies = order.iter().map(|&id| Key::of(id)).collect();
                        order = (0..length as u32).collect();
                        copies
                    }
                };
                let mut kind = Random::new(2000 + thread as u64);
                for access in &mut order {
                    *access |= if kind.below(100) < inserts { INSERT } else { 0 };
                }
                Self { keys, order }
            })
            .collect()
    }

    /// The accesses, [`CHUNK`] at a time, over and over.
    #[inline]
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[u32]> {
        self.order.chunks_exact(CHUNK).cycle()
    }

    /// `count` accesses from the `first` on, over and over; both are multiples of `count`.
    #[inline]
    pub(crate) fn part(&self, first: u64, count: usize) -> &[u32] {
        let begin = (first % self.order.len() as u64) as usize;
        &self.order[begin..][..count]
    }

    /// The key of an access, and what to do with it.
    #[inline]
    pub(crate) fn access(&self, access: u32) -> (&Key, Access) {
        let kind = if access & INSERT == 0 { Access::Get } else { Access::Insert };
        (&self.keys[(access & !INSERT) as usize], kind)
    }

    /// What the gets among the first `accesses` must have read, when every key is there with its own value.
    pub(crate) fn expected(&self, accesses: u64) -> Tally {
        let tally = |accesses: &[u32]| {
            let mut tally = Tally::default();
            for &access in accesses {
                let (key, kind) = self.access(access);
                if kind == Access::Get {
                    tally.add(Some(2 * u64::from(key.id)));
                }
            }
            tally
        };
        let length = self.order.len() as u64;
        let (rounds, rest) =
            (accesses / length, tally(&self.order[..(accesses % length) as usize]));
        let round = tally(&self.order);
        Tally {
            hits: rounds * round.hits + rest.hits,
            digest: rounds.wrapping_mul(round.digest).wrapping_add(rest.digest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_of_all_lengths() {
        let mut seen = std::collections::HashSet::new();
        let mut lengths = std::collections::HashSet::new();
        for id in 0..100_000 {
            assert!(seen.insert(Key::of(id).bytes().to_vec()));
            lengths.insert(Key::of(id).bytes().len());
        }
        assert_eq!(lengths, (16..=32).collect::<std::collections::HashSet<_>>());
    }

    #[test]
    fn the_expected_tally_is_that_of_a_replay() {
        for (keys, inserts) in [(1000, 30), (TABLE_MAX + 1, 50)] {
            let sequence = &Sequence::for_threads(1, keys, Distribution::Zipf, inserts)[0];
            let accesses = sequence.order.len() as u64 + 5 * CHUNK as u64;
            let mut tally = Tally::default();
            for chunk in sequence.chunks().take(accesses as usize / CHUNK) {
                for &access in chunk {
                    let (key, kind) = sequence.access(access);
                    if kind == Access::Get {
                        tally.add(Some(digest(&value(key.id))));
                    }
                }
            }
            assert_eq!(sequence.expected(accesses), tally);
        }
    }
}
