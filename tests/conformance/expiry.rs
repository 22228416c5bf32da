//! Which deadline an entry has, and that its memory comes back after it.
//!
//! How soon after is the implementation's own (a wheel has ticks): `len` is compared some time after a deadline,
//! presence to the nanosecond.

use crate::*;

tests![
    overwriting_replaces_the_ttl,
    the_default_ttl_is_for_those_without_one,
    a_zero_ttl_is_due_at_once,
    the_longest_ttl_never_expires,
    ttls_beyond_any_wheel,
    set_ttl_moves_the_deadline_both_ways,
    persist_takes_the_deadline_away,
    a_clock_that_stands_still,
    a_clock_that_jumps,
    a_clock_that_crawls,
    an_old_deadline_does_not_remove_a_new_value,
    a_deadline_moved_on_and_on,
    the_memory_of_many_due_at_once_comes_back_at_once,
    however_it_was_set_a_deadline_gives_the_memory_back,
    the_lag_is_recorded,
];

/// Longer than any implementation takes to notice a deadline.
const LATER: Duration = SECOND;

fn overwriting_replaces_the_ttl<S: Subject>() {
    let (cache, time) = S::fresh();
    // A first and a second time-to-live, and whether the entry is there 1.5 seconds later.
    let cases: [(Option<u32>, Option<u32>, bool); 6] = [
        (Some(1), Some(2), true),
        (Some(2), Some(1), false),
        (Some(1), None, true),
        (None, Some(1), false),
        (Some(1), Some(1), false),
        (None, None, true),
    ];
    for (first, second, stays) in cases {
        for ttl in [first, second] {
            match ttl {
                Some(seconds) => cache.insert_with_ttl(b"key", b"value", seconds * SECOND),
                None => cache.insert(b"key", b"value"),
            }
        }
        time.advance(3 * SECOND / 2);
        assert_eq!(cache.contains_key(b"key"), stays, "{first:?} then {second:?}");
        cache.advance();
        assert_eq!(cache.contains_key(b"key"), stays, "{first:?} then {second:?}");
        time.advance(10 * SECOND);
        cache.advance();
        assert_eq!(cache.contains_key(b"key"), second.is_none());
        assert_eq!(cache.len(), usize::from(second.is_none()));
    }
}

fn the_default_ttl_is_for_those_without_one<S: Subject>() {
    let (clock, time) = Clock::manual();
    let cache = S::make(clock, Some(10 * SECOND));
    let default = Some(Ttl::Remaining(10 * SECOND));
    cache.insert(b"inserted", b"");
    assert_eq!(cache.ttl(b"inserted"), default);
    assert!(cache.insert_if_absent(b"if absent", b""));
    assert_eq!(cache.ttl(b"if absent"), default);
    cache.insert_with_ttl(b"own", b"", 20 * SECOND);
    assert_eq!(cache.ttl(b"own"), Some(Ttl::Remaining(20 * SECOND)));
    assert!(cache.insert_if_absent_with_ttl(b"own if absent", b"", SECOND));
    assert_eq!(cache.ttl(b"own if absent"), Some(Ttl::Remaining(SECOND)));
    cache.insert(b"persisted", b"");
    assert!(cache.persist(b"persisted"));
    cache.insert(b"own", b"again");
    assert_eq!(cache.ttl(b"own"), default, "overwriting brings the default back");
    time.advance(10 * SECOND);
    assert_eq!(contents(&cache), [(b"persisted".to_vec(), vec![])]);
    time.advance(LATER);
    cache.advance();
    assert_eq!(cache.len(), 1);
}

