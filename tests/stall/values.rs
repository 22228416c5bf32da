//! Keys and values that tell whose they are.

use crate::random::Random;

const SHARED_KEYS: u64 = 4;

pub(crate) fn private_key(lane: usize, number: u64) -> Vec<u8> {
    format!("private {lane} {number}").into_bytes()
}

/// The worker a private key belongs to.
pub(crate) fn owner(key: &[u8]) -> Option<usize> {
    let lane = key.strip_prefix(b"private ")?.first()?;
    Some(usize::from(lane - b'0'))
}

pub(crate) fn shared_key(random: &mut Random) -> Vec<u8> {
    format!("shared {}", random.below(SHARED_KEYS)).into_bytes()
}

pub(crate) fn victims_key(number: u64) -> Vec<u8> {
    format!("victim {number}").into_bytes()
}

/// A key that nobody but the audit uses.
pub(crate) fn probe_key(number: u64) -> Vec<u8> {
    format!("probe {number}").into_bytes()
}

/// A value for `key`: the key again, and a number.
pub(crate) fn bytes(key: &[u8], number: u64) -> Vec<u8> {
    [key, b"=", &number.to_le_bytes()].concat()
}

/// Panics if `value` was not written to `key`.
pub(crate) fn check_tag(key: &[u8], value: &[u8]) {
    let number = value.strip_prefix(key).and_then(|rest| rest.strip_prefix(b"="));
    assert!(number.is_some_and(|it| it.len() == 8), "{key:?} holds {value:?}");
}

/// What the heaviest value weighs.
pub(crate) const HEAVIEST: u64 = 8;

/// What a value weighs in a cache that weighs them.
pub(crate) fn weight(value: &[u8]) -> u64 {
    1 + value.iter().map(|&byte| u64::from(byte)).sum::<u64>() % HEAVIEST
}
