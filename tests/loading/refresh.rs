//! A value that is renewed before its time is over: one loads, the others get the old one.

use std::thread;
use std::time::Duration;

use purekv::Clock;

use crate::{Face, SECOND, panic_of, tests};

tests![
    from_its_soft_deadline_on,
    what_never_expires_is_never_refreshed,
    what_is_absent_is_loaded,
    one_loads_and_the_others_get_the_old_value,
    who_finds_nothing_waits_for_a_refresh,
    one_that_fails_keeps_the_old_value,
    one_that_fails_with_nothing_left,
    one_that_panics_keeps_the_old_value,
    the_new_time_to_live_counts,
    a_zero_ttl_removes,
    ahead_may_be_any_duration,
    a_refresh_may_look_at_its_own_key,
];

fn from_its_soft_deadline_on<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 10, 60 * SECOND);
    time.advance(50 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.refresh(1, 10 * SECOND, || unreachable!()), 10);
    time.advance(Duration::from_nanos(1));
    assert_eq!(cache.refresh(1, 10 * SECOND, || (11, Some(60 * SECOND))), 11);
    assert_eq!(cache.get(1), Some(11));
    assert_eq!(cache.refresh(1, 10 * SECOND, || unreachable!()), 11);
    assert_eq!(cache.stats().entries, 1);
    cache.assert_at_rest();
}

fn what_never_expires_is_never_refreshed<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert(1, 10);
    assert_eq!(cache.refresh(1, Duration::MAX, || unreachable!()), 10);
}

fn what_is_absent_is_loaded<F: Face>() {
    let cache = F::make(Clock::manual().0);
    assert_eq!(cache.refresh(1, SECOND, || (10, None)), 10);
    assert_eq!(cache.try_refresh::<()>(2, SECOND, || Ok((20, None))), Ok(20));
    assert_eq!((cache.get(1), cache.get(2)), (Some(10), Some(20)));
}

fn one_loads_and_the_others_get_the_old_value<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert_with_ttl(1, 10, SECOND);
    let loaded = cache.refresh(1, SECOND, || {
        // They would never come back if they waited.
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    assert_eq!(cache.refresh(1, SECOND, || unreachable!()), 10);
                    assert_eq!(cache.load(1, || unreachable!()), 10);
                    assert_eq!(cache.get(1), Some(10));
                });
            }
        });
        (11, None)
    });
    assert_eq!((loaded, cache.get(1)), (11, Some(11)));
    assert_eq!(cache.stats().load_successes, 1);
    cache.assert_at_rest();
}

fn who_finds_nothing_waits_for_a_refresh<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 10, SECOND);
    thread::scope(|scope| {
        let mut other = None;
        let loaded = cache.refresh(1, SECOND, || {
            time.advance(SECOND);
            let cache = &cache;
            other = Some(scope.spawn(move || cache.load(1, || unreachable!("it is being loaded"))));
            (11, None)
        });
        assert_eq!(loaded, 11);
        assert_eq!(other.unwrap().join().unwrap(), 11);
    });
    assert_eq!(cache.stats().load_successes, 1);
}

fn one_that_fails_keeps_the_old_value<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 10, 2 * SECOND);
    time.advance(SECOND);
    assert_eq!(cache.try_refresh(1, SECOND, || Err("broken")), Ok(10));
    assert_eq!((cache.get(1), cache.stats().load_failures), (Some(10), 1));
    // The next one tries again.
    assert_eq!(cache.try_refresh::<()>(1, SECOND, || Ok((11, None))), Ok(11));
    time.advance(SECOND);
    assert_eq!(cache.get(1), Some(11));
}

fn one_that_fails_with_nothing_left<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 10, SECOND);
    let failed = cache.try_refresh(1, SECOND, || {
        time.advance(SECOND);
        Err("broken")
    });
    assert_eq!(*failed.unwrap_err(), "broken");
    assert_eq!(*cache.try_refresh(2, SECOND, || Err("as well")).unwrap_err(), "as well");
}

fn one_that_panics_keeps_the_old_value<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert_with_ttl(1, 10, SECOND);
    assert_eq!(panic_of(|| cache.refresh(1, SECOND, || panic!("broken"))), "broken");
    assert_eq!(cache.get(1), Some(10));
    cache.assert_at_rest();
    assert_eq!(cache.refresh(1, SECOND, || (11, None)), 11);
}

fn the_new_time_to_live_counts<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 10, SECOND);
    assert_eq!(cache.refresh(1, SECOND, || (11, Some(5 * SECOND))), 11);
    time.advance(5 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.get(1), Some(11));
    time.advance(Duration::from_nanos(1));
    assert_eq!(cache.get(1), None);
}

fn a_zero_ttl_removes<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert_with_ttl(1, 10, SECOND);
    assert_eq!(cache.refresh(1, SECOND, || (11, Some(Duration::ZERO))), 11);
    assert_eq!(cache.get(1), None);
}

fn ahead_may_be_any_duration<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert_with_ttl(1, 10, SECOND);
    assert_eq!(cache.refresh(1, Duration::ZERO, || unreachable!()), 10);
    assert_eq!(cache.refresh(1, Duration::MAX, || (11, Some(SECOND))), 11);
}

fn a_refresh_may_look_at_its_own_key<F: Face>() {
    let cache = F::make(Clock::manual().0);
    cache.insert_with_ttl(1, 10, SECOND);
    let loaded = cache.refresh(1, SECOND, || {
        assert_eq!(cache.load(1, || unreachable!()), 10);
        (cache.refresh(1, SECOND, || unreachable!()) + 1, None)
    });
    assert_eq!(loaded, 11);
}
