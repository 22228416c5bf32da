//! One caller, or two whose order is arranged.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use purekv::Clock;

use crate::{Face, SECOND, panic_of, tests};

tests![
    a_miss_loads_and_a_hit_does_not,
    the_loader_decides_the_ttl,
    a_zero_ttl_is_for_the_callers_only,
    an_error_is_not_kept,
    a_panic_is_not_kept,
    another_takes_over_from_one_that_panics,
    a_loader_loads_other_keys,
    a_loader_that_asks_for_its_own_key_panics,
    a_circle_on_one_thread_panics,
    a_loader_uses_the_cache,
    errors_of_other_types_are_not_mixed_up,
    loads_are_counted_and_timed,
];

fn fresh<F: Face>() -> F {
    F::make(Clock::manual().0)
}

fn a_miss_loads_and_a_hit_does_not<F: Face>() {
    let cache = fresh::<F>();
    assert_eq!(cache.load(1, || 10), 10);
    assert_eq!(cache.load(1, || unreachable!()), 10);
    assert_eq!(cache.try_load::<()>(1, || unreachable!()), Ok(10));
    assert_eq!(cache.try_load::<()>(2, || Ok(20)), Ok(20));
    assert_eq!(cache.load_with_ttl(2, || unreachable!()), 20);
    assert_eq!((cache.get(1), cache.get(2), cache.stats().entries), (Some(10), Some(20), 2));
    cache.assert_at_rest();
}

fn the_loader_decides_the_ttl<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    assert_eq!(cache.load_with_ttl(1, || (10, Some(SECOND))), 10);
    assert_eq!(cache.load_with_ttl(2, || (20, None)), 20);
    let loaded = cache.try_load_with_ttl::<()>(3, || {
        // It counts from the end of the load.
        time.advance(SECOND);
        Ok((30, Some(SECOND)))
    });
    assert_eq!(loaded, Ok(30));
    assert_eq!([1, 2, 3].map(|key| cache.get(key)), [None, Some(20), Some(30)]);
    time.advance(SECOND);
    assert_eq!([1, 2, 3].map(|key| cache.get(key)), [None, Some(20), None]);
}

fn a_zero_ttl_is_for_the_callers_only<F: Face>() {
    let cache = fresh::<F>();
    assert_eq!(cache.load_with_ttl(1, || (10, Some(Duration::ZERO))), 10);
    assert_eq!(cache.get(1), None);
    assert_eq!(cache.load(1, || 11), 11);
}

fn an_error_is_not_kept<F: Face>() {
    let cache = fresh::<F>();
    assert_eq!(*cache.try_load(1, || Err("first")).unwrap_err(), "first");
    assert_eq!(cache.get(1), None);
    assert_eq!(*cache.try_load(1, || Err("second")).unwrap_err(), "second");
    assert_eq!(cache.try_load::<()>(1, || Ok(10)), Ok(10));
    assert_eq!((cache.stats().load_successes, cache.stats().load_failures), (1, 2));
    cache.assert_at_rest();
}

fn a_panic_is_not_kept<F: Face>() {
    let cache = fresh::<F>();
    assert_eq!(panic_of(|| cache.load(1, || panic!("broken"))), "broken");
    cache.assert_at_rest();
    assert_eq!(cache.load(1, || 10), 10);
    assert_eq!((cache.stats().load_successes, cache.stats().load_failures), (1, 1));
}

fn another_takes_over_from_one_that_panics<F: Face>() {
    let cache = fresh::<F>();
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let first = thread::spawn({
        let cache = cache.clone();
        move || {
            cache.load(1, || {
                started.send(()).unwrap();
                may_go_on.recv().unwrap();
                panic!("broken, as it should be")
            })
        }
    });
    has_started.recv().unwrap();
    let others = [(); 3].map(|()| {
        let cache = cache.clone();
        thread::spawn(move || cache.load(1, || 10))
    });
    go_on.send(()).unwrap();
    assert!(first.join().is_err(), "the panic goes on in its own thread");
    for other in others {
        assert_eq!(other.join().unwrap(), 10);
    }
    assert_eq!((cache.stats().load_successes, cache.stats().load_failures), (1, 1));
    cache.assert_at_rest();
}

fn a_loader_loads_other_keys<F: Face>() {
    fn sum<F: Face>(cache: &F, to: u32) -> u32 {
        cache.load(to, || if to == 0 { 0 } else { to + sum(cache, to - 1) })
    }
    let cache = fresh::<F>();
    assert_eq!(sum(&cache, 50), 1275);
    assert_eq!(cache.stats().load_successes, 51);
    cache.assert_at_rest();
}

fn a_loader_that_asks_for_its_own_key_panics<F: Face>() {
    let cache = fresh::<F>();
    let text = panic_of(|| cache.load(1, || cache.load(1, || 10)));
    assert!(text.contains("wait for itself"), "{text}");
    cache.assert_at_rest();
    assert_eq!(cache.load(1, || 10), 10);
}

fn a_circle_on_one_thread_panics<F: Face>() {
    let cache = fresh::<F>();
    let text = panic_of(|| cache.load(1, || cache.load(2, || cache.load(1, || 10))));
    assert!(text.contains("wait for itself"), "{text}");
    cache.assert_at_rest();
}

fn a_loader_uses_the_cache<F: Face>() {
    let cache = fresh::<F>();
    let loaded = cache.load(1, || {
        assert_eq!(cache.get(1), None);
        cache.insert(2, 20);
        cache.remove(3);
        cache.get(2).unwrap() + 1
    });
    assert_eq!((loaded, cache.get(2)), (21, Some(20)));
}

fn errors_of_other_types_are_not_mixed_up<F: Face>() {
    let cache = fresh::<F>();
    let loads = AtomicU32::new(0);
    let (started, has_started) = mpsc::channel();
    thread::scope(|scope| {
        let (cache, loads) = (&cache, &loads);
        let first = scope.spawn(move || {
            cache.try_load(1, || {
                started.send(()).unwrap();
                // As long as it takes the other to come, perhaps: right in either case.
                thread::park_timeout(Duration::from_millis(5));
                loads.fetch_add(1, Ordering::SeqCst);
                Err("a text")
            })
        });
        has_started.recv().unwrap();
        let second = cache.try_load(1, || {
            loads.fetch_add(1, Ordering::SeqCst);
            Err(7)
        });
        assert_eq!(*second.unwrap_err(), 7);
        assert_eq!(*first.join().unwrap().unwrap_err(), "a text");
    });
    assert_eq!(loads.load(Ordering::SeqCst), 2);
    cache.assert_at_rest();
}

fn loads_are_counted_and_timed<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    let before = cache.stats();
    assert_eq!((before.load_successes, before.load_failures, before.loads_pending), (0, 0, 0));
    assert_eq!((before.load_time, before.load_times.count()), (Duration::ZERO, 0));
    cache.load(1, || {
        assert_eq!(cache.stats().loads_pending, 1);
        time.advance(3 * SECOND);
        10
    });
    let failed = cache.try_load(2, || {
        time.advance(SECOND);
        Err(())
    });
    assert!(failed.is_err());
    panic_of(|| {
        cache.load(3, || {
            time.advance(2 * SECOND);
            panic!("half way")
        })
    });
    let stats = cache.stats();
    assert_eq!((stats.load_successes, stats.load_failures, stats.loads_pending), (1, 2, 0));
    assert_eq!((stats.load_time, stats.load_times.count()), (6 * SECOND, 3));
    assert_eq!(stats.load_times.max(), 3 * SECOND);
}
