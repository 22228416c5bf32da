//! How much there may be: in entries, in weight, and after the bound was changed.

use std::time::Duration;

use purekv::{Cache, Computed, Expiry, Op, Store, TooHeavy};

use crate::{SECOND, bounded};

/// Values are their own weights.
fn weighed(capacity: u64) -> Cache<u32, u32> {
    bounded(capacity).0.weigher(|_, &weight| weight).build()
}

fn sum_of_weights(cache: &Cache<u32, u32>) -> u64 {
    cache.iter().map(|(_, weight)| u64::from(weight.max(1))).sum()
}

#[test]
fn a_full_cache_holds_its_capacity_and_no_more() {
    for capacity in [1, 2, 3, 10, 100, 1000] {
        let cache = bounded(capacity).0.build();
        for key in 0..5 * capacity {
            cache.insert(key, key);
            assert_eq!(cache.len() as u64, capacity.min(key + 1));
            assert_eq!(cache.weight(), cache.len() as u64);
            // What was inserted last is there.
            assert_eq!(cache.get(&key), Some(key));
        }
        assert_eq!(cache.iter().count() as u64, capacity);
        assert_eq!(cache.stats().evicted as u64, 4 * capacity);
        assert_eq!(cache.max_capacity(), Some(capacity));
    }
}

#[test]
fn a_store_is_bounded_in_entries_too() {
    let store = Store::builder().max_capacity(50).expiry(Expiry::Off).build();
    for key in 0..1000_u32 {
        store.insert(&key.to_le_bytes(), &[7; 100]);
        assert!(store.len() <= 50);
    }
    assert_eq!((store.len(), store.weight(), store.iter().count()), (50, 50, 50));
}

#[test]
fn every_way_to_insert_keeps_the_bound() {
    let cache = bounded(10).0.build();
    for key in (0..600_u32).step_by(6) {
        cache.insert(key, key);
        cache.insert_with_ttl(key + 1, key, SECOND);
        assert!(cache.insert_if_absent(key + 2, key));
        cache.compute(key + 3, |_| Op::Put(key));
        cache.get_or_insert_with(&(key + 4), || key);
        cache.try_insert(key + 5, key).unwrap();
        assert!(cache.len() <= 10, "{}", cache.len());
    }
    assert_eq!((cache.len(), cache.weight()), (10, 10));
}

#[test]
fn nothing_fits_into_nothing() {
    let cache = bounded(0).0.build();
    cache.insert(1, 1);
    assert!(!cache.insert_if_absent(1, 1));
    assert_eq!(cache.compute(1, |_| Op::Put(1)), Computed::TooHeavy);
    let error = cache.try_insert(1, 1).unwrap_err();
    assert_eq!((error.weight, error.capacity), (1, 0));
    assert_eq!(error.to_string(), "an entry of weight 1 does not fit a cache of capacity 0");
    assert_eq!((cache.len(), cache.get(&1)), (0, None));
    // What is loaded is handed out, and not stored.
    assert_eq!(cache.get_or_insert_with(&1, || 5), 5);
    assert_eq!(cache.len(), 0);
}

#[test]
fn weight_is_what_the_weigher_says() {
    let cache = weighed(1000);
    for (key, weight) in [(1, 300), (2, 0), (3, 500)] {
        cache.insert(key, weight);
    }
    assert_eq!(cache.weight(), 801);
    cache.insert(1, 100);
    assert_eq!(cache.weight(), 601);
    assert!(cache.update(&3, |weight| weight + 20));
    assert_eq!(cache.weight(), 621);
    assert_eq!(cache.remove(&3), Some(520));
    assert_eq!(cache.weight(), 101);
    cache.clear();
    assert_eq!(cache.weight(), 0);
}

#[test]
fn heavy_entries_push_out_several() {
    let cache = weighed(1000);
    for key in 0..100 {
        cache.insert(key, 10);
    }
    assert_eq!((cache.len(), cache.weight()), (100, 1000));
    cache.insert(1000, 800);
    assert!(cache.contains_key(&1000));
    assert_eq!(cache.weight(), sum_of_weights(&cache));
    assert!(cache.weight() <= 1000 && cache.len() <= 21);
    // Heavier by an update: others go.
    assert!(cache.update(&1000, |_| 990));
    assert!(cache.contains_key(&1000));
    assert!(cache.weight() <= 1000 && cache.len() <= 2);
    assert_eq!(cache.weight(), sum_of_weights(&cache));
}

