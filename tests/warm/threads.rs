//! Threads: what was removed or overwritten stays so.
//!
//! Nobody ever writes a value of the dump, so each thread that has seen a key without it must not see it again, whoever else is moving it meanwhile.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use purekv::{Expiry, Store, StoreSnapshot};

use crate::folder::Folder;
use crate::random::Random;

const KEYS: u32 = 4000;
const ROUNDS: u64 = 12;

fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

/// Of the dump.
fn old(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(10)
}

fn new(number: u32) -> Vec<u8> {
    (!number).to_be_bytes().repeat(10)
}

fn dump(folder: &Folder) -> std::path::PathBuf {
    let (path, store) = (folder.file("dump"), Store::new());
    (0..KEYS).for_each(|number| store.insert(&key(number), &old(number)));
    store.dump(&path).expect("a dump");
    path
}

/// All keys, in some order.
fn order(random: &mut Random) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..KEYS).collect();
    for place in (1..numbers.len()).rev() {
        numbers.swap(place, random.below(place as u64 + 1) as usize);
    }
    numbers
}

/// Which keys a thread has seen without their old value.
struct Seen(Vec<bool>);

impl Seen {
    fn new() -> Self {
        Self(vec![false; KEYS as usize])
    }

    fn look(&mut self, store: &Store, number: u32, how: u64) {
        let found = match how % 3 {
            0 => store.get(&key(number)),
            1 => store.pin().get(&key(number)).map(<[u8]>::to_vec),
            _ => store.get_many(&[&key(number)]).pop().flatten(),
        };
        let is_old = found.as_ref() == Some(&old(number));
        let seen = &mut self.0[number as usize];
        assert!(!(is_old && *seen), "{number} has come back");
        assert!(is_old || found.is_none() || found == Some(new(number)), "{number}: a wrong value");
        *seen |= !is_old;
    }
}

/// Two readers and `write`, who goes through all keys, on stores that are warmed by `background`.
fn race(name: &str, background: bool, write: impl Fn(&Store, u32) + Sync) {
    let folder = Folder::new(name);
    let path = dump(&folder);
    for round in 0..ROUNDS {
        let random = Random::new(round);
        let snapshot = StoreSnapshot::open(&path).expect("what was dumped");
        let expiry = if background { Expiry::Background } else { Expiry::Manual };
        let builder = Store::builder().expiry(expiry).warm_from(snapshot);
        let store = builder.hydration_rate(2_000_000).build();
        let barrier = Barrier::new(3);
        let is_done = AtomicUsize::new(0);
        thread::scope(|scope| {
            for reader in 0..2 {
                let (store, barrier, is_done) = (&store, &barrier, &is_done);
                let mut random = random.fork(reader);
                scope.spawn(move || {
                    let mut seen = Seen::new();
                    barrier.wait();
                    loop {
                        let was_done = is_done.load(Ordering::Acquire) > 0;
                        for number in order(&mut random) {
                            seen.look(store, number, random.next());
                        }
                        if was_done {
                            break;
                        }
                    }
                });
            }
            barrier.wait();
            let mut random = random.fork(2);
            for number in order(&mut random) {
                write(&store, number);
            }
            is_done.store(1, Ordering::Release);
        });
    }
}

#[test]
fn what_is_removed_stays_away() {
    for background in [false, true] {
        race("warm-race-remove", background, |store, number| {
            assert_eq!(store.remove(&key(number)), Some(old(number)));
            assert_eq!(store.get(&key(number)), None);
            assert!(!store.contains_key(&key(number)));
        });
    }
}

#[test]
fn what_is_overwritten_stays_so() {
    for background in [false, true] {
        race("warm-race-insert", background, |store, number| {
            store.insert(&key(number), &new(number));
            assert_eq!(store.get(&key(number)), Some(new(number)));
        });
    }
}

#[test]
fn what_is_cleared_stays_away() {
    for background in [false, true] {
        let at = AtomicUsize::new(0);
        race("warm-race-clear", background, |store, number| {
            // Somewhere in the midst.
            if at.fetch_add(1, Ordering::Relaxed) % KEYS as usize == 50 {
                store.clear();
                assert!(!store.is_warming());
                assert_eq!(store.get(&key(number)), None);
                assert!((0..KEYS).all(|number| store.get(&key(number)).is_none()));
            }
        });
    }
}

#[test]
fn all_at_once_against_removals() {
    let at = AtomicUsize::new(0);
    race("warm-race-hydrate", false, |store, number| {
        if at.fetch_add(1, Ordering::Relaxed) % KEYS as usize == 500 {
            thread::scope(|scope| {
                scope.spawn(|| store.hydrate());
                (0..KEYS / 2).for_each(|number| _ = store.invalidate(&key(number)));
                assert!((0..KEYS / 2).all(|number| !store.contains_key(&key(number))));
            });
            assert!(!store.is_warming());
            assert!((0..KEYS / 2).all(|number| !store.contains_key(&key(number))));
        }
        store.invalidate(&key(number));
    });
}

/// Of two that remove a key, one gets its value.
#[test]
fn each_is_removed_once() {
    let folder = Folder::new("warm-race-once");
    let path = dump(&folder);
    for round in 0..ROUNDS {
        let snapshot = StoreSnapshot::open(&path).expect("what was dumped");
        let store = Store::builder().warm_from(snapshot).hydration_rate(round * 1_000_000).build();
        let removed = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for number in 0..KEYS {
                        if store.invalidate(&key(number)) {
                            removed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(removed.into_inner(), KEYS as usize);
        store.hydrate();
        assert_eq!(store.len(), 0);
    }
}
