//! Values of hundreds of MiB: by hand, `cargo test --release --features dump --test dump -- --ignored`.

use purekv::{Cache, DumpError, Snapshot, Store, StoreSnapshot};

use crate::folder::Folder;

/// Takes 4 GiB of memory and disk.
#[test]
#[ignore = "large"]
fn huge_values_are_dumped_up_to_a_limit_and_refused_beyond() {
    let folder = Folder::new("huge");
    let path = folder.file("huge");
    let store = Store::new();
    let (large, limit) = (300 << 20, 1 << 30);
    store.insert(b"one", &vec![1; large]);
    store.insert(b"two", &vec![2; large]);
    store.insert(b"limit", &vec![3; limit - 5]);
    store.dump(&path).unwrap();
    let snapshot = StoreSnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    let is = |key: &[u8], len, byte| {
        let value = snapshot.get(key).unwrap().unwrap();
        value.len() == len && value.iter().all(|&found| found == byte)
    };
    assert!(is(b"one", large, 1) && is(b"two", large, 2) && is(b"limit", limit - 5, 3));
    let loaded = Store::new();
    loaded.load(&path).unwrap();
    assert!(loaded.read(b"two", |value| value.len() == large).unwrap());
    drop(loaded);
    store.insert(b"limit", &vec![3; limit]);
    assert!(matches!(store.dump(&path), Err(DumpError::TooLarge { .. })));
    assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 3);
    assert_eq!(folder.names(), ["huge"]);
    let cache = Cache::<u8, Vec<u8>>::new();
    cache.insert(7, vec![7; limit + 1]);
    assert!(matches!(cache.dump(folder.file("typed")), Err(DumpError::TooLarge { .. })));
    cache.insert(7, vec![7; large]);
    cache.dump(folder.file("typed")).unwrap();
    let typed = Snapshot::<u8, Vec<u8>>::open(folder.file("typed")).unwrap();
    assert_eq!(typed.get(&7).unwrap().unwrap().len(), large);
}
