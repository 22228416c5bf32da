//! Storing, finding and removing, without time.

use crate::*;

tests![
    a_value_comes_back,
    an_empty_cache_has_nothing_for_any_method,
    inserting_replaces,
    insert_if_absent_leaves_what_is_there,
    remove_returns_what_it_removed_once,
    read_lends_the_value,
    get_many_answers_in_order,
    empty_keys_and_values_are_ordinary,
    keys_and_values_of_all_sizes,
    similar_keys_are_different,
    growth_loses_nothing,
    churn_leaves_nothing_behind,
    a_cleared_cache_is_as_new,
];

fn a_value_comes_back<S: Subject>() {
    let (cache, _) = S::fresh();
    cache.insert(b"key", b"value");
    assert_eq!(cache.get(b"key").as_deref(), Some(&b"value"[..]));
    assert!(cache.contains_key(b"key"));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Never));
    assert_eq!(cache.len(), 1);
    assert!(!cache.is_empty());
}

fn an_empty_cache_has_nothing_for_any_method<S: Subject>() {
    let (cache, _) = S::fresh();
    cache.insert(b"another", b"value");
    cache.remove(b"another");
    assert_eq!(cache.get(b"key"), None);
    assert_eq!(cache.read(b"key", |_| ()), None);
    assert_eq!(cache.get_many(&[b"key", b"another"]), [None, None]);
    assert!(!cache.contains_key(b"key"));
    assert_eq!(cache.remove(b"key"), None);
    assert_eq!(cache.ttl(b"key"), None);
    assert!(!cache.set_ttl(b"key", SECOND));
    assert!(!cache.persist(b"key"));
    assert_eq!(cache.len(), 0);
    assert!(cache.is_empty());
    cache.clear();
    cache.for_each(|key, _| panic!("visited {key:?}"));
    cache.retain(|key, _| panic!("asked about {key:?}"));
    assert_eq!(cache.advance(), 0);
    assert_eq!(cache.expiry_lag().count(), 0);
}

fn inserting_replaces<S: Subject>() {
    let (cache, _) = S::fresh();
    for value in [&b"one"[..], b"a longer value than before", b"", b"one"] {
        cache.insert(b"key", value);
        assert_eq!(cache.get(b"key").as_deref(), Some(value));
        assert_eq!(cache.len(), 1);
    }
}

fn insert_if_absent_leaves_what_is_there<S: Subject>() {
    let (cache, _) = S::fresh();
    assert!(cache.insert_if_absent(b"key", b"1"));
    assert!(!cache.insert_if_absent(b"key", b"2"));
    assert!(!cache.insert_if_absent_with_ttl(b"key", b"3", SECOND));
    assert_eq!(cache.get(b"key").as_deref(), Some(&b"1"[..]));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Never), "a refused insert touches no deadline");
    cache.remove(b"key");
    assert!(cache.insert_if_absent_with_ttl(b"key", b"4", SECOND));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(SECOND)));
}

fn remove_returns_what_it_removed_once<S: Subject>() {
    let (cache, _) = S::fresh();
    cache.insert(b"key", b"value");
    cache.insert(b"other", b"stays");
    assert_eq!(cache.remove(b"key").as_deref(), Some(&b"value"[..]));
    assert_eq!(cache.remove(b"key"), None);
    assert_eq!(cache.get(b"key"), None);
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.get(b"other").as_deref(), Some(&b"stays"[..]));
}

fn read_lends_the_value<S: Subject>() {
    let (cache, _) = S::fresh();
    cache.insert(b"key", b"value");
    assert_eq!(cache.read(b"key", <[u8]>::len), Some(5));
    assert_eq!(cache.read(b"absent", |_| panic!("nothing to read")), None::<()>);
}

