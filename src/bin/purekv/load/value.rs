//! What is stored: bytes that follow from the key's number and the length, so that whoever reads them knows whether they are right.
//!
//! ```text
//! word 0               word 1      word 2          …   word n, cut
//! key ^ mix(length)    s + step    s + 2 × step        s + n × step      s = mix(key ^ mix(length))
//! ```
//!
//! Another key's value, one of another length that was cut, and a part of one are all different from what they should be; a value of fewer
//! than 8 bytes is the beginning of `s`, and as good as its bits. Whoever finds a wrong one can say whose it is.

const WORD: usize = 8;
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijection of 64 bits that looks random (the output function of SplitMix64).
pub(crate) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(STEP);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn words(key: u64, length: usize) -> impl Iterator<Item = u64> {
    let first = key ^ mix(length as u64);
    let start = mix(first);
    let word = move |place: u64| match place {
        0 if length >= WORD => first,
        _ => start.wrapping_add(place.wrapping_mul(STEP)),
    };
    (0..).map(word)
}

/// Appends the value of so many bytes that this key has.
pub(crate) fn write(key: u64, length: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + length, 0);
    for (place, word) in out[start..].chunks_mut(WORD).zip(words(key, length)) {
        place.copy_from_slice(&word.to_le_bytes()[..place.len()]);
    }
}

/// Whether these bytes are what [`write`] writes for this key.
pub(crate) fn is_of(key: u64, bytes: &[u8]) -> bool {
    let mut expected = words(key, bytes.len());
    let (whole, rest) = bytes.as_chunks::<WORD>();
    let differing = whole
        .iter()
        .zip(&mut expected)
        .fold(0, |all, (found, word)| all | (u64::from_le_bytes(*found) ^ word));
    let last = expected.next().unwrap_or_default().to_le_bytes();
    differing == 0 && rest == &last[..rest.len()]
}

/// Whose value this is, if it is anybody's.
pub(crate) fn owner(bytes: &[u8]) -> Option<u64> {
    let first = u64::from_le_bytes(*bytes.first_chunk()?);
    let key = first ^ mix(bytes.len() as u64);
    is_of(key, bytes).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: u64, length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write(key, length, &mut out);
        out
    }

    #[test]
    fn a_value_is_its_keys_and_nobody_elses() {
        for length in [1, 2, 7, 8, 9, 15, 16, 17, 64, 1000] {
            let bytes = value(5, length);
            assert_eq!(bytes.len(), length);
            assert!(is_of(5, &bytes), "{length}");
            if length > 2 {
                assert!(!is_of(6, &bytes), "{length}");
            }
            if length >= WORD {
                assert_eq!(owner(&bytes), Some(5), "{length}");
            }
        }
        assert!(is_of(5, &[]));
        assert_eq!(owner(&[]), None);
        assert_eq!(owner(&[0; 64]), None);
    }

    #[test]
    fn what_was_cut_or_changed_is_found() {
        let whole = value(9, 64);
        for length in 1..64 {
            assert!(!is_of(9, &whole[..length]), "{length}");
            assert!(!is_of(9, &whole[64 - length..]), "{length}");
        }
        for place in 0..64 {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert!(!is_of(9, &changed), "{place}");
        }
    }
}
