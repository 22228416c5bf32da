//! Views: references to values, and one time for many look-ups.

use purekv::{Cache, Clock, ManualClock, Store, Ttl};

use crate::SECOND;
use crate::counted::Drops;

fn timed() -> (Cache<u32, String>, Store, ManualClock) {
    let (clock, time) = Clock::manual();
    let cache = Cache::builder().clock(clock.clone()).build();
    let store = Store::builder().clock(clock).build();
    (cache, store, time)
}

#[test]
fn a_reference_outlives_the_removal_of_its_entry() {
    let drops = Drops::default();
    let cache = Cache::new();
    cache.insert(1, drops.value(1));
    let view = cache.pin();
    let value = view.get(&1).expect("it is there");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            cache.insert(1, drops.value(2));
            assert!(cache.invalidate(&1));
        });
    });
    cache.advance();
    assert_eq!((value.number, drops.count()), (1, 0));
    assert!(view.get(&1).is_none(), "the view sees what has happened since");
    drop(view);
    drops.await_count(2);
}

#[test]
fn a_view_has_the_time_of_its_first_look() {
    let (cache, store, time) = timed();
    cache.insert_with_ttl(1, "one".into(), 2 * SECOND);
    store.insert_with_ttl(b"1", b"one", 2 * SECOND);
    let mut cached = cache.pin();
    let mut stored = store.pin();
    // Not the time of the pin.
    time.advance(SECOND);
    assert_eq!(cached.ttl(&1), Some(Ttl::Remaining(SECOND)));
    assert_eq!(stored.ttl(b"1"), Some(Ttl::Remaining(SECOND)));
    time.advance(SECOND);
    assert_eq!(cached.get(&1).map(String::as_str), Some("one"));
    assert_eq!(cached.ttl(&1), Some(Ttl::Remaining(SECOND)));
    assert_eq!(stored.get(b"1"), Some(&b"one"[..]));
    cached.repin();
    stored.repin();
    assert_eq!(cached.get(&1), None);
    assert!(!cached.contains_key(&1));
    assert_eq!(stored.get(b"1"), None);
    assert!(!stored.contains_key(b"1"));
}

#[test]
fn a_view_does_not_bring_back_what_others_found_due() {
    let (cache, _, time) = timed();
    cache.insert_with_ttl(1, "one".into(), SECOND);
    let view = cache.pin();
    assert!(view.contains_key(&1));
    time.advance(SECOND);
    assert!(!cache.contains_key(&1));
    assert!(!view.contains_key(&1));
}

#[test]
fn many_at_once_by_reference() {
    let (cache, store, time) = timed();
    let keys: Vec<u32> = (0..200).collect();
    for key in keys.iter().filter(|key| *key % 3 != 0) {
        let ttl = if key % 3 == 1 { SECOND } else { 3 * SECOND };
        cache.insert_with_ttl(*key, key.to_string(), ttl);
        store.insert_with_ttl(&key.to_be_bytes(), key.to_string().as_bytes(), ttl);
    }
    time.advance(SECOND);
    let expected = |key: &u32| (key % 3 == 2).then(|| key.to_string());

    let view = cache.pin();
    let mut values = Vec::new();
    view.get_many(&keys.iter().collect::<Vec<_>>(), |index, value| {
        assert_eq!(index, values.len(), "in order");
        values.push(value);
    });
    // The references live as long as the view.
    let values: Vec<_> = values.into_iter().map(|value| value.cloned()).collect();
    assert_eq!(values, keys.iter().map(expected).collect::<Vec<_>>());

    let view = store.pin();
    let bytes: Vec<[u8; 4]> = keys.iter().map(|key| key.to_be_bytes()).collect();
    let mut values: Vec<Option<&[u8]>> = Vec::new();
    view.get_many(&bytes.iter().map(|key| &key[..]).collect::<Vec<_>>(), |_, value| {
        values.push(value);
    });
    for (key, value) in keys.iter().zip(values) {
        assert_eq!(value, expected(key).as_ref().map(String::as_bytes));
    }
    view.get_many(&[], |_, _| unreachable!("no keys, no calls"));
}
