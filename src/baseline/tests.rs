//! What is the baseline's own; what it shares with the others is in `tests/conformance`.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn records(cache: &MutexCache) -> usize {
    cache.shared.deadlines.as_ref().map_or(0, |deadlines| lock(deadlines).len())
}

#[test]
fn an_old_record_does_not_delete_a_later_value() {
    let (clock, time) = Clock::manual();
    let cache = MutexCache::builder().clock(clock).build();
    cache.insert_with_ttl(b"longer", b"1", SECOND);
    cache.insert_with_ttl(b"longer", b"2", 3 * SECOND);
    cache.insert_with_ttl(b"never", b"1", SECOND);
    cache.insert(b"never", b"2");
    cache.insert_with_ttl(b"persisted", b"1", SECOND);
    assert!(cache.persist(b"persisted"));
    time.advance(2 * SECOND);
    assert_eq!(cache.advance(), 0);
    assert_eq!(cache.len(), 3);
    assert_eq!(cache.get(b"longer").as_deref(), Some(&b"2"[..]));
    assert_eq!(cache.get(b"never").as_deref(), Some(&b"2"[..]));
    time.advance(SECOND);
    assert_eq!(cache.advance(), 1);
    assert_eq!(cache.len(), 2);
}

#[test]
fn records_outlive_their_keys_until_they_are_due() {
    let (clock, time) = Clock::manual();
    let cache = MutexCache::builder().clock(clock).build();
    for _ in 0..100 {
        cache.insert_with_ttl(b"key", b"value", SECOND);
        cache.remove(b"key");
    }
    assert_eq!((cache.len(), records(&cache)), (0, 100));
    time.advance(SECOND);
    assert_eq!(cache.advance(), 0);
    assert_eq!(records(&cache), 0);
}

#[test]
fn a_kept_ttl_needs_no_second_record() {
    let (clock, time) = Clock::manual();
    let cache = MutexCache::builder().clock(clock).build();
    cache.insert_with_ttl(b"key", b"1", SECOND);
    cache.compute(b"key", |_| Op::PutKeepTtl(b"2".to_vec()));
    assert_eq!(records(&cache), 1);
    time.advance(SECOND);
    assert_eq!(cache.advance(), 1);
}

#[test]
fn without_a_collector_the_dead_stay_and_nothing_piles_up() {
    let (clock, time) = Clock::manual();
    let cache = MutexCache::builder().clock(clock).ttl_garbage_timeout(Duration::ZERO).build();
    cache.insert_with_ttl(b"key", b"value", SECOND);
    time.advance(SECOND);
    assert_eq!(cache.advance(), 0);
    assert_eq!(cache.get(b"key"), None);
    assert_eq!((cache.len(), records(&cache)), (1, 0));
}

#[test]
fn the_collector_removes_in_the_background() {
    let timeout = Duration::from_millis(1);
    let cache = MutexCache::builder().ttl_garbage_timeout(timeout).build();
    cache.insert_with_ttl(b"key", b"value", timeout);
    let start = std::time::Instant::now();
    while !cache.is_empty() {
        assert!(start.elapsed() < 30 * SECOND, "not collected");
        std::thread::yield_now();
    }
    // The shard lets go of the entry just before its lag is recorded.
    while cache.expiry_lag().count() == 0 {
        assert!(start.elapsed() < 30 * SECOND, "not recorded");
        std::thread::yield_now();
    }
}

#[test]
fn dropping_stops_the_collector_at_once() {
    let cache = MutexCache::builder().ttl_garbage_timeout(Duration::from_secs(3600)).build();
    let shared = Arc::downgrade(&cache.shared);
    let start = std::time::Instant::now();
    drop(cache);
    assert!(shared.upgrade().is_none());
    assert!(start.elapsed() < 30 * SECOND);
}

#[test]
fn keys_spread_over_all_shards_and_within_their_maps() {
    let cache = MutexCache::builder().shards(50).build();
    assert_eq!(cache.shared.shards.len(), 64);
    for key in 0..64 * 256_u32 {
        cache.insert(&key.to_le_bytes(), b"");
    }
    let sizes = cache.shared.shards.iter().map(|shard| lock(shard).len());
    // 256 expected, standard deviation 16.
    assert!(sizes.into_iter().all(|size| (128..384).contains(&size)));
    for shards in [0, 1, usize::MAX] {
        let cache = MutexCache::builder().shards(shards).build();
        cache.insert(b"key", b"value");
        assert!(cache.contains_key(b"key"));
    }
}

#[test]
fn keys_of_equal_hash_are_told_apart() {
    let mut map = Map::default();
    let [one, two] = [b"one", b"two"].map(|bytes| Probe { hash: 7, bytes });
    let slot = |value: &[u8]| Slot { value: value.into(), deadline: NEVER };
    assert!(map.put(one, slot(b"1")).is_none());
    assert!(map.put(two, slot(b"2")).is_none());
    assert_eq!(&*map.take(one).unwrap().1.value, b"1");
    assert!(map.get(one).is_none());
    assert_eq!(&*map.get(two).unwrap().value, b"2");
}

#[test]
fn a_closure_that_panics_leaves_the_cache_usable() {
    let cache = MutexCache::builder().shards(1).build();
    cache.insert(b"key", b"value");
    let panics = std::panic::AssertUnwindSafe(|| cache.compute(b"key", |_| panic!("on purpose")));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(cache.get(b"key").as_deref(), Some(&b"value"[..]));
}
