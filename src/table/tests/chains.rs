//! Models of chained buckets: each race as of a plain bucket, on keys that no split can part.

use super::Map;
use crate::sync::{Arc, check, epoch, thread};
use crate::table::Cursor;
use crate::table::control::SLOTS;

/// Preemptions that each model is explored with; where three threads meet, or a chain is copied, less.
const BOUND: usize = 3;
const FEWER: usize = 2;

/// Keys besides key 1, which the races are about, begin here. They are even.
const OTHERS: u64 = 100;

/// One bucket for all keys, and one hash.
fn constant(_: u64) -> u64 {
    7 << 48
}

/// One bucket for all keys; a split parts the odd ones from the even.
fn parity(key: u64) -> u64 {
    key & 1 | (key & 0xff) << 48
}

/// How the bucket is when the race begins.
#[derive(Clone, Copy)]
enum Bucket {
    /// Plain, and full: the next insert makes it a chain.
    Plain,
    /// A chain with one open place.
    Open,
    /// A chain without an open place: the next insert renews it.
    Full,
}

/// Key 1 with value 10, and as many others, each with its key as value, as it takes.
fn map(bucket: Bucket, hash: fn(u64) -> u64) -> Arc<Map> {
    let map = Map::new(hash);
    let guard = epoch::pin();
    let others = (OTHERS..).step_by(2);
    let count = match bucket {
        Bucket::Plain => SLOTS - 1,
        Bucket::Open | Bucket::Full => SLOTS + 1,
    };
    for key in others.clone().take(count) {
        map.insert(key, key, &guard);
    }
    map.insert(1, 10, &guard);
    let open = match bucket {
        Bucket::Plain => None,
        Bucket::Open => Some(1),
        Bucket::Full => Some(0),
    };
    for key in others.skip(count) {
        if map.open_places(0, &guard) == open {
            break;
        }
        map.insert(key, key, &guard);
    }
    drop(guard);
    Arc::new(map)
}

/// Runs `body` in a thread that pins itself.
fn go<T: Send + 'static>(
    map: &Arc<Map>,
    body: impl FnOnce(&Map, &epoch::Guard) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let map = map.clone();
    thread::spawn(move || body(&map, &epoch::pin()))
}

/// Two keys of the others are where they were.
fn assert_others(map: &Map) {
    let guard = epoch::pin();
    for key in [OTHERS, OTHERS + 2] {
        assert_eq!(map.get(key, &guard), Some(key));
    }
}

/// All entries, sorted; those of the others left out.
fn walk(map: &Map) -> Vec<(u64, u64)> {
    let (mut met, mut others) = (Vec::new(), 0);
    let mut cursor = Cursor::new();
    loop {
        let guard = epoch::pin();
        let more = cursor.next_bucket(&map.table, &guard, |found| {
            let entry = found.node.get();
            match entry.key {
                OTHERS.. => others += 1,
                key => met.push((key, entry.value())),
            }
        });
        if !more {
            assert!(others >= SLOTS - 1, "only {others} of the others");
            met.sort_unstable();
            return met;
        }
    }
}

fn two_inserts_of_one_key(bound: usize, bucket: Bucket) {
    check(bound, move || {
        let map = map(bucket, constant);
        let one = go(&map, |map, guard| map.insert_if_absent(2, 20, guard));
        let two = map.insert_if_absent(2, 21, &epoch::pin());
        let one = one.join().unwrap();
        assert!(one ^ two);
        assert_eq!(map.get(2, &epoch::pin()), Some(if one { 20 } else { 21 }));
        assert_others(&map);
    });
}

#[test]
fn loom_chain_two_inserts_of_one_key() {
    two_inserts_of_one_key(BOUND, Bucket::Open);
}

#[test]
fn loom_chain_two_inserts_of_one_key_that_renew() {
    two_inserts_of_one_key(FEWER, Bucket::Full);
}

#[test]
fn loom_chain_two_inserts_of_one_key_that_make_the_chain() {
    two_inserts_of_one_key(FEWER, Bucket::Plain);
}

/// Both want the one open place; who comes second renews the chain.
#[test]
fn loom_chain_inserts_of_two_keys() {
    check(FEWER, || {
        let map = map(Bucket::Open, constant);
        let one = go(&map, |map, guard| map.insert(2, 20, guard));
        assert_eq!(map.insert(3, 30, &epoch::pin()), None);
        assert_eq!(one.join().unwrap(), None);
        let guard = epoch::pin();
        assert_eq!((map.get(2, &guard), map.get(3, &guard)), (Some(20), Some(30)));
        drop(guard);
        assert_others(&map);
    });
}

#[test]
fn loom_chain_inserts_and_a_reader() {
    check(FEWER, || {
        let map = map(Bucket::Open, constant);
        let one = go(&map, |map, guard| map.insert(2, 20, guard));
        let reader = go(&map, |map, guard| (map.get(2, guard), map.get(2, guard)));
        let two = map.insert(2, 21, &epoch::pin());
        let one = one.join().unwrap();
        match reader.join().unwrap() {
            (Some(_), None) => panic!("it was there, and nobody removes"),
            (Some(first), Some(second)) if first != second => {
                let order = if first == 20 { (None, Some(20)) } else { (Some(21), None) };
                assert_eq!((one, two), order);
            }
            _ => {}
        }
    });
}