fn a_zero_ttl_is_due_at_once<S: Subject>() {
    let (cache, time) = S::fresh();
    let zero = Duration::ZERO;
    for start in [zero, SECOND] {
        time.advance(start);
        cache.insert_with_ttl(b"fresh", b"value", zero);
        cache.insert(b"overwritten", b"value");
        cache.insert_with_ttl(b"overwritten", b"value", zero);
        assert!(cache.insert_if_absent_with_ttl(b"if absent", b"value", zero));
        assert!(cache.insert_if_absent_with_ttl(b"if absent", b"value", zero), "absent again");
        cache.insert(b"set", b"value");
        assert!(cache.set_ttl(b"set", zero));
        for key in [&b"fresh"[..], b"overwritten", b"if absent", b"set"] {
            assert!(!cache.contains_key(key));
            assert_eq!(cache.ttl(key), None);
            assert_eq!(cache.remove(key), None);
        }
        assert!(contents(&cache).is_empty());
    }
    cache.insert_with_ttl(b"fresh", b"value", zero);
    time.advance(LATER);
    cache.advance();
    assert_eq!(cache.len(), 0);
}

fn the_longest_ttl_never_expires<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"inserted", b"", Duration::MAX);
    assert!(cache.insert_if_absent_with_ttl(b"if absent", b"", Duration::MAX));
    cache.insert_with_ttl(b"set", b"", SECOND);
    assert!(cache.set_ttl(b"set", Duration::MAX));
    cache.compute(b"computed", |_| Op::PutWithTtl(vec![], Duration::MAX));
    for _ in 0..3 {
        for key in [&b"inserted"[..], b"if absent", b"set", b"computed"] {
            assert_eq!(cache.ttl(key), Some(Ttl::Never));
        }
        // To the end of what the clock can show.
        time.advance(Duration::MAX);
        assert_eq!(cache.advance(), 0);
    }
    assert_eq!(cache.len(), 4);
    // And at the end of time things still are due at once, or never.
    cache.insert_with_ttl(b"late", b"", Duration::ZERO);
    assert!(!cache.contains_key(b"late"));
}

fn ttls_beyond_any_wheel<S: Subject>() {
    for years in [1, 2, 3, 10, 50, 140] {
        let ttl = years * YEAR + Duration::from_nanos(12_345);
        let (cache, time) = S::fresh();
        cache.insert_with_ttl(b"far", b"value", ttl);
        cache.insert_with_ttl(b"near", b"value", SECOND);
        assert_eq!(cache.ttl(b"far"), Some(Ttl::Remaining(ttl)));
        time.advance(LATER + SECOND);
        assert_eq!(cache.advance(), 1);
        // In steps of different sizes, for a wheel to carry it along.
        let mut left = ttl - LATER - SECOND - NANOSECOND;
        for step in [SECOND, 1000 * SECOND, YEAR / 12, YEAR / 2] {
            time.advance(step);
            left -= step;
            assert_eq!(cache.advance(), 0);
        }
        time.advance(left);
        assert_eq!(cache.advance(), 0);
        assert_eq!(cache.ttl(b"far"), Some(Ttl::Remaining(NANOSECOND)), "{years} years");
        time.advance(NANOSECOND);
        assert!(!cache.contains_key(b"far"), "{years} years");
    }
}

fn set_ttl_moves_the_deadline_both_ways<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"sooner", b"", 1000 * SECOND);
    cache.insert_with_ttl(b"later", b"", SECOND);
    cache.insert(b"given one", b"");
    for key in [&b"sooner"[..], b"later", b"given one"] {
        assert!(cache.set_ttl(key, 5 * SECOND));
        assert_eq!(cache.ttl(key), Some(Ttl::Remaining(5 * SECOND)));
    }
    time.advance(5 * SECOND - NANOSECOND);
    assert_eq!(cache.advance(), 0);
    assert_eq!(contents(&cache).len(), 3);
    time.advance(NANOSECOND);
    assert!(contents(&cache).is_empty());
    time.advance(LATER);
    // Those that were met may be gone already.
    assert!(cache.advance() <= 3);
    assert_eq!(cache.len(), 0);
}

fn persist_takes_the_deadline_away<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"key", b"value", SECOND);
    assert!(cache.persist(b"key"));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Never));
    assert!(cache.persist(b"key"), "it is there, so it never expires: true again");
    time.advance(YEAR);
    assert_eq!(cache.advance(), 0);
    assert_eq!(cache.get(b"key").as_deref(), Some(&b"value"[..]));
    assert!(cache.set_ttl(b"key", SECOND));
    time.advance(SECOND);
    assert!(!cache.contains_key(b"key"));
}

