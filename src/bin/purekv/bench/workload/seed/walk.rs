//! Keys as pure-kv's benchmark has them, in the order in which they are asked for; and what a walk through them must come to.
//!
//! `benches/pure-kv/main.go` makes the same keys and the same order: whoever changes one changes the other.

use crate::bench::keys::{Random, Tally, digest};

/// Bytes of a value.
pub(super) const VALUE: usize = 1024;
/// Operations between two looks at the clock: few, for a hundred threads have to end.
pub(super) const CHUNK: usize = 256;

/// Bytes of a key: 20 random ones, as hexadecimal digits.
const KEY: usize = 40;

/// The key of `id`.
pub(super) fn key(id: u32) -> [u8; KEY] {
    // The first word alone makes all keys distinct: each step of the generator is a bijection.
    let mut random = Random::new(u64::from(id));
    let mut key = [0; KEY];
    let words = [random.next(), random.next(), random.next()];
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    for (digits, byte) in key.chunks_exact_mut(2).zip(bytes) {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    key
}

/// Makes a value that of `id`: its number at both ends.
#[inline]
pub(super) fn label(value: &mut [u8; VALUE], id: u32) {
    let id = u64::from(id).to_le_bytes();
    value[..8].copy_from_slice(&id);
    value[VALUE - 8..].copy_from_slice(&id);
}

/// What a reader makes of a value: both ends and the length.
#[inline]
pub(super) fn read(value: &[u8]) -> u64 {
    digest(value).wrapping_add(value.len() as u64)
}

/// What [`read`] must make of the value of `id`.
pub(super) fn expected(id: u32) -> u64 {
    2 * u64::from(id) + VALUE as u64
}

/// One access: the key is a copy, so that fetching it from a table in random order is not in the figures.
pub(super) struct Step {
    pub(super) key: [u8; KEY],
    pub(super) id: u32,
}

/// Random keys of a number of them, one after the other. All threads walk through the same, each from a place of its own, round and round.
pub(super) struct Walk {
    steps: Vec<Step>,
    keys: usize,
}

impl Walk {
    pub(super) fn new(keys: usize) -> Self {
        let length = keys.next_power_of_two().clamp(1 << 16, 1 << 20);
        let mut random = Random::new(1000);
        let mut step = || {
            let id = random.below(keys) as u32;
            Step { key: key(id), id }
        };
        Self { steps: (0..length).map(|_| step()).collect(), keys }
    }

    /// Where thread `thread` of `threads` begins: a chunk.
    pub(super) fn start(&self, thread: usize, threads: usize) -> usize {
        thread * (self.steps.len() / CHUNK) / threads
    }

    /// Chunks from there on, without end.
    #[inline]
    pub(super) fn chunks(&self, start: usize) -> impl Iterator<Item = &[Step]> {
        self.steps.chunks_exact(CHUNK).cycle().skip(start)
    }

    fn steps(&self, start: usize, operations: u64) -> impl Iterator<Item = &Step> {
        let steps = self.steps.iter().cycle().skip(start * CHUNK);
        steps.take(operations as usize)
    }

    /// What so many gets must have read, when every key is there with its own value.
    pub(super) fn expected(&self, start: usize, operations: u64) -> Tally {
        let mut tally = Tally::default();
        self.steps(start, operations).for_each(|step| tally.add(Some(expected(step.id))));
        tally
    }

    /// How many different keys are on these ways: start and operations.
    pub(super) fn distinct(&self, ways: &[(usize, u64)]) -> usize {
        let mut seen = vec![false; self.keys];
        for &(start, operations) in ways {
            let operations = operations.min(self.steps.len() as u64);
            self.steps(start, operations).for_each(|step| seen[step.id as usize] = true);
        }
        seen.into_iter().filter(|seen| *seen).count()
    }

    /// The last chunk of a way.
    pub(super) fn last(&self, start: usize, operations: u64) -> &[Step] {
        let chunks = self.steps.len() / CHUNK;
        let last = (start as u64 + (operations / CHUNK as u64).saturating_sub(1)) % chunks as u64;
        &self.steps[last as usize * CHUNK..][..CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_forty_digits_and_the_ones_that_the_go_program_makes() {
        assert_eq!(&key(0), b"afcd1d7b39a820e2f465b9a16a9e786e4f450980");
        let first: Vec<u32> = Walk::new(20_000).steps[..3].iter().map(|step| step.id).collect();
        assert_eq!(first, [4696, 16_287, 15_468]);
        let keys: HashSet<_> = (0..50_000).map(key).collect();
        assert_eq!(keys.len(), 50_000);
    }

    #[test]
    fn what_a_walk_comes_to_is_what_its_chunks_come_to() {
        let walk = Walk::new(3000);
        let start = walk.start(2, 3);
        let chunks = walk.steps.len() / CHUNK + 5;
        let operations = (chunks * CHUNK) as u64;
        let (mut tally, mut seen) = (Tally::default(), HashSet::new());
        for step in walk.chunks(start).take(chunks).flatten() {
            tally.add(Some(expected(step.id)));
            seen.insert(step.id);
        }
        assert_eq!(walk.expected(start, operations), tally);
        assert_eq!(walk.distinct(&[(start, operations)]), seen.len());
        let last = walk.chunks(start).nth(chunks - 1).map(|chunk| chunk[0].id);
        assert_eq!(Some(walk.last(start, operations)[0].id), last);
    }

    #[test]
    fn a_value_is_told_by_both_ends_and_its_length() {
        let mut value = [0; VALUE];
        label(&mut value, 77);
        assert_eq!(read(&value), expected(77));
        assert_ne!(read(&value[..VALUE - 8]), expected(77));
    }
}
