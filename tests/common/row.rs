//! Rows of keys by which a cache is made to grow.
//!
//! A shard splits when one of its buckets is full. Of keys at random it takes some 1,500 for that; of those in a row, which all
//! fall into one bucket, 16.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use super::subject::hasher;

/// Keys in a row: for four splits and more.
pub(crate) const LENGTH: u8 = 64;

/// Those of even rows share a bucket of a store, those of odd ones of a cache.
static ROWS: LazyLock<[Vec<[u8; 4]>; 4]> = LazyLock::new(|| {
    std::array::from_fn(|row| {
        let hash = |key: &[u8; 4]| match row % 2 {
            0 => {
                let mut state = hasher().build_hasher();
                state.write(key);
                state.finish()
            }
            _ => hasher().hash_one(&key[..]),
        };
        // No `Key` has these bytes: its own are all alike.
        let keys = (0..=u16::MAX).map(|number| {
            let [high, low] = number.to_be_bytes();
            [row as u8, high, low, !low]
        });
        // The bits by which `src/hash.rs` chooses a bucket.
        keys.filter(|key| hash(key) >> 40 & 0xff == row as u64).take(LENGTH.into()).collect()
    })
});

/// The first keys of a row.
pub(crate) fn row_keys(row: u8, count: u8) -> impl Iterator<Item = [u8; 4]> {
    ROWS[usize::from(row) % ROWS.len()].iter().take(usize::from(count % (LENGTH + 1))).copied()
}
