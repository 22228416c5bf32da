//! Bugs that were found in this crate, one story each. The story comes first: what the user saw, and how it came about.

use purekv::{Cache, Clock};

/// A cache whose clock stands still and which has no thread of its own.
fn cache<V: Send + Sync + 'static>() -> Cache<u64, V> {
    let (clock, _hand) = Clock::manual();
    Cache::builder().clock(clock).build()
}

/// `clear` and `retain` left entries behind while the table grew.
///
/// A walk reads a bucket whole and then decides entry by entry. Was the bucket's shard frozen for a split in between,
/// the removal failed; it helped with the split, as it must, and took that for an entry that somebody had replaced, which it
/// leaves alone. So everything in that bucket stayed. Here the growth happens in the very callback; another thread
/// that inserts will do as well.
#[test]
fn retain_removes_what_a_split_has_moved() {
    const BEFORE: u64 = 500;
    let cache = cache();
    for key in 0..BEFORE {
        cache.insert(key, key);
    }
    let mut grown = false;
    cache.retain(|_, _| {
        if !std::mem::replace(&mut grown, true) {
            (BEFORE..20_000).for_each(|key| cache.insert(key, key));
        }
        false
    });
    let left: Vec<u64> = (0..BEFORE).filter(|key| cache.contains_key(key)).collect();
    assert!(left.is_empty(), "{left:?} were there when it began");
}
