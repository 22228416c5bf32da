//! Comparing one tag with those of all slots in a cache line, without a branch.
//!
//! On x86-64 four vector loads do what takes seven loads and compares otherwise, half of a look-up's instructions. They are
//! made by inline assembly, for there is no vector load in the language that may race with atomic stores. What
//! it does is what seven Relaxed loads do: a vector load reads each aligned word of eight bytes as one on every processor there is; and if one
//! did not, the answer would still be right for every word that does not change meanwhile, and it is a hint
//! for the others, whose candidates are loaded again.

use super::control::{PRIMARY, Words};
use super::shard::Bucket;

/// The words of the bucket's line whose upper sixteen bits are `tag`: slots, valid or not, and perhaps the control word.
#[inline(always)]
#[cfg(all(target_arch = "x86_64", not(miri), not(purekv_loom)))]
pub(super) fn matching(bucket: &Bucket, tag: u16) -> Words {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { matching_sse2(bucket, tag) }
}

#[inline]
#[cfg(all(target_arch = "x86_64", not(miri), not(purekv_loom)))]
#[target_feature(enable = "sse2")]
fn matching_sse2(bucket: &Bucket, tag: u16) -> Words {
    use std::arch::asm;
    use std::arch::x86_64::{
        __m128i, _mm_castsi128_ps, _mm_cmpeq_epi16, _mm_movemask_ps, _mm_set1_epi16, _mm_shuffle_ps,
    };

    const _: () = assert!(size_of::<Bucket>() == 4 * size_of::<__m128i>() && PRIMARY == 7);
    /// The upper halves of the first operand's two words, then those of the second's.
    const UPPER_HALVES: i32 = 0b11_01_11_01;

    let (a, b, c, d): (__m128i, __m128i, __m128i, __m128i);
    // SAFETY: the four loads stay within the bucket, which is aligned to its size; see the module for the race.
    unsafe {
        asm!(
            "movdqa {a}, [{at}]",
            "movdqa {b}, [{at} + 16]",
            "movdqa {c}, [{at} + 32]",
            "movdqa {d}, [{at} + 48]",
            at = in(reg) bucket,
            a = out(xmm_reg) a,
            b = out(xmm_reg) b,
            c = out(xmm_reg) c,
            d = out(xmm_reg) d,
            options(nostack, preserves_flags, readonly),
        );
    }
    let tags = _mm_set1_epi16(tag.cast_signed());
    let same = |pair| _mm_castsi128_ps(_mm_cmpeq_epi16(pair, tags));
    // The top bit of each word's upper half is that of its topmost sixteenth, the tag's.
    let low = _mm_movemask_ps(_mm_shuffle_ps::<UPPER_HALVES>(same(a), same(b)));
    let high = _mm_movemask_ps(_mm_shuffle_ps::<UPPER_HALVES>(same(c), same(d)));
    Words::from_bits((low | high << 4) as u32)
}

/// As above, one word after the other.
#[inline(always)]
#[cfg(not(all(target_arch = "x86_64", not(miri), not(purekv_loom))))]
pub(super) fn matching(bucket: &Bucket, tag: u16) -> Words {
    one_by_one(bucket, tag)
}

/// As [`matching`], in plain words.
#[cfg(any(test, not(target_arch = "x86_64"), miri, purekv_loom))]
fn one_by_one(bucket: &Bucket, tag: u16) -> Words {
    use super::slot;
    use crate::sync::Ordering;

    let mut matching = Words::EMPTY;
    for slot in (0..PRIMARY).rev() {
        // Relaxed: a hint; the candidate is loaded again.
        let word = bucket.slots[slot].load(Ordering::Relaxed);
        matching = matching.push(slot::has_tag(word, tag));
    }
    // The control word has none.
    matching.push(false)
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, Ordering};

    #[test]
    fn both_ways_find_the_same() {
        let bucket = Bucket {
            control: AtomicU64::new(0xbeef_0000_0000_0000),
            slots: std::array::from_fn(|slot| AtomicU64::new((slot as u64 % 3) << 48 | 0x1230)),
        };
        for tag in [0, 1, 2, 3, 0x1230, 0xbeef, u16::MAX] {
            assert!(
                matching(&bucket, tag).slots() == one_by_one(&bucket, tag).slots(),
                "tag {tag}"
            );
        }
        assert_eq!(matching(&bucket, 1).slots().collect::<Vec<_>>(), [1, 4]);
        bucket.slots[6].store(0xffff << 48, Ordering::Relaxed);
        assert_eq!(matching(&bucket, u16::MAX).slots().collect::<Vec<_>>(), [6]);
    }
}
