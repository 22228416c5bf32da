//! Comparing short byte strings without a call.

/// Up to this length there is a way without a call, down to [`TINY`].
pub(super) const SHORT: usize = 32;
const TINY: usize = 8;

/// Whether both are the same. Keys are 8 to 32 bytes as a rule: for those, two overlapping loads on either side.
#[inline(always)]
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        16..=SHORT => differing::<16>(one, other, |bytes| u128::from_ne_bytes(*bytes)) == 0,
        TINY..=15 => differing::<8>(one, other, |bytes| u64::from_ne_bytes(*bytes).into()) == 0,
        _ => one == other,
    }
}

/// The bits in which the first and the last `N` bytes differ.
#[inline(always)]
fn differing<const N: usize>(one: &[u8], other: &[u8], word: impl Fn(&[u8; N]) -> u128) -> u128 {
    let ends = |bytes: &[u8]| Some((word(bytes.first_chunk()?), word(bytes.last_chunk()?)));
    match (ends(one), ends(other)) {
        (Some(one), Some(other)) => (one.0 ^ other.0) | (one.1 ^ other.1),
        // Shorter than N: not by the callers above.
        _ => u128::from(one != other),
    }
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn every_byte_counts() {
        for len in 0..80 {
            let one: Vec<u8> = (0..len).collect();
            assert!(equal(&one, &one.clone()));
            assert!(!equal(&one, &[&one[..], b"x"].concat()));
            for at in 0..one.len() {
                let mut other = one.clone();
                other[at] ^= 0x10;
                assert!(!equal(&one, &other), "byte {at} of {len}");
            }
        }
    }
}