#[test]
fn loom_chain_replace_against_remove_and_insert() {
    check(BOUND, || {
        let map = map(Bucket::Open, constant);
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

#[test]
fn loom_chain_two_removes() {
    check(BOUND, || {
        let map = map(Bucket::Full, constant);
        let one = go(&map, |map, guard| map.remove(1, guard));
        let two = map.remove(1, &epoch::pin());
        assert!(one.join().unwrap().is_some() ^ two.is_some());
        assert_eq!(map.get(1, &epoch::pin()), None);
        assert_others(&map);
    });
}

#[test]
fn loom_chain_readers_against_replace_and_remove() {
    check(BOUND, || {
        let map = map(Bucket::Open, constant);
        let reader = go(&map, |map, guard| (map.get(1, guard), map.get(1, guard)));
        let guard = epoch::pin();
        assert_eq!(map.insert(1, 11, &guard), Some(10));
        assert_eq!(map.remove(1, &guard), Some(11));
        drop(guard);
        let (first, second) = reader.join().unwrap();
        let order = [Some(10), Some(11), None];
        let place = |seen| order.iter().position(|value| *value == seen).expect("a value that was");
        assert!(place(first) <= place(second), "{first:?}, then {second:?}");
    });
}

/// A removed key comes back at another place, once.
#[test]
fn loom_chain_a_key_that_comes_back() {
    check(FEWER, || {
        let map = map(Bucket::Open, constant);
        let one = go(&map, |map, guard| {
            assert_eq!(map.remove(1, guard), Some(10));
            map.insert_if_absent(1, 11, guard)
        });
        let two = go(&map, |map, guard| map.insert_if_absent(1, 12, guard));
        let seen = map.get(1, &epoch::pin());
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(one ^ two);
        let winner = if one { 11 } else { 12 };
        assert!([None, Some(10), Some(winner)].contains(&seen), "an entry that was never inserted");
        assert_eq!(map.get(1, &epoch::pin()), Some(winner));
    });
}

/// The last entry goes while one comes.
#[test]
fn loom_chain_remove_of_the_last_against_insert() {
    check(BOUND, || {
        let map = map(Bucket::Full, constant);
        let guard = epoch::pin();
        for key in OTHERS..OTHERS + 4 * SLOTS as u64 {
            map.remove(key, &guard);
        }
        drop(guard);
        let remover = go(&map, |map, guard| map.remove(1, guard));
        assert!(map.insert_if_absent(2, 20, &epoch::pin()));
        assert_eq!(remover.join().unwrap(), Some(10));
        let guard = epoch::pin();
        assert_eq!((map.get(1, &guard), map.get(2, &guard)), (None, Some(20)));
    });
}

/// The chain is copied, or made, while an entry is removed.
fn renewal_against_remove(bucket: Bucket) {
    check(FEWER, move || {
        let map = map(bucket, constant);
        let inserter = go(&map, |map, guard| map.insert(2, 20, guard));
        assert_eq!(map.remove(1, &epoch::pin()), Some(10));
        assert_eq!(map.get(1, &epoch::pin()), None);
        assert_eq!(inserter.join().unwrap(), None);
        let guard = epoch::pin();
        assert_eq!((map.get(1, &guard), map.get(2, &guard)), (None, Some(20)), "resurrected");
        drop(guard);
        assert_others(&map);
    });
}

#[test]
fn loom_chain_renewed_against_remove() {
    renewal_against_remove(Bucket::Full);
}

#[test]
fn loom_chain_made_against_remove() {
    renewal_against_remove(Bucket::Plain);
}

fn renewal_against_replace_and_get(bucket: Bucket) {
    check(FEWER, move || {
        let map = map(bucket, constant);
        let inserter = go(&map, |map, guard| map.insert(2, 20, guard));
        assert_eq!(map.insert(1, 11, &epoch::pin()), Some(10));
        assert_eq!(map.get(1, &epoch::pin()), Some(11), "lost update");
        assert_eq!(inserter.join().unwrap(), None);
        assert_eq!(map.get(1, &epoch::pin()), Some(11), "lost update");
        assert_others(&map);
    });
}

#[test]
fn loom_chain_renewed_against_replace_and_get() {
    renewal_against_replace_and_get(Bucket::Full);
}

#[test]
fn loom_chain_made_against_replace_and_get() {
    renewal_against_replace_and_get(Bucket::Plain);
}

/// The old chain is retired while somebody is in it.
fn renewal_against_readers(bucket: Bucket) {
    check(FEWER, move || {
        let map = map(bucket, constant);
        let inserter = go(&map, |map, guard| map.insert(2, 20, guard));
        let guard = epoch::pin();
        assert_eq!(map.get(1, &guard), Some(10));
        assert!(matches!(map.get(2, &guard), None | Some(20)));
        drop(guard);
        assert_eq!(inserter.join().unwrap(), None);
        assert_others(&map);
    });
}

#[test]
fn loom_chain_renewed_against_readers() {
    renewal_against_readers(Bucket::Full);
}

#[test]
fn loom_chain_made_against_readers() {
    renewal_against_readers(Bucket::Plain);
}

/// Its shard is replaced: the bucket falls into a chain and a plain one.
fn split_against<T: Send + 'static>(
    bucket: Bucket,
    race: impl Fn(&Map, &epoch::Guard) -> T + Copy + Send + Sync + 'static,
    verdict: impl Fn(T, &Map) + Send + Sync + 'static,
) {
    check(FEWER, move || {
        let map = map(bucket, parity);
        let splitter = go(&map, |map, guard| map.split(parity(1), guard));
        let outcome = race(&map, &epoch::pin());
        splitter.join().unwrap();
        verdict(outcome, &map);
        assert_others(&map);
    });
}

#[test]
fn loom_chain_split_against_insert() {
    split_against(
        Bucket::Open,
        |map, guard| map.insert_if_absent(3, 30, guard),
        |inserted, map| {
            let guard = epoch::pin();
            assert!(inserted);
            assert_eq!((map.get(1, &guard), map.get(3, &guard)), (Some(10), Some(30)));
        },
    );
}

/// One thread copies the chain for the sake of its place, the other for the sake of the shard.
#[test]
fn loom_chain_split_against_renewal() {
    split_against(
        Bucket::Full,
        |map, guard| map.insert_if_absent(3, 30, guard),
        |inserted, map| {
            let guard = epoch::pin();
            assert!(inserted);
            assert_eq!((map.get(1, &guard), map.get(3, &guard)), (Some(10), Some(30)));
        },
    );
}

#[test]
fn loom_chain_split_against_remove() {
    split_against(
        Bucket::Open,
        |map, guard| map.remove(1, guard),
        |removed, map| {
            assert_eq!(removed, Some(10));
            assert_eq!(map.get(1, &epoch::pin()), None, "resurrected");
        },
    );
}

#[test]
fn loom_chain_split_against_replace_and_get() {
    split_against(
        Bucket::Open,
        |map, guard| (map.insert(1, 11, guard), map.get(1, guard)),
        |outcome, map| {
            assert_eq!(outcome, (Some(10), Some(11)));
            assert_eq!(map.get(1, &epoch::pin()), Some(11), "lost update");
        },
    );
}

#[test]
fn loom_chain_split_against_a_walk() {
    split_against(
        Bucket::Open,
        |map, _| walk(map),
        |met, map| {
            assert_eq!(met, [(1, 10)]);
            assert_eq!(walk(map), [(1, 10)]);
        },
    );
}

#[test]
fn loom_chain_two_splits_against_a_reader() {
    split_against(
        Bucket::Open,
        |map, guard| {
            map.split(parity(1), guard);
            map.get(1, guard)
        },
        |seen, _| assert_eq!(seen, Some(10)),
    );
}

/// At the last depth a shard is replaced by one of its own depth, whatever bits its keys differ in. (Only the model's
/// last depth is within reach.)
#[test]
fn loom_chain_made_at_the_last_depth() {
    check(FEWER, || {
        let map = Arc::new(Map::of_depth(2, |key| key << 2));
        let guard = epoch::pin();
        for key in 0..SLOTS as u64 {
            map.insert(key, key + 10, &guard);
        }
        drop(guard);
        let inserter = go(&map, |map, guard| map.insert(50, 60, guard));
        assert_eq!(map.insert(51, 61, &epoch::pin()), None);
        assert_eq!(inserter.join().unwrap(), None);
        let guard = epoch::pin();
        for key in [0, 1, 50, 51] {
            assert_eq!(map.get(key, &guard), Some(key + 10));
        }
        assert!(!cfg!(purekv_loom) || map.table.shards() == 4);
    });
}

/// What is there throughout is met once.
#[test]
fn loom_chain_walk_against_renewal() {
    check(FEWER, || {
        let map = map(Bucket::Full, constant);
        let writer = go(&map, |map, guard| {
            map.insert(2, 20, guard);
            map.insert(1, 11, guard);
        });
        let met = walk(&map);
        writer.join().unwrap();
        assert!(matches!(met[..], [(1, 10 | 11)] | [(1, 10 | 11), (2, 20)]), "{met:?}");
    });
}

/// A key that leaves its place and comes back at a later one is not met in both.
#[test]
fn loom_chain_walk_against_a_key_that_moves() {
    check(FEWER, || {
        let map = map(Bucket::Open, constant);
        let mover = go(&map, |map, guard| {
            map.remove(1, guard);
            map.insert(1, 11, guard);
        });
        let met = walk(&map);
        mover.join().unwrap();
        assert!(matches!(met[..], [] | [(1, 10 | 11)]), "{met:?}");
    });
}