fn get_many_answers_in_order<S: Subject>() {
    let (cache, _) = S::fresh();
    for number in (0..500).step_by(2) {
        cache.insert(&key(number), &number.to_le_bytes());
    }
    assert!(cache.get_many(&[]).is_empty());
    for count in [1, 2, 15, 16, 17, 31, 32, 33, 64, 500] {
        // Backwards, and the first one twice.
        let keys: Vec<_> = (0..count).rev().chain([count - 1]).map(key).collect();
        let wanted: Vec<_> = keys.iter().map(|key| cache.get(key)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        assert_eq!(cache.get_many(&keys), wanted);
        assert_eq!(wanted.iter().flatten().count() as u32, count.div_ceil(2) + count % 2);
    }
}

fn empty_keys_and_values_are_ordinary<S: Subject>() {
    let (cache, _) = S::fresh();
    assert_eq!(cache.get(b""), None);
    cache.insert(b"", b"");
    assert_eq!(cache.get(b""), Some(vec![]));
    assert_eq!(cache.get(b"\0"), None);
    cache.insert(b"\0", b"one zero");
    cache.insert(b"", b"none");
    assert_eq!(cache.get(b"").as_deref(), Some(&b"none"[..]));
    assert_eq!(cache.remove(b"").as_deref(), Some(&b"none"[..]));
    assert_eq!(cache.get(b"\0").as_deref(), Some(&b"one zero"[..]));
}

fn keys_and_values_of_all_sizes<S: Subject>() {
    const SIZES: [usize; 20] =
        [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 4097, 65_536, 1 << 20];
    let (cache, _) = S::fresh();
    let bytes = |size: usize, salt: usize| -> Vec<u8> {
        (0..size).map(|place| (place * 31 + size + salt) as u8).collect()
    };
    let keys = SIZES.map(|size| bytes(size, 0));
    for turn in 0..3 {
        for (place, key) in keys.iter().enumerate() {
            cache.insert(key, &bytes(SIZES[(place + turn) % SIZES.len()], turn));
        }
        assert_eq!(cache.len(), SIZES.len());
        for (place, key) in keys.iter().enumerate() {
            let wanted = bytes(SIZES[(place + turn) % SIZES.len()], turn);
            assert!(cache.read(key, |value| value == wanted) == Some(true), "{}", key.len());
        }
    }
}

fn similar_keys_are_different<S: Subject>() {
    let (cache, _) = S::fresh();
    let mut keys = Vec::new();
    for length in 0..40 {
        keys.push(vec![0; length]);
        // Differs from the next in the last byte alone, then in the first alone.
        keys.extend([vec![7; length], [&vec![7; length][..], &[1]].concat()]);
        keys.push([&[1], &vec![7; length][..]].concat());
    }
    keys.sort();
    keys.dedup();
    for key in &keys {
        assert!(cache.insert_if_absent(key, key));
    }
    assert_eq!(cache.len(), keys.len());
    for key in &keys {
        assert_eq!(cache.get(key).as_ref(), Some(key));
    }
}

fn growth_loses_nothing<S: Subject>() {
    let keys = S::many(100_000);
    let (cache, _) = S::fresh();
    for number in 0..keys {
        cache.insert(&key(number), &number.to_le_bytes());
        // One that went in long ago, while the cache grows.
        let old = number / 2;
        assert!(cache.contains_key(&key(old)), "{old} was lost at {number}");
    }
    assert_eq!(cache.len(), keys as usize);
    for number in 0..keys {
        assert_eq!(cache.read(&key(number), |value| value == number.to_le_bytes()), Some(true));
    }
    for number in (0..keys).step_by(2) {
        assert!(cache.remove(&key(number)).is_some());
    }
    assert_eq!(cache.len(), keys as usize / 2);
    for number in 0..keys {
        assert_eq!(cache.contains_key(&key(number)), number % 2 == 1);
    }
}

fn churn_leaves_nothing_behind<S: Subject>() {
    const LIVE: u32 = 100;
    let (cache, _) = S::fresh();
    for number in 0..50_000 {
        cache.insert(&key(number), b"value");
        if number >= LIVE {
            assert!(cache.remove(&key(number - LIVE)).is_some());
        }
        assert!(cache.len() <= LIVE as usize);
    }
    assert_eq!(cache.len(), LIVE as usize);
    assert_eq!(contents(&cache).len(), LIVE as usize);
}

fn a_cleared_cache_is_as_new<S: Subject>() {
    let (cache, time) = S::fresh();
    for round in 0..3_u8 {
        for number in 0..S::many(5_000) {
            if number % 2 == 0 {
                cache.insert(&key(number), &[round]);
            } else {
                cache.insert_with_ttl(&key(number), &[round], SECOND);
            }
        }
        cache.clear();
        assert_eq!(cache.len(), 0);
        assert!(cache.is_empty());
        assert!(contents(&cache).is_empty());
        assert!((0..S::many(5_000)).all(|number| !cache.contains_key(&key(number))));
        time.advance(2 * SECOND);
        assert_eq!(cache.advance(), 0, "what was cleared cannot expire");
    }
}
