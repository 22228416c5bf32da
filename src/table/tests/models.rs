//! The protocols of a bucket and of a split, each as a loom model (under `--cfg purekv_loom`) and as a short stress
//! test. One bucket of two slots and one overflow line of one slot; entries are told apart by their values.

use super::Map;
use crate::sync::{Arc, check, epoch, thread};

/// Preemptions that each model is explored with; where three threads meet, or both split, fewer.
const BOUND: usize = 3;
const FEWER: usize = 2;

/// All keys in one bucket, told apart by the bit that the first split looks at.
fn hash(key: u64) -> u64 {
    key & 0xffff | (key & 0xff) << 48
}

fn map() -> Arc<Map> {
    Arc::new(Map::new(hash))
}

/// Runs `body` in a thread that pins itself.
fn go<T: Send + 'static>(
    map: &Arc<Map>,
    body: impl FnOnce(&Map, &epoch::Guard) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let map = map.clone();
    thread::spawn(move || body(&map, &epoch::pin()))
}

#[test]
fn loom_two_inserts_of_one_key() {
    check(BOUND, || {
        let map = map();
        let one = go(&map, |map, guard| map.insert_if_absent(1, 10, guard));
        let two = map.insert_if_absent(1, 20, &epoch::pin());
        let one = one.join().unwrap();
        assert!(one ^ two);
        let value = map.get(1, &epoch::pin());
        assert_eq!(value, Some(if one { 10 } else { 20 }));
    });
}

#[test]
fn loom_inserts_and_a_reader() {
    check(FEWER, || {
        let map = map();
        let one = go(&map, |map, guard| map.insert(1, 10, guard));
        let reader = go(&map, |map, guard| (map.get(1, guard), map.get(1, guard)));
        let two = map.insert(1, 20, &epoch::pin());
        let one = one.join().unwrap();
        match reader.join().unwrap() {
            (None, _) => {}
            (Some(_), None) => panic!("it was there, and nobody removes"),
            // Once the later of the two is seen, the earlier is not seen again.
            (Some(first), Some(second)) if first != second => {
                assert_eq!(
                    (one, two),
                    if first == 10 { (None, Some(10)) } else { (Some(20), None) }
                );
            }
            _ => {}
        }
        assert!(one.is_none() ^ two.is_none());
    });
}

/// A slot is given up and taken again while a reader looks at it: design trap 1.
#[test]
fn loom_recycled_slot() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        // Two inserts of one key race for the freed slot and the other; the loser has stored its word, and takes it back.
        let one = go(&map, |map, guard| {
            assert_eq!(map.remove(1, guard), Some(10));
            map.insert_if_absent(1, 11, guard)
        });
        let two = go(&map, |map, guard| map.insert_if_absent(1, 12, guard));
        let seen = map.get(1, &epoch::pin());
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(one ^ two);
        assert!(seen != Some(if one { 12 } else { 11 }), "an entry that was never inserted");
    });
}

#[test]
fn loom_two_removes() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let one = go(&map, |map, guard| map.remove(1, guard));
        let two = map.remove(1, &epoch::pin());
        let one = one.join().unwrap();
        assert!(one.is_some() ^ two.is_some());
        assert_eq!(map.get(1, &epoch::pin()), None);
    });
}

#[test]
fn loom_replace_against_remove_and_insert() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let remover = go(&map, |map, guard| map.remove(1, guard));
        let replaced = map.insert(1, 11, &epoch::pin());
        let removed = remover.join().unwrap();
        let left = map.get(1, &epoch::pin());
        match (removed, replaced) {
            (Some(10), None) => assert_eq!(left, Some(11)),
            (Some(11), Some(10)) => assert_eq!(left, None),
            other => panic!("{other:?}"),
        }
    });
}

/// Fills the bucket, so that the next insert splits the shard.
fn full() -> Arc<Map> {
    let map = map();
    for key in 0..3 {
        map.insert(key, key + 10, &epoch::pin());
    }
    map
}

fn assert_full(map: &Map, except: u64) {
    let guard = epoch::pin();
    for key in (0..3).filter(|&key| key != except) {
        assert_eq!(map.get(key, &guard), Some(key + 10), "key {key}");
    }
}

#[test]
fn loom_split_against_insert() {
    check(FEWER, || {
        let map = full();
        let one = go(&map, |map, guard| map.insert_if_absent(3, 13, guard));
        let two = map.insert_if_absent(3, 23, &epoch::pin());
        assert!(one.join().unwrap() ^ two);
        assert_full(&map, 99);
        assert!(map.get(3, &epoch::pin()).is_some());
    });
}

#[test]
fn loom_split_against_remove() {
    check(BOUND, || {
        let map = full();
        let splitter = go(&map, |map, guard| map.insert(3, 13, guard));
        assert_eq!(map.remove(1, &epoch::pin()), Some(11));
        assert_eq!(map.get(1, &epoch::pin()), None);
        splitter.join().unwrap();
        assert_eq!(map.get(1, &epoch::pin()), None, "resurrected");
        assert_full(&map, 1);
    });
}

#[test]
fn loom_split_against_replace_and_get() {
    check(FEWER, || {
        let map = full();
        let splitter = go(&map, |map, guard| map.insert(3, 13, guard));
        assert_eq!(map.insert(1, 21, &epoch::pin()), Some(11));
        assert_eq!(map.get(1, &epoch::pin()), Some(21), "lost update");
        splitter.join().unwrap();
        assert_eq!(map.get(1, &epoch::pin()), Some(21), "lost update");
        assert_full(&map, 1);
    });
}

/// Readers of both halves while the directory swings: design trap 3.
#[test]
fn loom_split_against_readers() {
    check(BOUND, || {
        let map = full();
        let splitter = go(&map, |map, guard| map.insert(3, 13, guard));
        let guard = epoch::pin();
        assert_eq!(map.get(1, &guard), Some(11), "the right half");
        assert_eq!(map.get(2, &guard), Some(12), "the left half");
        drop(guard);
        splitter.join().unwrap();
        assert_full(&map, 99);
    });
}

#[test]
fn loom_two_splits_and_a_remove() {
    // Three threads through a split: a second preemption takes minutes.
    check(1, || {
        let map = full();
        let one = go(&map, |map, guard| map.insert(3, 13, guard));
        let two = go(&map, |map, guard| map.insert(4, 14, guard));
        assert_eq!(map.remove(1, &epoch::pin()), Some(11));
        one.join().unwrap();
        two.join().unwrap();
        assert_full(&map, 1);
        let guard = epoch::pin();
        assert_eq!(map.get(1, &guard), None);
        assert_eq!((map.get(3, &guard), map.get(4, &guard)), (Some(13), Some(14)));
    });
}

/// An overflow line is given up with its last entry while an insert wants it.
#[test]
fn loom_overflow_line_given_up_and_taken() {
    check(BOUND, || {
        let map = full();
        let remover = go(&map, |map, guard| map.remove(2, guard));
        let inserted = map.insert_if_absent(2, 22, &epoch::pin());
        assert_eq!(remover.join().unwrap(), Some(12));
        let guard = epoch::pin();
        assert_eq!(map.get(2, &guard), inserted.then_some(22));
        assert_eq!((map.get(0, &guard), map.get(1, &guard)), (Some(10), Some(11)));
    });
}
