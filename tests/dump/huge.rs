//! Values of many MiB, and those that are too large.

use purekv::{Cache, DumpError, Snapshot, Store, StoreSnapshot};

use crate::folder::Folder;

/// What key and value of an entry may take together.
const LIMIT: usize = 1 << 30;

#[test]
fn large_values_have_sections_of_their_own() {
    const LARGE: usize = 40 << 20;
    let folder = Folder::new("large");
    let path = folder.file("large");
    let store = Store::new();
    store.insert(b"one", &vec![1; LARGE]);
    store.insert(b"two", &vec![2; LARGE]);
    store.insert(b"small", b"three");
    store.dump(&path).unwrap();
    let snapshot = StoreSnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    for (key, byte) in [(b"one", 1), (b"two", 2)] {
        assert!(snapshot.get(key).unwrap().unwrap() == vec![byte; LARGE]);
    }
    assert_eq!(snapshot.get(b"small").unwrap(), Some(&b"three"[..]));
    let loaded = Store::new();
    loaded.load(&path).unwrap();
    assert!(loaded.read(b"two", |value| value == vec![2; LARGE]).unwrap());

    let cache = Cache::<u8, Vec<u8>>::new();
    cache.insert(7, vec![7; LARGE]);
    cache.dump(folder.file("typed")).unwrap();
    let typed = Snapshot::<u8, Vec<u8>>::open(folder.file("typed")).unwrap();
    assert!(typed.get(&7).unwrap().unwrap().as_slice() == vec![7; LARGE]);
}

/// Whether there are so many bytes of memory to be had; where the system does not say, there are not.
fn has_memory(bytes: u64) -> bool {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.is_some_and(|kibibytes| kibibytes << 10 >= bytes)
}

#[test]
fn what_is_too_large_is_refused_before_the_old_dump_is_touched() {
    if !has_memory(6 << 30) {
        println!("skipped: it takes 4 GiB of memory, and there is less than 6");
        return;
    }
    let folder = Folder::new("too-large");
    let path = folder.file("too-large");
    let store = Store::new();
    store.insert(b"small", b"value");
    store.dump(&path).unwrap();
    store.insert(b"large", &vec![3; LIMIT]);
    assert!(matches!(store.dump(&path), Err(DumpError::TooLarge { .. })));
    assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 1);
    assert_eq!(folder.names(), ["too-large"]);
    drop(store);
    let cache = Cache::<u8, Vec<u8>>::new();
    cache.insert(7, vec![7; LIMIT + 1]);
    assert!(matches!(cache.dump(folder.file("typed")), Err(DumpError::TooLarge { .. })));
}
