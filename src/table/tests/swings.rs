//! The directory while it swings, where shards are of different depths.

use super::Map;
use crate::sync::{Arc, check, epoch, thread};

/// Two shards of depth 2 and a full one of depth 1, for the odd keys.
fn uneven() -> Arc<Map> {
    let map = Map::new(|key| key);
    let guard = epoch::pin();
    for key in [0, 2, 4, 6, 1, 3, 5] {
        map.insert(key, 10 + key, &guard);
    }
    Arc::new(map)
}

/// A look-up of the right half finds its cell empty, then the left half already in its place: it must not take that one for its
/// own.
#[test]
fn loom_split_of_a_shard_that_stayed_behind() {
    check(2, || {
        let map = uneven();
        let splitter = thread::spawn({
            let map = map.clone();
            move || map.insert(7, 17, &epoch::pin())
        });
        let guard = epoch::pin();
        assert_eq!(map.get(3, &guard), Some(13), "the right half");
        assert_eq!(map.get(1, &guard), Some(11), "the left half");
        drop(guard);
        splitter.join().unwrap();
        let guard = epoch::pin();
        for key in 0..8 {
            assert_eq!(map.get(key, &guard), Some(10 + key));
        }
    });
}