#[test]
fn what_is_too_heavy_is_refused_and_its_key_absent() {
    let cache = weighed(100);
    let refused = |result: Result<(), TooHeavy>| {
        let error = result.unwrap_err();
        assert_eq!((error.weight, error.capacity), (101, 100));
        assert!(!cache.contains_key(&1));
        assert_eq!(cache.get(&2), Some(40), "others stay");
        assert_eq!(cache.weight(), 40);
    };
    cache.insert(2, 40);
    for put in 0..4 {
        cache.insert(1, 50);
        match put {
            0 => refused(cache.try_insert(1, 101)),
            1 => refused(cache.try_insert_with_ttl(1, 101, SECOND)),
            2 => {
                assert!(!cache.update(&1, |_| 101));
                assert!(!cache.contains_key(&1));
            }
            _ => assert_eq!(cache.compute(1, |_| Op::Put(101)), Computed::TooHeavy),
        }
    }
    // What would not have been inserted anyway removes nothing.
    cache.insert(1, 50);
    assert!(!cache.insert_if_absent(1, 101));
    assert_eq!(cache.get(&1), Some(50));
    cache.insert(1, 100);
    assert_eq!((cache.get(&1), cache.weight(), cache.len()), (Some(100), 100, 1));
}

#[test]
fn the_capacity_can_be_changed() {
    let cache = bounded(100).0.build();
    (0..200).for_each(|key| cache.insert(key, key));
    assert!(cache.set_max_capacity(30));
    assert_eq!((cache.len(), cache.weight(), cache.max_capacity()), (30, 30, Some(30)));
    (200..300).for_each(|key| cache.insert(key, key));
    assert_eq!(cache.len(), 30);
    assert!(cache.set_max_capacity(500));
    (300..1000).for_each(|key| cache.insert(key, key));
    assert_eq!(cache.len(), 500);
    assert!(cache.set_max_capacity(0));
    assert_eq!((cache.len(), cache.weight()), (0, 0));
    cache.insert(1, 1);
    assert!(cache.set_max_capacity(1));
    cache.insert(1, 1);
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_cache_without_a_capacity_gets_none() {
    let cache = Cache::builder().expiry(Expiry::Off).build();
    (0..1000).for_each(|key| cache.insert(key, key));
    assert!(!cache.set_max_capacity(10));
    assert_eq!((cache.len(), cache.max_capacity(), cache.weight()), (1000, None, 0));
    let stats = cache.stats();
    assert_eq!((stats.policy_records, stats.policy_bytes, stats.evicted), (0, 0, 0));
}

#[test]
fn what_is_due_makes_room_and_is_no_eviction() {
    let (builder, time) = bounded(10);
    let cache = builder.build();
    for key in 0..10 {
        cache.insert_with_ttl(key, key, SECOND);
    }
    time.advance(SECOND);
    for key in 10..20 {
        cache.insert(key, key);
    }
    let stats = cache.stats();
    assert_eq!((stats.expired, stats.evicted, stats.entries), (10, 0, 10));
    assert!((10..20).all(|key| cache.contains_key(&key)));
    assert_eq!(cache.weight(), 10);
}

#[test]
fn expired_entries_are_uncounted_by_the_wheel() {
    let (builder, time) = bounded(1000);
    let cache = builder.weigher(|_, &weight: &u32| weight).build();
    for key in 0..100_u32 {
        cache.insert_with_ttl(key, 3, Duration::from_millis(key.into()));
    }
    time.advance(Duration::from_millis(49));
    cache.advance();
    assert_eq!((cache.len(), cache.weight()), (50, 150));
    time.advance(SECOND);
    cache.advance();
    assert_eq!((cache.len(), cache.weight()), (0, 0));
}

/// Of a key that has come and gone there are records with every serial; one of them has that of the new entry. It was evicted, by
/// its own insertion, to make room for itself.
#[test]
fn a_new_entry_is_not_taken_for_a_former_one() {
    let cache = bounded(50).0.build();
    for round in 0..60 {
        cache.insert(0, round);
        cache.remove(&0);
    }
    (1..=50).for_each(|key| cache.insert(key, 0));
    cache.insert(0, 1000);
    assert_eq!(cache.get(&0), Some(1000));
    assert_eq!((cache.len(), cache.weight()), (50, 50));
}

/// As above; the records are those of other keys with the same hash.
#[test]
fn a_new_entry_is_not_taken_for_one_with_its_hash() {
    #[derive(Clone, Default)]
    struct Same;
    impl std::hash::BuildHasher for Same {
        type Hasher = std::hash::DefaultHasher;
        fn build_hasher(&self) -> Self::Hasher {
            std::hash::DefaultHasher::new()
        }
        fn hash_one<T: std::hash::Hash>(&self, _: T) -> u64 {
            7
        }
    }
    for capacity in 1..100 {
        let cache = bounded(capacity).0.hasher(Same).build();
        for key in 0..300 {
            cache.insert(key, key);
            assert_eq!(cache.get(&key), Some(key), "capacity {capacity}");
        }
        assert_eq!((cache.len() as u64, cache.weight()), (capacity, capacity));
        cache.set_max_capacity(0);
        assert_eq!((cache.len(), cache.weight()), (0, 0));
    }
}
