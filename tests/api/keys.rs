//! Look-ups by a borrowed form of the key, and values that cannot be cloned.

use purekv::{Cache, Computed, Expiry, Op, Ttl};

use crate::SECOND;
use crate::counted::Drops;

#[test]
fn a_string_is_found_by_a_str() {
    let cache: Cache<String, u32> = Cache::builder().expiry(Expiry::Manual).build();
    cache.insert("apple".to_owned(), 3);
    cache.insert("pear".into(), 5);
    assert_eq!(cache.get("apple"), Some(3));
    assert_eq!(cache.read("apple", |count| count + 1), Some(4));
    assert_eq!(cache.get_many(&["pear", "plum", "apple"]), [Some(5), None, Some(3)]);
    assert!(cache.contains_key("pear"));
    assert_eq!(cache.ttl("pear"), Some(Ttl::Never));
    assert!(cache.set_ttl("pear", 3600 * SECOND));
    assert!(matches!(cache.ttl("pear"), Some(Ttl::Remaining(left)) if left <= 3600 * SECOND));
    assert!(cache.persist("pear"));
    assert_eq!(cache.ttl("pear"), Some(Ttl::Never));
    let view = cache.pin();
    assert_eq!((view.get("pear"), view.contains_key("plum")), (Some(&5), false));
    assert_eq!(cache.remove("pear"), Some(5));
    assert!(cache.invalidate("apple"));
    assert!(cache.is_empty());
}

#[test]
fn other_borrowed_forms() {
    let bytes: Cache<Vec<u8>, u8> = Cache::new();
    bytes.insert(b"key".to_vec(), 1);
    assert_eq!(bytes.get(&b"key"[..]), Some(1));
    let boxed: Cache<Box<str>, u8> = Cache::new();
    boxed.insert("key".into(), 2);
    assert_eq!(boxed.get("key"), Some(2));
    let pairs: Cache<(u32, &'static str), u8> = Cache::new();
    pairs.insert((7, "seven"), 3);
    assert_eq!(pairs.get(&(7, "seven")), Some(3));
}

/// `Counted` has no `Clone`: everything but `get`, `get_many`, `remove` and `iter` is there for it.
#[test]
fn values_that_cannot_be_cloned() {
    let drops = Drops::default();
    let cache = Cache::builder().expiry(Expiry::Manual).build();
    cache.insert("one", drops.value(1));
    assert!(!cache.insert_if_absent("one", drops.value(10)));
    assert_eq!(cache.read("one", |value| value.number), Some(1));
    assert_eq!(cache.pin().get("one").map(|value| value.number), Some(1));
    let replaced = cache.compute("one", |value| match value {
        Some(value) => Op::Put(drops.value(value.number + 1)),
        None => Op::Keep,
    });
    assert_eq!(replaced, Computed::Replaced);
    assert!(cache.update(&"one", |value| drops.value(value.number * 10)));
    assert_eq!(cache.read("one", |value| value.number), Some(20));
    cache.insert("two", drops.value(2));
    cache.retain(|_, value| value.number != 2);
    assert!(!cache.contains_key("two"));
    assert!(cache.invalidate("one"));
    assert!(!cache.invalidate("one"));
    drop(cache);
    // 1, 10 (refused), 2, 20, and the second one.
    drops.await_count(5);
}
