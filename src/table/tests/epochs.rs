//! Models with little in them, for the real crossbeam-epoch (`--cfg crossbeam_loom`; its pins alone are a dozen
//! branches each). Loom watches the entries' cells: freed too early, and the free and somebody's look are concurrent.

use super::Map;
use crate::sync::{Arc, check, epoch, thread};

/// Keys share a bucket, told apart by their tags and by the bit that the first split looks at.
fn map() -> Arc<Map> {
    Arc::new(Map::new(|key| key | key << 48))
}

/// A reader holds on to an entry that is replaced and retired.
#[test]
fn loom_epoch_replace_against_a_reader() {
    check(2, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let reader = thread::spawn({
            let map = map.clone();
            move || map.get(1, &epoch::pin())
        });
        assert_eq!(map.insert(1, 11, &epoch::pin()), Some(10));
        epoch::collect();
        assert!(matches!(reader.join().unwrap(), Some(10 | 11)));
    });
}

/// A slot is emptied, and taken again by another entry.
#[test]
fn loom_epoch_recycled_slot() {
    check(2, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let reader = thread::spawn({
            let map = map.clone();
            move || map.get(1, &epoch::pin())
        });
        let guard = epoch::pin();
        assert_eq!(map.remove(1, &guard), Some(10));
        map.insert(1, 11, &guard);
        drop(guard);
        epoch::collect();
        assert!(matches!(reader.join().unwrap(), None | Some(10 | 11)));
    });
}

/// A reader is in the old shard while that is replaced and retired.
#[test]
fn loom_epoch_split_against_a_reader() {
    check(1, || {
        let map = map();
        let guard = epoch::pin();
        for key in 0..3 {
            map.insert(key, key + 10, &guard);
        }
        drop(guard);
        let reader = thread::spawn({
            let map = map.clone();
            move || map.get(1, &epoch::pin())
        });
        map.insert(3, 13, &epoch::pin());
        epoch::collect();
        assert_eq!(reader.join().unwrap(), Some(11));
    });
}

/// A reader is in a chain while that is renewed and retired.
#[test]
fn loom_epoch_chain_renewed_against_a_reader() {
    check(1, || {
        let map = Arc::new(Map::new(|_| 7 << 48));
        let mut key = 1;
        // Until there is a chain, and no place of it is open.
        while map.open_places(7 << 48, &epoch::pin()) != Some(0) {
            map.insert(key, key + 10, &epoch::pin());
            key += 1;
        }
        let reader = thread::spawn({
            let map = map.clone();
            move || map.get(1, &epoch::pin())
        });
        map.insert(key, key + 10, &epoch::pin());
        epoch::collect();
        assert_eq!(reader.join().unwrap(), Some(11));
    });
}
