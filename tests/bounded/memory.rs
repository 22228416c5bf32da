//! A bound in bytes.

use purekv::{Expiry, Store};

use crate::random::Random;

/// What the store says it takes, as `max_memory` counts.
fn memory(store: &Store) -> u64 {
    let stats = store.stats();
    stats.weight + (stats.table_bytes + stats.wheel_bytes + stats.policy_bytes) as u64
}

#[test]
fn entries_weigh_their_bytes() {
    let store = Store::builder().max_memory(10 << 20).expiry(Expiry::Off).build();
    store.insert(&[1; 16], &[2; 64]);
    // 16 of header, 80 of key and value: a size of the allocators'.
    assert_eq!(store.weight(), 96);
    store.insert(&[1; 16], &[2; 65]);
    assert_eq!(store.weight(), 112);
    store.insert(&[1; 16], &[]);
    assert_eq!(store.weight(), 32);
    assert!(store.invalidate(&[1; 16]));
    assert_eq!(store.weight(), 0);
    store.insert(&[1; 300], &[2; 3000]);
    // 32 of header and 3300: the next of four sizes between 2 and 4 KiB.
    assert_eq!(store.weight(), 3584);
}

#[test]
fn table_and_queues_count_too() {
    const BOUND: u64 = 4 << 20;
    /// An eighth is for the allocator.
    const USED: u64 = BOUND / 8 * 7;
    let store = Store::builder().max_memory(BOUND).expiry(Expiry::Off).build();
    let mut random = Random::new(5);
    let mut over = 0;
    for number in 0..200_000_u32 {
        store.insert(&number.to_le_bytes(), &vec![7; random.below(100) as usize]);
        if number % 1000 < 40 {
            // The overhead is looked at once in 16 insertions only, and the memory of evicted keys comes at one blow.
            over = if memory(&store) > USED + (100 << 10) { over + 1 } else { 0 };
            assert!(over <= 32, "{number}: {}", memory(&store));
        }
    }
    assert!(memory(&store) > USED * 9 / 10, "{}", memory(&store));
    let error = store.try_insert(b"large", &vec![0; BOUND as usize]).unwrap_err();
    assert!(error.weight > BOUND && error.capacity < USED, "{error}");
}

#[test]
fn the_last_kind_of_bound_counts() {
    let entries = Store::builder().max_memory(1 << 20).max_capacity(10).build();
    let bytes = Store::builder().max_capacity(10).max_memory(1 << 20).build();
    for key in 0..100_u32 {
        entries.insert(&key.to_le_bytes(), b"value");
        bytes.insert(&key.to_le_bytes(), b"value");
    }
    assert_eq!((entries.len(), entries.weight()), (10, 10));
    assert_eq!(bytes.len(), 100);
}
