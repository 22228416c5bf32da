//! Plain tests: sequences against std's map, and threads.

use std::collections::HashMap;

use proptest::prelude::*;

use super::Map;
use crate::sync::{Arc, epoch, thread};
use crate::table::Cursor;
use crate::table::directory::MAX_DEPTH;

/// Spreads keys over all bits.
fn spread(key: u64) -> u64 {
    (key ^ key >> 31)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
        .wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn contents(map: &Map) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let mut cursor = Cursor::new();
    loop {
        let guard = epoch::pin();
        let more = cursor.next_bucket(&map.table, &guard, |entry| {
            found.push((entry.node.get().key, entry.node.get().value()));
        });
        if !more {
            return found;
        }
    }
}

#[test]
fn grows_from_one_shard_and_keeps_every_key() {
    const KEYS: u64 = 50_000;
    let map = Map::new(spread);
    let guard = epoch::pin();
    for key in 0..KEYS {
        assert_eq!(map.insert(key, key + 1, &guard), None);
    }
    for key in 0..KEYS {
        assert_eq!(map.get(key, &guard), Some(key + 1));
    }
    assert_eq!(map.get(KEYS, &guard), None);
    let mut all = contents(&map);
    all.sort_unstable();
    assert_eq!(all, (0..KEYS).map(|key| (key, key + 1)).collect::<Vec<_>>());
    let per_entry = map.table.memory() as f64 / KEYS as f64;
    assert!(per_entry < 32.0, "{per_entry} bytes of table per entry");
}

/// Each entry is in one part, whether the table is split as deep as the parts are, before or in the middle of the walk.
#[test]
fn parts_are_the_whole_table() {
    const DEPTH: u32 = 4;
    for keys in [3, 400, 40_000] {
        let map = Map::new(spread);
        for key in 0..keys {
            map.insert(key, key, &epoch::pin());
        }
        let mut met = Vec::new();
        let mut more_keys = (keys..).peekable();
        for part in 0..1 << DEPTH {
            let mut cursor = Cursor::of_part(part, DEPTH);
            while cursor.next_bucket(&map.table, &epoch::pin(), |found| {
                met.push(found.node.get().key);
            }) {
                // Splits, until the shards are deeper than the parts.
                if let Some(key) = more_keys.next_if(|&key| key < 2 * keys + 1000) {
                    map.insert(key, key, &epoch::pin());
                }
            }
        }
        met.retain(|&key| key < keys);
        met.sort_unstable();
        assert!(met.into_iter().eq(0..keys), "{keys}");
        assert_eq!(map.table.shards() > 1 << DEPTH, keys == 40_000);
    }
}

#[test]
fn a_batch_finds_what_single_look_ups_find() {
    let map = Map::new(spread);
    let guard = epoch::pin();
    for key in 0..5000 {
        map.insert(key, key, &guard);
    }
    let keys: Vec<u64> = (4980..5012).collect();
    let hashes: Vec<u64> = keys.iter().map(|&key| spread(key)).collect();
    let mut values = Vec::new();
    map.table.find_group(
        &hashes,
        &guard,
        |index, node| node.get().key == keys[index],
        |_, found| values.push(found.map(|found| found.node.get().value())),
    );
    let expected: Vec<_> = keys.iter().map(|&key| (key < 5000).then_some(key)).collect();
    assert_eq!(values, expected);
}

#[test]
fn churn_at_constant_size_keeps_the_table_at_its_size() {
    const LIVE: u64 = 5_000;
    let map = Map::new(spread);
    for key in 0..LIVE {
        map.insert(key, key, &epoch::pin());
    }
    let mut sizes = Vec::new();
    for key in LIVE..LIVE * 60 {
        let guard = epoch::pin();
        assert_eq!(map.remove(key - LIVE, &guard), Some(key - LIVE));
        assert!(map.insert_if_absent(key, key, &guard));
        if key % (LIVE * 10) == 0 {
            sizes.push(map.table.shards());
        }
    }
    assert!(sizes.last() <= Some(&16), "{sizes:?} shards for {LIVE} entries");
}

