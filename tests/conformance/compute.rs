//! Read-modify-write: each decision, on a key that is there and on one that is not.

use crate::*;

tests![
    put,
    put_with_ttl,
    put_keep_ttl,
    put_keep_ttl_of_one_that_never_expires,
    keep,
    remove,
    put_for,
    retime,
    retime_to_what_has_passed,
    update_keeps_the_ttl,
    update_of_what_is_absent,
    the_closure_sees_the_value,
    a_counter,
    values_that_grow_and_shrink,
];

const OLD: &[u8] = b"old";
const NEW: &[u8] = b"new";

fn bytes(value: &[u8]) -> Vec<u8> {
    value.to_vec()
}

/// A cache whose default time-to-live is one minute, with an entry due in ten seconds.
fn with_entry<S: Subject>() -> S::Cache {
    let (clock, _) = Clock::manual();
    let cache = S::make(clock, Some(60 * SECOND));
    cache.insert_with_ttl(b"key", OLD, 10 * SECOND);
    cache
}

fn state(cache: &impl Kv, key: &[u8]) -> Option<(Vec<u8>, Ttl)> {
    Some((cache.get(key)?, cache.ttl(key)?))
}

fn put<S: Subject>() {
    let cache = with_entry::<S>();
    let default = Ttl::Remaining(60 * SECOND);
    for (key, done) in [(b"key", Computed::Replaced), (b"new", Computed::Inserted)] {
        assert_eq!(cache.compute(key, |_| Op::Put(bytes(NEW))), done);
        assert_eq!(state(&cache, key), Some((bytes(NEW), default)), "the default applies");
    }
    assert_eq!(cache.len(), 2);
}

fn put_with_ttl<S: Subject>() {
    let cache = with_entry::<S>();
    for (key, done) in [(b"key", Computed::Replaced), (b"new", Computed::Inserted)] {
        for ttl in [SECOND, 100 * SECOND] {
            cache.compute(key, |_| Op::Keep);
            cache.compute(key, |_| Op::PutWithTtl(bytes(NEW), ttl));
            assert_eq!(state(&cache, key), Some((bytes(NEW), Ttl::Remaining(ttl))));
        }
        cache.remove(key);
        if done == Computed::Replaced {
            cache.insert(key, OLD);
        }
        assert_eq!(cache.compute(key, |_| Op::PutWithTtl(bytes(NEW), Duration::MAX)), done);
        assert_eq!(state(&cache, key), Some((bytes(NEW), Ttl::Never)));
        cache.insert(key, OLD);
        let zero = cache.compute(key, |_| Op::PutWithTtl(bytes(NEW), Duration::ZERO));
        assert_eq!((zero, state(&cache, key)), (Computed::Replaced, None));
        let zero = cache.compute(key, |_| Op::PutWithTtl(bytes(NEW), Duration::ZERO));
        assert_eq!((zero, state(&cache, key)), (Computed::Inserted, None));
    }
}

fn put_keep_ttl<S: Subject>() {
    let (clock, time) = Clock::manual();
    let cache = S::make(clock, Some(60 * SECOND));
    cache.insert_with_ttl(b"key", OLD, 10 * SECOND);
    time.advance(4 * SECOND);
    assert_eq!(cache.compute(b"key", |_| Op::PutKeepTtl(bytes(NEW))), Computed::Replaced);
    assert_eq!(state(&cache, b"key"), Some((bytes(NEW), Ttl::Remaining(6 * SECOND))));
    assert_eq!(cache.compute(b"new", |_| Op::PutKeepTtl(bytes(NEW))), Computed::Inserted);
    assert_eq!(state(&cache, b"new"), Some((bytes(NEW), Ttl::Remaining(60 * SECOND))));
    time.advance(6 * SECOND);
    assert!(!cache.contains_key(b"key"));
    time.advance(SECOND);
    assert!(cache.advance() <= 1);
    assert_eq!(cache.len(), 1);
}

fn put_keep_ttl_of_one_that_never_expires<S: Subject>() {
    let (clock, time) = Clock::manual();
    let cache = S::make(clock, Some(60 * SECOND));
    cache.insert(b"key", OLD);
    assert!(cache.persist(b"key"));
    assert_eq!(cache.compute(b"key", |_| Op::PutKeepTtl(bytes(NEW))), Computed::Replaced);
    assert_eq!(state(&cache, b"key"), Some((bytes(NEW), Ttl::Never)));
    time.advance(YEAR);
    assert_eq!(cache.advance(), 0);
    assert!(cache.contains_key(b"key"));
}

fn keep<S: Subject>() {
    let cache = with_entry::<S>();
    assert_eq!(cache.compute(b"key", |_| Op::Keep), Computed::Kept);
    assert_eq!(state(&cache, b"key"), Some((bytes(OLD), Ttl::Remaining(10 * SECOND))));
    assert_eq!(cache.compute(b"new", |_| Op::Keep), Computed::Absent);
    assert_eq!(state(&cache, b"new"), None);
    assert_eq!(cache.len(), 1);
}

