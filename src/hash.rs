//! How a 64-bit hash is cut up.
//!
//! ```text
//!  63            48 47        40 39              24 23                    0
//! ┌────────────────┬────────────┬──────────────────┬──────────────────────┐
//! │ tag: 16        │ bucket: 8  │ unused: 16       │ directory: 24        │
//! └────────────────┴────────────┴──────────────────┴──────────────────────┘
//!         └── signature (48 bits): tag, bucket, directory ──┘
//! ```
//!
//! The *signature* is all that the table uses of a hash, and so all that a wheel record needs in order to find its entry.

use std::any::TypeId;
use std::hash::{BuildHasher, Hash, Hasher};

/// Bits that choose the directory cell: the low ones.
pub(crate) const DIRECTORY_BITS: u32 = 24;
/// Bits that choose the bucket within a shard.
pub(crate) const BUCKET_BITS: u32 = 8;
/// Bits kept in the slot word beside the pointer: the high ones.
pub(crate) const TAG_BITS: u32 = 16;

const BUCKET_SHIFT: u32 = 64 - TAG_BITS - BUCKET_BITS;
const TAG_SHIFT: u32 = 64 - TAG_BITS;

const _: () = assert!(DIRECTORY_BITS <= BUCKET_SHIFT, "directory and bucket bits overlap");
const _: () = assert!(DIRECTORY_BITS + BUCKET_BITS + TAG_BITS == Signature::BITS);

/// The hash of a key, well mixed.
#[inline]
pub(crate) fn hash_of<S: BuildHasher + 'static, Q: Hash + ?Sized>(hasher: &S, key: &Q) -> u64 {
    finish::<S>(hasher.hash_one(key))
}

/// The hash of a key that is a byte string and nothing else: without the length that `[u8]`'s own `Hash` adds, for
/// nothing follows that it would have to be told from.
#[inline]
pub(crate) fn hash_of_bytes<S: BuildHasher + 'static>(hasher: &S, key: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(key);
    finish::<S>(state.finish())
}

#[inline(always)]
fn finish<S: 'static>(hash: u64) -> u64 {
    if TypeId::of::<S>() == TypeId::of::<ahash::RandomState>() { hash } else { mix(hash) }
}

/// Spreads every bit of a foreign hash over all of them: the table takes bits from both ends, and some hashers
/// leave one end constant. Multiply, fold, multiply (the finalizer of wyhash, in 64 bits).
#[inline]
pub(crate) fn mix(hash: u64) -> u64 {
    let wide = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * u128::from(0xa076_1d64_78bd_642f_u64);
    let folded = (wide as u64) ^ ((wide >> 64) as u64);
    folded.wrapping_mul(0xe703_7ed1_a0b4_28db) ^ (folded >> 32)
}

/// The tag of a hash.
#[inline]
pub(crate) fn tag(hash: u64) -> u16 {
    (hash >> TAG_SHIFT) as u16
}

/// The bucket of a hash, in a shard of `buckets` (a power of two, at most 256).
#[inline]
pub(crate) fn bucket(hash: u64, buckets: usize) -> usize {
    (hash >> BUCKET_SHIFT) as usize & (buckets - 1)
}

/// The 48 bits of a hash that the table uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature(u64);

impl Signature {
    /// How many bits a signature has.
    pub(crate) const BITS: u32 = 48;

    #[inline]
    pub(crate) fn of(hash: u64) -> Self {
        let directory = hash & ((1 << DIRECTORY_BITS) - 1);
        Self((hash >> BUCKET_SHIFT) << DIRECTORY_BITS | directory)
    }

    /// From what [`bits`](Self::bits) gave.
    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << Self::BITS) - 1))
    }

    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// A hash with this signature: every look-up goes where the original's goes.
    #[inline]
    pub(crate) fn to_hash(self) -> u64 {
        let directory = self.0 & ((1 << DIRECTORY_BITS) - 1);
        (self.0 >> DIRECTORY_BITS) << BUCKET_SHIFT | directory
    }
}

/// A signature in six bytes, for entries that have two others to fill up with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedSignature([u16; 3]);

impl PackedSignature {
    pub(crate) fn of(hash: u64) -> Self {
        let bits = Signature::of(hash).bits();
        Self([bits as u16, (bits >> 16) as u16, (bits >> 32) as u16])
    }

    /// See [`Signature::to_hash`].
    pub(crate) fn to_hash(self) -> u64 {
        let [low, middle, high] = self.0.map(u64::from);
        Signature(high << 32 | middle << 16 | low).to_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_keeps_all_that_the_table_looks_at() {
        for seed in 0..1000_u64 {
            let hash = mix(seed);
            let signature = Signature::of(hash);
            assert_eq!(Signature::from_bits(signature.bits()), signature);
            let back = signature.to_hash();
            assert_eq!(tag(hash), tag(back));
            assert_eq!(bucket(hash, 256), bucket(back, 256));
            assert_eq!(PackedSignature::of(hash).to_hash(), back);
            assert_eq!((hash ^ back) << (64 - DIRECTORY_BITS), 0);
        }
    }

    #[test]
    fn mixing_spreads_small_integers_over_both_ends() {
        let mut buckets = std::collections::HashSet::new();
        let suffix = |hash: u64| hash & 0xff;
        let mut suffixes = std::collections::HashSet::new();
        for key in 0..256_u64 {
            buckets.insert(bucket(mix(key), 256));
            suffixes.insert(suffix(mix(key)));
        }
        // 256 balls into 256 bins leave about 162 of them used.
        assert!(buckets.len() > 130, "{}", buckets.len());
        assert!(suffixes.len() > 130, "{}", suffixes.len());
    }
}