fn threads_on_disjoint_keys(keys: u64, hash: fn(u64) -> u64) {
    const THREADS: u64 = 4;
    let map = Arc::new(Map::new(hash));
    let workers: Vec<_> = (0..THREADS)
        .map(|worker| {
            let map = map.clone();
            thread::spawn(move || {
                for key in (0..keys).map(|key| key * THREADS + worker) {
                    let guard = epoch::pin();
                    assert!(map.insert_if_absent(key, key, &guard));
                    assert_eq!(map.get(key, &guard), Some(key));
                    if key % 3 == 0 {
                        assert_eq!(map.remove(key, &guard), Some(key));
                    } else {
                        assert_eq!(map.insert(key, !key, &guard), Some(key));
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let mut all = contents(&map);
    all.sort_unstable();
    let expected = (0..keys * THREADS).filter(|key| key % 3 != 0).map(|key| (key, !key));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[test]
fn threads_on_disjoint_keys_lose_nothing() {
    threads_on_disjoint_keys(10_000, spread);
}

#[test]
fn nor_if_all_keys_have_one_hash() {
    threads_on_disjoint_keys(300, |_| 7);
}

/// Chains, and splits that part them.
#[test]
fn nor_if_many_keys_have_few_hashes() {
    threads_on_disjoint_keys(2_000, few);
}

#[test]
fn one_insert_of_a_key_wins() {
    const KEYS: u64 = 3_000;
    let map = Arc::new(Map::new(spread));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let map = map.clone();
            thread::spawn(move || {
                (0..KEYS).filter(|&key| map.insert_if_absent(key, worker, &epoch::pin())).count()
            })
        })
        .collect();
    let wins: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    assert_eq!(wins as u64, KEYS);
    assert_eq!(contents(&map).len() as u64, KEYS);
}

#[test]
fn a_walk_meets_every_lasting_key_once_while_shards_split() {
    const LASTING: u64 = 2_000;
    let map = Arc::new(Map::new(spread));
    for key in 0..LASTING {
        map.insert(key, 0, &epoch::pin());
    }
    let grower = thread::spawn({
        let map = map.clone();
        move || {
            for key in LASTING..LASTING * 20 {
                map.insert(key, 0, &epoch::pin());
            }
        }
    });
    while !grower.is_finished() {
        let mut seen = HashMap::new();
        for (key, _) in contents(&map) {
            *seen.entry(key).or_insert(0) += 1;
        }
        assert!(seen.values().all(|&times| times == 1));
        assert!((0..LASTING).all(|key| seen.contains_key(&key)));
    }
    grower.join().unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, u64),
    InsertIfAbsent(u64, u64),
    Remove(u64),
    Get(u64),
}

fn step() -> impl Strategy<Value = Step> {
    // Few keys with few different buckets, so that lines fill up and are given back.
    let key = 0..600_u64;
    prop_oneof![
        (key.clone(), any::<u64>()).prop_map(|(key, value)| Step::Insert(key, value)),
        (key.clone(), any::<u64>()).prop_map(|(key, value)| Step::InsertIfAbsent(key, value)),
        key.clone().prop_map(Step::Remove),
        key.prop_map(Step::Get),
    ]
}

/// Sixteen buckets only, tags of two values, so that tags collide and buckets overflow and split.
fn crowded(key: u64) -> u64 {
    let mixed = spread(key);
    (mixed & 1) << 63 | (mixed >> 8 & 15) << 40 | mixed >> 20 & 0xf_ffff
}

/// One of 40.
fn few(key: u64) -> u64 {
    spread(key % 40)
}

/// A shard at the last depth, beyond which there are no bits to split by, is replaced by one of its own.
#[test]
fn at_the_last_depth_there_is_room_too() {
    /// Of the keys in one bucket, those of level *n* leave the path to the last shard at bit *n* of the hash.
    fn path(key: u64) -> u64 {
        let bit = if key >> 8 < MAX_DEPTH.into() { 1 << (key >> 8) } else { 0 };
        (key & 0xff) << 48 | bit
    }
    let map = Map::new(path);
    let guard = epoch::pin();
    let beyond = u64::from(MAX_DEPTH) << 8;
    let keys: Vec<u64> = (0..8)
        .map(|key| beyond | key)
        .chain((0..u64::from(MAX_DEPTH)).flat_map(|level| (0..8).map(move |key| level << 8 | key)))
        .chain((8..200).map(|key| beyond | key))
        .collect();
    for &key in &keys {
        assert!(map.insert_if_absent(key, key, &guard));
    }
    assert!(keys.iter().all(|&key| map.get(key, &guard) == Some(key)));
    assert_eq!(map.table.shards(), MAX_DEPTH as usize + 1);
    assert_eq!(contents(&map).len(), keys.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn behaves_as_a_map(steps in proptest::collection::vec(step(), 1..3000), hash in 0..4_usize) {
        let map = Map::new([spread, crowded, few, |_| 7][hash]);
        let mut model = HashMap::new();
        for step in steps {
            let guard = epoch::pin();
            match step {
                Step::Insert(key, value) => {
                    prop_assert_eq!(map.insert(key, value, &guard), model.insert(key, value));
                }
                Step::InsertIfAbsent(key, value) => {
                    let absent = !model.contains_key(&key);
                    prop_assert_eq!(map.insert_if_absent(key, value, &guard), absent);
                    model.entry(key).or_insert(value);
                }
                Step::Remove(key) => prop_assert_eq!(map.remove(key, &guard), model.remove(&key)),
                Step::Get(key) => prop_assert_eq!(map.get(key, &guard), model.get(&key).copied()),
            }
        }
        let mut all = contents(&map);
        all.sort_unstable();
        let mut expected: Vec<_> = model.into_iter().collect();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
    }
}