fn remove<S: Subject>() {
    let cache = with_entry::<S>();
    assert_eq!(cache.compute(b"key", |_| Op::Remove), Computed::Removed);
    assert_eq!(cache.compute(b"key", |_| Op::Remove), Computed::Absent);
    assert_eq!(state(&cache, b"key"), None);
    assert_eq!(cache.len(), 0);
}

/// Each expiration, and what time an entry has left by it: of a key that had ten seconds, and of one that was absent.
fn expirations() -> [(Expiration, Ttl, Ttl); 5] {
    let default = Ttl::Remaining(60 * SECOND);
    let centuries = SystemTime::UNIX_EPOCH + 1000 * YEAR;
    [
        (Expiration::Default, default, default),
        (Expiration::Keep, Ttl::Remaining(10 * SECOND), default),
        (Expiration::After(SECOND), Ttl::Remaining(SECOND), Ttl::Remaining(SECOND)),
        (Expiration::At(centuries), Ttl::Never, Ttl::Never),
        (Expiration::Never, Ttl::Never, Ttl::Never),
    ]
}

fn put_for<S: Subject>() {
    for (expiration, there, absent) in expirations() {
        let cache = with_entry::<S>();
        let put = |_: Option<&[u8]>| Op::PutFor(bytes(NEW), expiration);
        assert_eq!(cache.compute(b"key", put), Computed::Replaced);
        assert_eq!(state(&cache, b"key"), Some((bytes(NEW), there)), "{expiration:?}");
        assert_eq!(cache.compute(b"new", put), Computed::Inserted);
        assert_eq!(state(&cache, b"new"), Some((bytes(NEW), absent)), "{expiration:?}");
    }
    let cache = with_entry::<S>();
    let long_ago = Expiration::At(SystemTime::UNIX_EPOCH);
    let done = cache.compute(b"key", |_| Op::PutFor(bytes(NEW), long_ago));
    assert_eq!((done, cache.get(b"key")), (Computed::Replaced, None));
}

fn retime<S: Subject>() {
    for (expiration, there, _) in expirations() {
        let cache = with_entry::<S>();
        let kept = expiration == Expiration::Keep;
        let done = if kept { Computed::Kept } else { Computed::Retimed };
        assert_eq!(cache.compute(b"key", |_| Op::Retime(expiration)), done);
        assert_eq!(state(&cache, b"key"), Some((bytes(OLD), there)), "{expiration:?}");
        assert_eq!(cache.compute(b"new", |_| Op::Retime(expiration)), Computed::Absent);
        assert_eq!(state(&cache, b"new"), None);
    }
}

fn retime_to_what_has_passed<S: Subject>() {
    for due in [Expiration::After(Duration::ZERO), Expiration::At(SystemTime::UNIX_EPOCH)] {
        let cache = with_entry::<S>();
        assert_eq!(cache.compute(b"key", |_| Op::Retime(due)), Computed::Removed);
        assert_eq!((state(&cache, b"key"), cache.len()), (None, 0));
    }
}

fn update_keeps_the_ttl<S: Subject>() {
    let (clock, time) = Clock::manual();
    let cache = S::make(clock, Some(60 * SECOND));
    cache.insert_with_ttl(b"key", OLD, 10 * SECOND);
    time.advance(4 * SECOND);
    assert!(cache.update(b"key", |value| [value, NEW].concat()));
    let wanted = ([OLD, NEW].concat(), Ttl::Remaining(6 * SECOND));
    assert_eq!(state(&cache, b"key"), Some(wanted));
    assert_eq!(cache.len(), 1);
    assert!(cache.persist(b"key"));
    assert!(cache.update(b"key", |_| bytes(NEW)));
    assert_eq!(state(&cache, b"key"), Some((bytes(NEW), Ttl::Never)));
}

fn update_of_what_is_absent<S: Subject>() {
    let cache = with_entry::<S>();
    assert!(!cache.update(b"new", |_| panic!("there is nothing to change")));
    assert_eq!(state(&cache, b"new"), None);
    assert_eq!(cache.len(), 1);
}

fn the_closure_sees_the_value<S: Subject>() {
    let cache = with_entry::<S>();
    let mut seen = Vec::new();
    cache.compute(b"key", |value| {
        seen.push(value.map(bytes));
        Op::Keep
    });
    cache.compute(b"new", |value| {
        seen.push(value.map(bytes));
        Op::Keep
    });
    assert_eq!(seen, [Some(bytes(OLD)), None], "alone, so each is called once");
}

fn a_counter<S: Subject>() {
    let (cache, _) = S::fresh();
    for _ in 0..1000 {
        cache.compute(b"counter", |value| {
            let count = value.map_or(0, |value| u32::from_be_bytes(value.try_into().unwrap()));
            Op::Put(bytes(&key(count + 1)))
        });
    }
    assert_eq!(cache.get(b"counter"), Some(bytes(&key(1000))));
    assert_eq!(cache.len(), 1);
}

fn values_that_grow_and_shrink<S: Subject>() {
    let (cache, _) = S::fresh();
    for length in (0..300).chain((0..300).rev()) {
        cache.compute(b"key", |_| Op::Put(vec![length as u8; length]));
        assert_eq!(cache.get(b"key"), Some(vec![length as u8; length]));
    }
}