fn a_clock_that_stands_still<S: Subject>() {
    let (cache, time) = S::fresh();
    time.advance(SECOND);
    for number in 0..2000 {
        cache.insert_with_ttl(&key(number), b"", Duration::from_nanos(u64::from(number) + 1));
        time.advance(Duration::ZERO);
        assert_eq!(cache.advance(), 0);
    }
    assert_eq!(contents(&cache).len(), 2000);
    assert_eq!(cache.ttl(&key(0)), Some(Ttl::Remaining(NANOSECOND)));
    time.advance(LATER);
    assert_eq!(cache.advance(), 2000);
    assert_eq!(cache.advance(), 0);
}

/// Deadlines from a millisecond to four hours.
fn scattered(number: u32) -> Duration {
    let spread = Duration::from_millis(1) * (number * 7919 % 10_007 + 1);
    spread * [1, 17, 300, 1500][number as usize % 4]
}

fn a_clock_that_jumps<S: Subject>() {
    for jump in [YEAR, 100 * YEAR] {
        let (cache, time) = S::fresh();
        for number in 0..2000 {
            cache.insert_with_ttl(&key(number), b"", scattered(number));
        }
        cache.insert(b"stays", b"");
        time.advance(jump);
        assert_eq!(cache.advance(), 2000);
        assert_eq!(contents(&cache).len(), 1);
        assert_eq!(cache.len(), 1);
        // The wheel has to find its feet again.
        cache.insert_with_ttl(b"next", b"", SECOND);
        time.advance(SECOND + LATER);
        assert_eq!(cache.advance(), 1);
    }
}

fn a_clock_that_crawls<S: Subject>() {
    const KEYS: u32 = 400;
    let (cache, time) = S::fresh();
    for number in 0..KEYS {
        cache.insert_with_ttl(&key(number), b"", scattered(number));
    }
    let mut removed = 0;
    for step in 0..200 {
        // Growing steps, so that short and long deadlines are met alike.
        time.advance(Duration::from_micros(1500) * (step * step / 8 + 1));
        removed += cache.advance();
        for number in 0..KEYS {
            let live = scattered(number) > time.elapsed();
            assert_eq!(cache.contains_key(&key(number)), live, "{number} in step {step}");
        }
        // Those that were met may be gone without it.
        assert!(cache.len() + removed <= KEYS as usize);
    }
    time.advance(YEAR);
    cache.advance();
    assert_eq!(cache.len(), 0);
}

fn an_old_deadline_does_not_remove_a_new_value<S: Subject>() {
    // The bug of the project we started from: there, what had been scheduled for a key's first value deleted its second.
    let renewals: [fn(&S::Cache); 8] = [
        |cache| cache.insert(b"key", b"new"),
        |cache| cache.insert_with_ttl(b"key", b"new", YEAR),
        |cache| assert!(cache.set_ttl(b"key", YEAR)),
        |cache| assert!(cache.persist(b"key")),
        |cache| {
            cache.remove(b"key");
            assert!(cache.insert_if_absent(b"key", b"new"));
        },
        |cache| {
            cache.clear();
            cache.insert(b"key", b"new");
        },
        |cache| {
            cache.compute(b"key", |_| Op::Put(b"new".to_vec()));
        },
        |cache| {
            cache.compute(b"key", |_| Op::Remove);
            cache.compute(b"key", |_| Op::PutWithTtl(b"new".to_vec(), YEAR));
        },
    ];
    for (which, renew) in renewals.iter().enumerate() {
        let (cache, time) = S::fresh();
        cache.insert_with_ttl(b"key", b"new", SECOND);
        renew(&cache);
        for _ in 0..100 {
            time.advance(SECOND / 2);
            assert_eq!(cache.advance(), 0, "renewal {which}");
            assert_eq!(cache.get(b"key").as_deref(), Some(&b"new"[..]), "renewal {which}");
        }
        assert_eq!(cache.len(), 1);
    }
}

