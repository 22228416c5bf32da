//! What else happens to a key while it is being loaded. The loaders do it themselves: it makes no difference who does.

use std::thread;
use std::time::Duration;

use purekv::Clock;

use crate::{Face, SECOND, tests};

tests![
    what_is_inserted_meanwhile_stays,
    what_is_inserted_and_gone_again_is_newer_all_the_same,
    what_is_removed_meanwhile_stays_so,
    who_asks_after_a_removal_loads_anew,
    a_removal_and_an_insertion,
    a_refused_insertion_does_not_count,
    other_keys_do_not_count,
    removals_during_a_refresh,
    insertions_during_a_refresh,
    an_expiry_during_a_refresh,
    a_change_of_the_ttl_during_a_refresh,
];

fn fresh<F: Face>() -> F {
    F::make(Clock::manual().0)
}

/// By what a test changes a key, by name.
type Change<F> = (&'static str, fn(&F));

fn insertions<F: Face>() -> [Change<F>; 4] {
    [
        ("insert", |cache| cache.insert(1, 20)),
        ("insert_with_ttl", |cache| cache.insert_with_ttl(1, 20, SECOND)),
        ("insert_if_absent", |cache| {
            assert!(cache.insert_if_absent(1, 20) || cache.get(1).is_some())
        }),
        ("compute", |cache| cache.put_by_compute(1, 20)),
    ]
}

fn removals<F: Face>() -> [Change<F>; 5] {
    [
        ("remove", |cache| _ = cache.remove(1)),
        ("invalidate", |cache| _ = cache.invalidate(1)),
        ("compute", |cache| cache.remove_by_compute(1)),
        ("insert with a zero ttl", |cache| cache.insert_with_ttl(1, 20, Duration::ZERO)),
        ("clear", Face::clear),
    ]
}

/// Loads `value`, and does `change` while doing so.
fn load_with<F: Face>(cache: &F, value: u32, change: impl FnOnce(&F)) -> u32 {
    cache.load(1, || {
        change(cache);
        value
    })
}

fn what_is_inserted_meanwhile_stays<F: Face>() {
    for (how, insert) in insertions::<F>() {
        let cache = fresh::<F>();
        assert_eq!(load_with(&cache, 10, insert), 20, "{how}: the callers get the newer value");
        assert_eq!(cache.get(1), Some(20), "{how}");
        assert_eq!(cache.stats().entries, 1, "{how}");
        cache.assert_at_rest();
    }
}

fn what_is_inserted_and_gone_again_is_newer_all_the_same<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    let loaded = load_with(&cache, 10, |cache| {
        cache.insert_with_ttl(1, 20, SECOND);
        time.advance(SECOND);
    });
    assert_eq!((loaded, cache.get(1)), (10, None), "it was loaded before 20 was inserted");
}

fn what_is_removed_meanwhile_stays_so<F: Face>() {
    for (how, remove) in removals::<F>() {
        let cache = fresh::<F>();
        assert_eq!(load_with(&cache, 10, remove), 10, "{how}: there is nothing newer to return");
        assert_eq!(cache.get(1), None, "{how}");
        assert_eq!(load_with(&cache, 11, |_| ()), 11, "{how}");
        assert_eq!(cache.get(1), Some(11), "{how}");
        cache.assert_at_rest();
    }
}

fn who_asks_after_a_removal_loads_anew<F: Face>() {
    for (how, remove) in removals::<F>() {
        let cache = fresh::<F>();
        let loaded = load_with(&cache, 10, |cache| {
            remove(cache);
            // It would never come back if it waited.
            let other = thread::scope(|scope| scope.spawn(|| cache.load(1, || 11)).join());
            assert_eq!(other.unwrap(), 11, "{how}");
        });
        assert_eq!((loaded, cache.get(1)), (11, Some(11)), "{how}: the newer one stays");
        assert_eq!(cache.stats().load_successes, 2, "{how}");
        cache.assert_at_rest();
    }
}

fn a_removal_and_an_insertion<F: Face>() {
    let cache = fresh::<F>();
    let loaded = load_with(&cache, 10, |cache| {
        cache.remove(1);
        cache.insert(1, 20);
    });
    assert_eq!((loaded, cache.get(1)), (20, Some(20)));
    cache.clear();
    let loaded = load_with(&cache, 10, |cache| {
        cache.insert(1, 20);
        cache.remove(1);
    });
    assert_eq!((loaded, cache.get(1)), (10, None));
}

fn a_refused_insertion_does_not_count<F: Face>() {
    let cache = fresh::<F>();
    cache.insert_with_ttl(1, 9, SECOND);
    let loaded = cache.refresh(1, SECOND, || {
        assert!(!cache.insert_if_absent(1, 20));
        (10, None)
    });
    assert_eq!((loaded, cache.get(1)), (10, Some(10)));
}

fn other_keys_do_not_count<F: Face>() {
    let cache = fresh::<F>();
    cache.insert(2, 9);
    let loaded = load_with(&cache, 10, |cache| {
        assert_eq!(cache.get(2), Some(9));
        assert_eq!(cache.load(3, || 30), 30);
    });
    assert_eq!((loaded, cache.get(1), cache.get(3)), (10, Some(10), Some(30)));
}

fn removals_during_a_refresh<F: Face>() {
    let others: [Change<F>; 2] = [
        ("set_ttl", |cache| assert!(cache.set_ttl(1, Duration::ZERO))),
        ("retain", |cache| cache.remove_by_retain(1)),
    ];
    for (how, remove) in removals::<F>().into_iter().chain(others) {
        let cache = fresh::<F>();
        // So that there is something to be used; `retain` need not look otherwise.
        cache.load(2, || 0);
        cache.insert_with_ttl(1, 9, SECOND);
        let loaded = cache.refresh(1, SECOND, || {
            remove(&cache);
            (10, None)
        });
        assert_eq!((loaded, cache.get(1)), (10, None), "{how}");
        cache.assert_at_rest();
    }
}

fn insertions_during_a_refresh<F: Face>() {
    for (how, insert) in insertions::<F>() {
        let cache = fresh::<F>();
        cache.insert_with_ttl(1, 9, SECOND);
        let loaded = cache.refresh(1, SECOND, || {
            insert(&cache);
            (10, None)
        });
        let wanted = if how == "insert_if_absent" { 10 } else { 20 };
        assert_eq!((loaded, cache.get(1)), (wanted, Some(wanted)), "{how}");
    }
}

fn an_expiry_during_a_refresh<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 9, SECOND);
    let loaded = cache.refresh(1, SECOND, || {
        time.advance(SECOND);
        assert_eq!(cache.get(1), None);
        (10, Some(SECOND))
    });
    assert_eq!((loaded, cache.get(1)), (10, Some(10)), "it is newer than what has expired");
}

fn a_change_of_the_ttl_during_a_refresh<F: Face>() {
    let (clock, time) = Clock::manual();
    let cache = F::make(clock);
    cache.insert_with_ttl(1, 9, SECOND);
    let loaded = cache.refresh(1, SECOND, || {
        assert!(cache.set_ttl(1, 100 * SECOND));
        (10, Some(SECOND))
    });
    assert_eq!((loaded, cache.get(1)), (10, Some(10)), "the value is as old as it was");
    time.advance(SECOND);
    assert_eq!(cache.get(1), None);
}
