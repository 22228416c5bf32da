//! Deadlines on a condition and by the wall clock, and what an entry says of itself.

use std::time::{Duration, SystemTime};

use purekv::{Cache, Clock, Computed, Expiration, ManualClock, Op, Store, Ttl};

use crate::SECOND;

fn store() -> (Store, ManualClock) {
    let (clock, time) = Clock::manual();
    (Store::builder().clock(clock).build(), time)
}

/// EXPIRE, with the conditions that Redis knows: 1 if it was done.
fn expire(store: &Store, condition: &str, ttl: Duration) -> u8 {
    let done = store.update_ttl(b"key", |entry| {
        let wanted = Ttl::Remaining(ttl);
        let is_met = match condition {
            "NX" => entry.ttl() == Ttl::Never,
            "XX" => entry.ttl() != Ttl::Never,
            "GT" => wanted > entry.ttl(),
            "LT" => wanted < entry.ttl(),
            _ => true,
        };
        if is_met { Expiration::After(ttl) } else { Expiration::Keep }
    });
    u8::from(matches!(done, Computed::Retimed | Computed::Removed))
}

#[test]
fn a_deadline_on_a_condition() {
    let (store, _) = store();
    assert_eq!(expire(&store, "", SECOND), 0, "absent");
    store.insert(b"key", b"value");
    let ttl = || store.ttl(b"key");
    for (condition, seconds, done, left) in [
        ("XX", 5, 0, None),
        ("GT", 5, 0, None),
        ("NX", 5, 1, Some(5)),
        ("NX", 7, 0, Some(5)),
        ("GT", 5, 0, Some(5)),
        ("GT", 6, 1, Some(6)),
        ("LT", 6, 0, Some(6)),
        ("LT", 3, 1, Some(3)),
        ("XX", 9, 1, Some(9)),
    ] {
        assert_eq!(expire(&store, condition, seconds * SECOND), done, "{condition} {seconds}");
        let left = left.map_or(Ttl::Never, |left| Ttl::Remaining(left * SECOND));
        assert_eq!(ttl(), Some(left), "{condition} {seconds}");
    }
    // PERSIST's reply.
    let persist = || {
        store.update_ttl(b"key", |entry| match entry.ttl() {
            Ttl::Never => Expiration::Keep,
            Ttl::Remaining(_) => Expiration::Never,
        })
    };
    assert_eq!((persist(), persist()), (Computed::Retimed, Computed::Kept));
    assert_eq!(ttl(), Some(Ttl::Never));
    assert_eq!(expire(&store, "LT", Duration::ZERO), 1);
    assert_eq!((ttl(), store.len(), store.stats().removed), (None, 0, 1));
}

/// What was given counts, and not that it may be idle.
#[test]
fn a_condition_in_a_cache_with_a_time_to_idle() {
    let (clock, time) = Clock::manual();
    let cache = Cache::builder().clock(clock).time_to_idle(10 * SECOND).build();
    cache.insert(1, 'a');
    let only_if_never = |ttl| {
        cache.update_ttl(&1, |entry| match entry.ttl() {
            Ttl::Never => Expiration::After(ttl),
            Ttl::Remaining(_) => Expiration::Keep,
        })
    };
    assert_eq!(cache.ttl(&1), Some(Ttl::Remaining(10 * SECOND)));
    assert_eq!(only_if_never(25 * SECOND), Computed::Retimed);
    assert_eq!(only_if_never(26 * SECOND), Computed::Kept);
    assert_eq!(cache.ttl(&1), Some(Ttl::Remaining(10 * SECOND)));
    for _ in 0..4 {
        time.advance(6 * SECOND);
        assert!(cache.touch(&1), "a touch is a use");
    }
    assert_eq!(cache.ttl(&1), Some(Ttl::Remaining(SECOND)));
    time.advance(SECOND);
    assert_eq!(cache.update_ttl(&1, |_| Expiration::Never), Computed::Absent);
    cache.insert(1, 'b');
    assert_eq!(only_if_never(3 * SECOND), Computed::Retimed);
    assert_eq!(cache.ttl(&1), Some(Ttl::Remaining(3 * SECOND)));
    assert_eq!(cache.update_ttl(&1, |_| Expiration::After(Duration::ZERO)), Computed::Removed);
    assert!(cache.is_empty());
}

#[test]
fn deadlines_of_the_wall_clock() {
    let (store, time) = store();
    let start = store.time();
    let at = start + 5 * SECOND;
    store.insert_until(b"one", b"1", at);
    store.insert(b"two", b"2");
    assert_eq!(store.expires_at(b"one"), Some(Some(at)));
    assert_eq!(store.ttl(b"one"), Some(Ttl::Remaining(5 * SECOND)));
    assert_eq!((store.expires_at(b"two"), store.expires_at(b"three")), (Some(None), None));
    assert!(store.expire_at(b"two", at) && !store.expire_at(b"three", at));
    time.advance(2 * SECOND);
    assert_eq!(store.time(), start + 2 * SECOND);
    let seen =
        store.read_entry(b"two", |entry| (entry.value().to_vec(), entry.ttl(), entry.expires_at()));
    assert_eq!(seen, Some((b"2".to_vec(), Ttl::Remaining(3 * SECOND), Some(at))));
    // As RENAME moves an entry.
    let moved = store.read_entry(b"two", |entry| (entry.value().to_vec(), entry.expires_at()));
    let (value, until) = moved.unwrap();
    store.compute(b"four", |_| Op::PutFor(value.clone(), Expiration::At(until.unwrap())));
    assert_eq!(store.expires_at(b"four"), Some(Some(at)));
    time.advance(3 * SECOND);
    assert!(!store.contains_key(b"one") && !store.contains_key(b"four"));
    // What has passed, by a little or by all.
    for past in [store.time(), start, SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - SECOND] {
        store.insert(b"one", b"1");
        store.insert_until(b"one", b"1", past);
        assert_eq!(store.get(b"one"), None);
        store.insert(b"one", b"1");
        assert!(store.expire_at(b"one", past));
        assert_eq!(store.get(b"one"), None);
    }
    // No clock gets so far.
    let centuries = SystemTime::UNIX_EPOCH + 400 * (365 * 24 * 3600 * SECOND);
    store.insert_until(b"one", b"1", centuries);
    assert_eq!(store.ttl(b"one"), Some(Ttl::Never));
}

