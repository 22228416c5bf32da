//! Keys and values, always the same.

/// Bytes of a value.
const VALUE: usize = 64;

/// One key of 16 to 32 bytes, and the number that its values carry.
pub(crate) struct Key {
    bytes: [u8; 32],
    len: usize,
    pub(crate) id: u64,
}

impl Key {
    /// The key of `id`: bytes that look random, distinct from those of every other.
    pub(crate) fn of(id: u64) -> Self {
        let mut bytes = [0; 32];
        let mut word = id;
        for part in bytes.chunks_exact_mut(8) {
            word = mixed(word);
            part.copy_from_slice(&word.to_le_bytes());
        }
        Self { bytes, len: 16 + id as usize % 17, id }
    }

    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The keys of these numbers.
pub(crate) fn keys(ids: std::ops::Range<u64>) -> Vec<Key> {
    ids.map(Key::of).collect()
}

/// The finalizer of SplitMix64, a step of it at a time: a bijection, so no two keys begin alike.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The value of `id`, which it carries at both ends: so a reader can tell whose it is and that it is whole.
#[inline(always)]
pub(crate) fn value(id: u64) -> [u8; VALUE] {
    let mut value = [0x5a; VALUE];
    value[..8].copy_from_slice(&id.to_le_bytes());
    value[VALUE - 8..].copy_from_slice(&id.to_le_bytes());
    value
}

/// The sum of a value's first and last word: twice its number.
#[inline(always)]
pub(crate) fn digest(value: &[u8]) -> u64 {
    let first = value.first_chunk().map_or(1, |word| u64::from_le_bytes(*word));
    let last = value.last_chunk().map_or(1, |word| u64::from_le_bytes(*word));
    first.wrapping_add(last)
}

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    hits: u64,
    digest: u64,
}

impl Tally {
    #[inline(always)]
    pub(crate) fn add(&mut self, digest: Option<u64>) {
        if let Some(digest) = digest {
            self.hits += 1;
            self.digest = self.digest.wrapping_add(digest);
        }
    }

    /// What is read where all these keys are found.
    pub(crate) fn of_all<'k>(keys: impl Iterator<Item = &'k Key>) -> Self {
        let mut tally = Self::default();
        keys.for_each(|key| tally.add(Some(2 * key.id)));
        tally
    }
}
