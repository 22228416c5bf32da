//! What has gone wrong in other caches, as tests of this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use purekv::{Cache, Store};

use crate::bounded;
use crate::random::Random;

/// .NET's `MemoryCache` (dotnet/runtime#129186): racing replacements subtracted a size twice, the total drifted below
/// zero, and the cache grew without bound.
#[test]
fn weight_does_not_drift() {
    let cache: Cache<u64, u32> = bounded(100).0.weigher(|_, &weight| weight).build();
    for round in 0..20 {
        thread::scope(|scope| {
            for thread in 0..4 {
                let (cache, mut random) = (&cache, Random::new(round).fork(thread));
                scope.spawn(move || {
                    for _ in 0..2000 {
                        let (key, weight) = (random.below(3), 1 + random.below(60) as u32);
                        if random.once_in(3) {
                            cache.remove(&key);
                        } else {
                            cache.insert(key, weight);
                        }
                    }
                });
            }
        });
        let sum: u64 = cache.iter().map(|(_, weight)| u64::from(weight)).sum();
        assert_eq!(cache.weight(), sum);
        assert!(sum <= 100);
    }
    cache.clear();
    assert_eq!((cache.weight(), cache.len()), (0, 0));
}

/// moka#590: keys that were removed and inserted again left nodes at the front of a queue that eviction would not pass;
/// nothing was evicted any more.
#[test]
fn eviction_goes_on_when_keys_are_used_again() {
    let cache = bounded(100).0.build();
    for round in 0..50_u64 {
        for key in 0..100 {
            cache.insert(key, round);
            cache.remove(&key);
            cache.insert(key, round);
        }
        for key in 0..300 {
            cache.insert(1000 + round * 300 + key, round);
            assert!(cache.len() <= 100);
        }
    }
    assert_eq!((cache.len(), cache.weight()), (100, 100));
}

/// quick_cache#26: the capacity was divided among shards, so that an entry of more than a shard's part was refused.
#[test]
fn one_entry_may_take_the_whole_capacity() {
    let builder = bounded(1_000_000).0.shards(64).weigher(|_, &weight: &u32| weight);
    let cache = builder.build();
    (0..1000).for_each(|key| cache.insert(key, 10));
    for weight in [900_000, 1_000_000] {
        cache.insert(5000, weight);
        assert_eq!(cache.get(&5000), Some(weight));
    }
    assert_eq!((cache.len(), cache.weight()), (1, 1_000_000));
}

/// A bounded cache whose keys all fall into one shard holds as many as any other.
#[test]
fn keys_may_fall_on_shards_as_they_like() {
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
    let cache = bounded(200).0.hasher(Same).build();
    for key in 0..1000 {
        cache.insert(key, ());
        assert!(cache.len() <= 200);
    }
    assert_eq!(cache.iter().count(), 200);
}

/// moka#125: values of invalidated and evicted entries were dropped when somebody came by, if at all.
#[test]
fn values_are_dropped_without_further_traffic() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let cache = Cache::builder().max_capacity(100).build();
    for key in 0..1000 {
        cache.insert(key, Counted(dropped.clone()));
    }
    let begun = std::time::Instant::now();
    while dropped.load(SeqCst) < 900 {
        assert!(begun.elapsed().as_secs() < 60, "{} of 900 were dropped", dropped.load(SeqCst));
        thread::park_timeout(std::time::Duration::from_millis(1));
    }
    assert_eq!(cache.len(), 100);
}

/// Records of keys that are gone stay in the queues of many caches until eviction comes to them, and below capacity it never does.
#[test]
fn records_stay_few_below_capacity() {
    let cache = bounded(1_000_000).0.build();
    let records = |what: &str| {
        let stats = cache.stats();
        let most = 2 * stats.entries + 2048;
        assert!(stats.policy_records <= most, "{what}: {} of {most}", stats.policy_records);
        assert!(stats.policy_bytes <= 64 * (stats.entries + 2048), "{}", stats.policy_bytes);
    };
    // Ever new keys.
    for key in 0..100_000_u64 {
        cache.insert(key, ());
        cache.remove(&key);
    }
    records("new keys");
    // One key, which is there in the end.
    for _ in 0..100_000 {
        cache.insert(7, ());
        cache.remove(&7);
    }
    cache.insert(7, ());
    records("one key");
    // Among others that stay.
    (100..5100).for_each(|key| cache.insert(key, ()));
    for _ in 0..100_000 {
        cache.insert(7, ());
        cache.remove(&7);
    }
    records("one key among many");
    cache.clear();
    records("cleared");
}

/// As above, and what goes goes by being due.
#[test]
fn records_stay_few_when_entries_expire() {
    let (builder, time) = bounded(1_000_000);
    let cache = builder.build();
    for round in 0..20_u64 {
        for key in 0..10_000 {
            cache.insert_with_ttl(round * 10_000 + key, (), crate::SECOND);
        }
        time.advance(crate::SECOND);
        match round % 2 {
            0 => drop(cache.advance()),
            // Met by who asks for them.
            _ => assert!((0..10_000).all(|key| cache.get(&(round * 10_000 + key)).is_none())),
        }
        let stats = cache.stats();
        assert!(stats.policy_records <= 2 * stats.entries + 2048, "{stats:?}");
    }
}

/// Overwriting leaves no records behind: an entry keeps its own.
#[test]
fn overwriting_needs_no_records() {
    let store = Store::builder().max_capacity(100).build();
    for round in 0..10_000_u32 {
        store.insert(&(round % 50).to_le_bytes(), &round.to_le_bytes());
    }
    assert_eq!((store.stats().policy_records, store.len()), (50, 50));
}