/// The system's own clock: what is set is given back, and lies where the wall clock says, to a second.
#[test]
fn the_wall_clock_itself() {
    let cache: Cache<u8, u8> = Cache::new();
    let at = SystemTime::UNIX_EPOCH
        + Duration::from_millis(
            (SystemTime::now() + 100 * SECOND)
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_millis() as u64,
        );
    cache.insert_until(1, 1, at);
    assert_eq!(cache.expires_at(&1), Some(Some(at)));
    let Some(Ttl::Remaining(left)) = cache.ttl(&1) else { panic!("it is there") };
    assert!(left <= 101 * SECOND && left > 40 * SECOND, "{left:?}");
}

/// SET with XX, GET and KEEPTTL at once.
#[test]
fn a_read_modify_write_sees_the_deadline() {
    let (store, time) = store();
    let at = store.time() + 9 * SECOND;
    store.insert_until(b"key", b"old", at);
    time.advance(SECOND);
    let mut seen = None;
    let set = |entry: Option<purekv::EntryView<'_, [u8]>>| {
        seen =
            entry.as_ref().map(|entry| (entry.value().to_vec(), entry.ttl(), entry.expires_at()));
        match entry {
            Some(_) => Op::PutFor(b"new".to_vec(), Expiration::Keep),
            None => Op::Keep,
        }
    };
    assert_eq!(store.compute_entry(b"key", set), Computed::Replaced);
    assert_eq!(seen, Some((b"old".to_vec(), Ttl::Remaining(8 * SECOND), Some(at))));
    assert_eq!(store.expires_at(b"key"), Some(Some(at)));
    // GETEX.
    let mut got = Vec::new();
    let done = store.compute_entry(b"key", |entry| {
        let Some(entry) = entry else { return Op::Keep };
        got = entry.value().to_vec();
        Op::Retime(Expiration::Never)
    });
    assert_eq!((done, &*got), (Computed::Retimed, &b"new"[..]));
    assert_eq!(store.expires_at(b"key"), Some(None));
}

#[test]
fn what_is_too_heavy_leaves_what_is_there() {
    let cache = Cache::builder().max_capacity(10).weigher(|_, value: &u32| *value).build();
    cache.insert(1, 5);
    let refused = cache.try_compute_entry(1, |_| Op::Put(11)).unwrap_err();
    assert_eq!((refused.weight, refused.capacity), (11, 10));
    assert_eq!(cache.try_compute_entry(1, |_| Op::PutKeepTtl(12)).unwrap_err().weight, 12);
    assert_eq!(cache.try_compute_entry(2, |_| Op::Put(13)).unwrap_err().weight, 13);
    assert_eq!((cache.get(&1), cache.weight(), cache.len()), (Some(5), 5, 1));
    assert_eq!(cache.try_compute_entry(1, |_| Op::Put(10)), Ok(Computed::Replaced));
    assert_eq!(cache.compute_entry(1, |_| Op::Put(11)), Computed::TooHeavy);
    assert_eq!((cache.get(&1), cache.weight()), (None, 0));
}

#[test]
fn the_default_of_a_hook() {
    let (clock, _) = Clock::manual();
    let builder = Store::builder().clock(clock).time_to_live(50 * SECOND);
    let store = builder
        .expire_after_write(|_, value| value.first().map(|&first| u32::from(first) * SECOND))
        .build();
    store.insert_until(b"key", &[7], store.time() + SECOND);
    assert_eq!(store.ttl(b"key"), Some(Ttl::Remaining(SECOND)));
    assert_eq!(store.update_ttl(b"key", |_| Expiration::Default), Computed::Retimed);
    assert_eq!(store.ttl(b"key"), Some(Ttl::Remaining(7 * SECOND)));
    store.compute(b"key", |_| Op::PutFor(vec![9], Expiration::Never));
    assert_eq!(store.ttl(b"key"), Some(Ttl::Never));
    store.compute(b"key", |_| Op::PutFor(Vec::new(), Expiration::Default));
    assert_eq!(store.ttl(b"key"), Some(Ttl::Remaining(50 * SECOND)));
}

#[test]
fn how_often_an_entry_was_used() {
    let store = Store::builder().max_capacity(100).build();
    store.insert(b"key", b"value");
    for used in [0, 1, 2, 3, 3] {
        assert_eq!(store.frequency(b"key"), Some(used));
        assert!(store.touch(b"key"));
    }
    assert_eq!((store.frequency(b"other"), store.touch(b"other")), (None, false));
    let unbounded = Cache::new();
    unbounded.insert(1, 1);
    assert_eq!((unbounded.frequency(&1), unbounded.touch(&1)), (None, true));
}
