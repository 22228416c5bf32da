//! A dump that is taken while others write: the cut that it promises.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use purekv::{DumpOptions, Store, StoreSnapshot};

use crate::folder::Folder;

#[test]
fn each_entry_is_one_that_was_live_during_the_dump() {
    dump_under_traffic("traffic", 20_000, 12, 1);
}

#[test]
fn each_entry_is_one_that_was_live_when_several_threads_dump() {
    // So many that there is work for three of them.
    dump_under_traffic("traffic-threads", 140_000, 3, 3);
}

/// Keys that stay are in every dump, once; those that change are there with a value they have had; those that are gone before it, or come
/// after it, are not.
fn dump_under_traffic(name: &str, staying: u64, rounds: u32, threads: usize) {
    const CHANGING: u64 = 64;
    let folder = Folder::new(name);
    let path = folder.file("dump");
    let store = Store::new();
    let stays = |number: u64| [b"stays".as_slice(), &number.to_le_bytes()].concat();
    let changes = |number: u64| [b"changes".as_slice(), &number.to_le_bytes()].concat();
    (0..staying).for_each(|number| store.insert(&stays(number), &number.to_le_bytes()));
    (0..CHANGING).for_each(|number| store.insert(&changes(number), &0_u64.to_le_bytes()));
    store.insert(b"gone", b"");
    store.remove(b"gone");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0_u64;
            while !done.load(Ordering::Relaxed) {
                round += 1;
                // Values only grow; and enough new keys that shards split.
                for number in 0..CHANGING {
                    store.insert(&changes(number), &round.to_le_bytes());
                }
                store.insert(format!("new {round}").as_bytes(), b"new");
                store.remove(format!("new {}", round.saturating_sub(5000)).as_bytes());
            }
        });
        let value = |value: &[u8]| u64::from_le_bytes(value.try_into().unwrap());
        for _ in 0..rounds {
            let least: Vec<u64> =
                (0..CHANGING).map(|n| value(&store.get(&changes(n)).unwrap())).collect();
            store.dump_with(&path, DumpOptions::new().threads(threads)).unwrap();
            let most: Vec<u64> =
                (0..CHANGING).map(|n| value(&store.get(&changes(n)).unwrap())).collect();
            let snapshot = StoreSnapshot::open(&path).unwrap();
            snapshot.verify().unwrap();
            let mut seen = std::collections::HashSet::new();
            for entry in snapshot.iter() {
                assert!(seen.insert(entry.unwrap().key), "a key comes twice");
            }
            for number in 0..staying {
                let found = snapshot.get(&stays(number)).unwrap();
                assert_eq!(found, Some(&number.to_le_bytes()[..]));
            }
            for number in 0..CHANGING {
                // It is replaced, never absent.
                let found = value(snapshot.get(&changes(number)).unwrap().unwrap());
                let index = number as usize;
                assert!((least[index]..=most[index]).contains(&found));
            }
            assert_eq!(snapshot.get(b"gone").unwrap(), None);
        }
        done.store(true, Ordering::Relaxed);
    });
}
