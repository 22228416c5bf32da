//! Somebody stands still while it moves an entry of a snapshot into memory.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use purekv::{Clock, Expiry, Store, StoreSnapshot, Ttl};

use crate::folder::Folder;
use crate::puppet::Puppet;

/// With the lock, before the entry is in the table.
const THAWING: &str = "cache::warm::thawing";
/// With the lock, when it is.
const PUBLISHED: &str = "cache::warm::published";
/// Its bit is set, and it is not accounted for.
const SETTLED: &str = "cache::warm::settled";
const SITES: [&str; 3] = [THAWING, PUBLISHED, SETTLED];
/// Longer than any operation takes.
const LIMIT: Duration = Duration::from_secs(20);

/// More than there are stripes, so that many share one with any other.
const KEYS: u32 = 2000;

fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

fn dump(folder: &Folder) -> PathBuf {
    let (path, store) = (folder.file("dump"), Store::new());
    (0..KEYS).for_each(|number| store.insert(&key(number), &key(!number)));
    store.dump(&path).expect("a dump");
    path
}

fn warm(path: &PathBuf) -> Store {
    let snapshot = StoreSnapshot::open(path).expect("what was dumped");
    Store::builder().clock(Clock::manual().0).expiry(Expiry::Manual).warm_from(snapshot).build()
}

/// All keys, in every way; those below `gone` are not there.
fn look_at_all(store: &Store, gone: u32) {
    for number in 0..KEYS {
        let (key, expected) = (key(number), (number >= gone).then(|| key(!number)));
        assert_eq!(store.contains_key(&key), expected.is_some());
        assert_eq!(store.ttl(&key), expected.map(|_| Ttl::Never));
        assert_eq!(store.get(&key).as_deref(), expected.as_ref().map(|it| &it[..]), "{number}");
        let view = store.pin();
        assert_eq!(view.get(&key), expected.as_ref().map(|it| &it[..]));
        view.get_many(&[&key, b"none"], |index, found| {
            assert_eq!(found, expected.as_ref().map(|it| &it[..]).filter(|_| index == 0));
        });
    }
}

#[test]
fn a_reader_never_waits_for_who_moves_an_entry() {
    let folder = Folder::new("races-warm-readers");
    let path = dump(&folder);
    for site in SITES {
        for moves in [|store: &Store| _ = store.get(&key(7)), |store: &Store| _ = store.hydrate()] {
            let store = warm(&path);
            thread::scope(|scope| {
                let moving = Puppet::start(scope, &[site], || moves(&store));
                look_at_all(&store, 0);
                look_at_all(&store, 0);
                moving.finish();
            });
            store.hydrate();
            assert_eq!((store.len(), store.is_warming()), (KEYS as usize, false), "{site}");
            assert_eq!(store.stats().inserted, KEYS as usize, "none twice");
        }
    }
}

/// A change waits for who holds its key's stripe, and is done after it.
#[test]
fn a_change_comes_after_who_moves_its_key() {
    let folder = Folder::new("races-warm-changes");
    let path = dump(&folder);
    for site in SITES {
        let store = warm(&path);
        thread::scope(|scope| {
            let moving = Puppet::start(scope, &[site], || {
                assert_eq!(store.get(&key(0)).as_deref(), Some(&key(!0)[..]));
            });
            let (tell, told) = channel();
            let store = &store;
            scope.spawn(move || {
                assert_eq!(store.remove(&key(0)).as_deref(), Some(&key(!0)[..]));
                tell.send(()).expect("somebody hears of it");
            });
            let waits = told.recv_timeout(Duration::from_millis(50)).is_err();
            assert_eq!(waits, site != SETTLED, "{site}");
            // Others go on, but those of the same stripe.
            moving.finish();
            if waits {
                told.recv_timeout(LIMIT).expect("it goes on");
            }
        });
        look_at_all(&store, 1);
        store.hydrate();
        look_at_all(&store, 1);
        assert_eq!(store.len(), KEYS as usize - 1);
    }
}

#[test]
fn what_is_being_moved_is_cleared_too() {
    let folder = Folder::new("races-warm-clear");
    let path = dump(&folder);
    for site in SITES {
        let store = warm(&path);
        thread::scope(|scope| {
            let moving = Puppet::start(scope, &[site], || {
                assert_eq!(store.get(&key(0)).as_deref(), Some(&key(!0)[..]));
            });
            let (tell, told) = channel();
            let other = &store;
            scope.spawn(move || {
                other.clear();
                tell.send(()).expect("somebody hears of it");
            });
            let waits = told.recv_timeout(Duration::from_millis(50)).is_err();
            assert_eq!(waits, site != SETTLED, "{site}");
            if waits {
                // Not cleared yet, so all that is cold is there.
                look_at_all(&store, 0);
            }
            moving.finish();
            if waits {
                told.recv_timeout(LIMIT).expect("it goes on");
            }
        });
        look_at_all(&store, KEYS);
        assert_eq!((store.len(), store.hydrate()), (0, 0));
    }
}
