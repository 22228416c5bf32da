//! `for_each` and `retain`, with nobody else about; what they promise beside writers is in `concurrent`.

use std::collections::BTreeMap;

use crate::*;

tests![
    for_each_visits_every_entry_once,
    for_each_after_growth_and_removals,
    retain_removes_what_is_refused,
    retain_leaves_the_ttl_alone,
    what_retain_removed_can_come_back,
];

fn filled<S: Subject>(count: u32) -> S::Cache {
    let (cache, _) = S::fresh();
    for number in 0..count {
        cache.insert(&key(number), &number.to_le_bytes());
    }
    cache
}

fn wanted(numbers: impl Iterator<Item = u32>) -> Vec<(Vec<u8>, Vec<u8>)> {
    numbers.map(|number| (key(number).to_vec(), number.to_le_bytes().to_vec())).collect()
}

fn for_each_visits_every_entry_once<S: Subject>() {
    for count in [0, 1, 2, 7, 8, 100, 20_000] {
        let count = S::many(count);
        assert_eq!(contents(&filled::<S>(count)), wanted(0..count));
    }
}

fn for_each_after_growth_and_removals<S: Subject>() {
    let keys = S::many(20_000);
    let cache = filled::<S>(keys);
    for number in 0..keys {
        if number % 100 != 0 {
            cache.remove(&key(number));
        }
    }
    assert_eq!(contents(&cache), wanted((0..keys).step_by(100)));
}

fn retain_removes_what_is_refused<S: Subject>() {
    let keys = S::many(10_000);
    let cache = filled::<S>(keys);
    let mut asked = BTreeMap::new();
    cache.retain(|key, value| {
        *asked.entry(key.to_vec()).or_insert(0) += 1;
        let number = u32::from_le_bytes(value.try_into().unwrap());
        assert_eq!(key, number.to_be_bytes());
        number % 3 == 0
    });
    assert_eq!(asked.len(), keys as usize);
    assert!(asked.values().all(|&times| times == 1));
    assert_eq!(contents(&cache), wanted((0..keys).step_by(3)));
    assert_eq!(cache.len(), keys.div_ceil(3) as usize);
    cache.retain(|_, _| false);
    assert!(cache.is_empty());
}

fn retain_leaves_the_ttl_alone<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"key", b"value", 2 * SECOND);
    time.advance(SECOND);
    cache.retain(|_, _| true);
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(SECOND)));
}

fn what_retain_removed_can_come_back<S: Subject>() {
    let cache = filled::<S>(100);
    cache.retain(|_, _| false);
    for number in 0..100 {
        assert!(cache.insert_if_absent(&key(number), &number.to_le_bytes()));
    }
    assert_eq!(contents(&cache), wanted(0..100));
}
