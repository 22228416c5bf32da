//! Walks and batches, which look at many slots at a time.

use super::Map;
use crate::sync::{Arc, check, epoch, thread};
use crate::table::{Cursor, Scan, Walk};

const BOUND: usize = 2;

/// All keys in one bucket, told apart by the bit that the first split looks at.
fn map() -> Arc<Map> {
    Arc::new(Map::new(|key| key | key << 48))
}

fn walk(map: &Map) -> Vec<(u64, u64)> {
    let mut met = Vec::new();
    let mut cursor = Cursor::new();
    loop {
        let guard = epoch::pin();
        let more = cursor.next_bucket(&map.table, &guard, |found| {
            met.push((found.node.get().key, found.node.get().value()));
        });
        if !more {
            met.sort_unstable();
            return met;
        }
    }
}

/// The same by a walk that keeps nothing but a number.
fn scan(map: &Map) -> Vec<(u64, u64)> {
    let mut met = Vec::new();
    let mut next = Some(0);
    while let Some(number) = next {
        let guard = epoch::pin();
        let mut walk = Scan::at(number);
        walk.next_bucket(&map.table, &guard, |found| {
            met.push((found.node.get().key, found.node.get().value()));
        });
        next = walk.number();
    }
    met.sort_unstable();
    met
}

/// What is there throughout is met once; what was never published, never.
#[test]
fn loom_walk_against_a_recycled_slot() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        map.insert(2, 20, &epoch::pin());
        let one = thread::spawn({
            let map = map.clone();
            move || {
                let guard = epoch::pin();
                map.remove(1, &guard);
                map.insert_if_absent(1, 11, &guard)
            }
        });
        let two = thread::spawn({
            let map = map.clone();
            move || map.insert_if_absent(1, 12, &epoch::pin())
        });
        let met = walk(&map);
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(one ^ two);
        let winner = if one { 11 } else { 12 };
        let allowed = [vec![(2, 20)], vec![(1, 10), (2, 20)], vec![(1, winner), (2, 20)]];
        assert!(allowed.contains(&met), "{met:?}");
    });
}

/// The slot of a key is taken by another, and the key comes back elsewhere: it is not met in both places.
#[test]
fn loom_walk_against_a_key_that_moves() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let mover = thread::spawn({
            let map = map.clone();
            move || {
                let guard = epoch::pin();
                map.remove(1, &guard);
                map.insert(2, 20, &guard);
                map.insert(1, 11, &guard);
            }
        });
        let met = walk(&map);
        mover.join().unwrap();
        assert!(met.iter().filter(|(key, _)| *key == 1).count() <= 1, "{met:?}");
    });
}

#[test]
fn loom_walk_against_replace() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let writer = thread::spawn({
            let map = map.clone();
            move || map.insert(1, 11, &epoch::pin())
        });
        let met = walk(&map);
        writer.join().unwrap();
        assert!(met == [(1, 10)] || met == [(1, 11)], "{met:?}");
    });
}

#[test]
fn loom_walk_against_a_split() {
    check(BOUND, || {
        let map = map();
        for key in 0..3 {
            map.insert(key, key + 10, &epoch::pin());
        }
        let splitter = thread::spawn({
            let map = map.clone();
            move || map.insert(3, 13, &epoch::pin())
        });
        let met = walk(&map);
        splitter.join().unwrap();
        assert_eq!(met[..3], [(0, 10), (1, 11), (2, 12)]);
        assert!(met[3..].is_empty() || met[3..] == [(3, 13)], "{met:?}");
    });
}

#[test]
fn loom_scan_against_a_split() {
    check(BOUND, || {
        let map = map();
        for key in 0..3 {
            map.insert(key, key + 10, &epoch::pin());
        }
        let splitter = thread::spawn({
            let map = map.clone();
            move || map.insert(3, 13, &epoch::pin())
        });
        let met = scan(&map);
        splitter.join().unwrap();
        assert_eq!(met[..3], [(0, 10), (1, 11), (2, 12)]);
        assert!(met[3..].is_empty() || met[3..] == [(3, 13)], "{met:?}");
    });
}

#[test]
fn loom_scan_against_a_key_that_moves() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        map.insert(4, 40, &epoch::pin());
        let mover = thread::spawn({
            let map = map.clone();
            move || {
                let guard = epoch::pin();
                map.remove(1, &guard);
                map.insert(2, 20, &guard);
                map.insert(1, 11, &guard);
            }
        });
        let met = scan(&map);
        mover.join().unwrap();
        assert!(met.iter().filter(|(key, _)| *key == 1).count() <= 1, "{met:?}");
        assert_eq!(met.iter().filter(|(key, _)| *key == 4).count(), 1, "{met:?}");
    });
}

/// A batch finds what single look-ups would.
#[test]
fn loom_batch_against_replace_and_insert() {
    check(BOUND, || {
        let map = map();
        map.insert(1, 10, &epoch::pin());
        let writer = thread::spawn({
            let map = map.clone();
            move || {
                let guard = epoch::pin();
                map.insert(1, 11, &guard);
                map.insert(2, 20, &guard);
            }
        });
        let guard = epoch::pin();
        let mut seen = [None; 2];
        map.table.find_group(
            &[1 | 1 << 48, 2 | 2 << 48],
            &guard,
            |index, node| node.get().key == index as u64 + 1,
            |index, found| seen[index] = found.map(|found| found.node.get().value()),
        );
        drop(guard);
        writer.join().unwrap();
        assert!(matches!(seen[0], Some(10 | 11)), "{seen:?}");
        assert!(matches!(seen[1], None | Some(20)), "{seen:?}");
    });
}