fn a_deadline_moved_on_and_on<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"set", b"", SECOND);
    cache.insert_with_ttl(b"overwritten", b"", SECOND);
    for _ in 0..500 {
        time.advance(SECOND / 2);
        assert_eq!(cache.advance(), 0);
        assert!(cache.set_ttl(b"set", SECOND));
        cache.insert_with_ttl(b"overwritten", b"", SECOND);
    }
    time.advance(SECOND);
    assert!(contents(&cache).is_empty());
    time.advance(LATER);
    assert!(cache.advance() <= 2);
    assert_eq!(cache.len(), 0);
}

fn the_memory_of_many_due_at_once_comes_back_at_once<S: Subject>() {
    let many = S::many(20_000);
    let (cache, time) = S::fresh();
    for number in 0..many {
        cache.insert_with_ttl(&key(number), b"due", SECOND);
        if number % 10 == 0 {
            cache.insert(&key(many + number), b"stays");
        }
    }
    time.advance(SECOND);
    assert!(cache.len() >= many as usize / 10);
    time.advance(LATER);
    assert_eq!(cache.advance(), many as usize);
    assert!((0..many).all(|number| !cache.contains_key(&key(number))));
    assert_eq!(cache.len(), many as usize / 10);
    assert!(contents(&cache).iter().all(|(_, value)| value == b"stays"));
}

/// A way to give a key a deadline.
type Way<S> = fn(&<S as Subject>::Cache, &[u8]);

fn however_it_was_set_a_deadline_gives_the_memory_back<S: Subject>() {
    let ways: [Way<S>; 9] = [
        |cache, key| cache.insert(key, b"value"),
        |cache, key| cache.insert_with_ttl(key, b"value", SECOND),
        |cache, key| _ = cache.insert_if_absent(key, b"value"),
        |cache, key| _ = cache.insert_if_absent_with_ttl(key, b"value", SECOND),
        |cache, key| _ = cache.set_ttl(key, SECOND),
        |cache, key| _ = cache.compute(key, |_| Op::Put(b"value".to_vec())),
        |cache, key| _ = cache.compute(key, |_| Op::PutWithTtl(b"value".to_vec(), SECOND)),
        |cache, key| _ = cache.compute(key, |_| Op::PutKeepTtl(b"value".to_vec())),
        |cache, key| _ = cache.compute(key, |_| Op::Keep),
    ];
    // Each alone, and each after each: the second finds an entry with a deadline, or one without.
    for (first, set_first) in ways.iter().enumerate() {
        for (second, set_second) in ways.iter().enumerate() {
            for between in [|_: &S::Cache| (), |cache: &S::Cache| _ = cache.persist(b"key")] {
                let (clock, time) = Clock::manual();
                let cache = S::make(clock, Some(2 * SECOND));
                set_first(&cache, b"key");
                between(&cache);
                time.advance(SECOND / 2);
                set_second(&cache, b"key");
                let Some(Ttl::Remaining(left)) = cache.ttl(b"key") else { continue };
                // An older deadline comes first, and must not be what the later one relied on.
                time.advance(left - NANOSECOND);
                assert_eq!(cache.advance(), 0, "way {first}, then way {second}");
                time.advance(NANOSECOND + LATER);
                assert_eq!(cache.advance(), 1, "way {first}, then way {second}");
                assert_eq!(cache.len(), 0);
            }
        }
    }
}

fn the_lag_is_recorded<S: Subject>() {
    let (cache, time) = S::fresh();
    for number in 0..100 {
        cache.insert_with_ttl(&key(number), b"", SECOND);
    }
    time.advance(6 * SECOND);
    assert_eq!(cache.advance(), 100);
    let lag = cache.expiry_lag();
    assert_eq!(lag.count(), 100);
    assert_eq!(lag.max(), 5 * SECOND);
    assert!(lag.quantile(0.5) <= 5 * SECOND && lag.quantile(0.5) > 4 * SECOND);
}
