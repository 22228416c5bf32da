//! A thread stops just after it has put an entry's deadline off, or in the middle of a change of it on a condition; others change the entry meanwhile.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use purekv::failpoint::set_hook;
use purekv::{Clock, Expiration, Expiry, Store, Ttl};

const SECOND: Duration = Duration::from_secs(1);

/// Another thread does `meanwhile` while this one stands still in a `get`; what is left of the entry's time afterwards.
fn while_one_stops(meanwhile: impl Fn(&Store) + Send + Sync + Copy + 'static) -> Option<Ttl> {
    while_one_stops_at("engine::touch::extended", meanwhile, |store| {
        assert_eq!(store.get(b"key").as_deref(), Some(&b"value"[..]));
    })
}

/// The same of one that does `first` and stops at a site.
fn while_one_stops_at(
    at: &'static str,
    meanwhile: impl Fn(&Store) + Send + Sync + Copy + 'static,
    first: impl FnOnce(&Store),
) -> Option<Ttl> {
    let (clock, time) = Clock::manual();
    let builder = Store::builder().clock(clock).expiry(Expiry::Manual);
    let store = builder.time_to_idle(10 * SECOND).build();
    store.insert(b"key", b"value");
    time.advance(SECOND);
    let stopped = Rc::new(Cell::new(0));
    let unhook = set_hook({
        let (store, stopped) = (store.clone(), stopped.clone());
        move |site| {
            if site == at && stopped.replace(stopped.get() + 1) == 0 {
                thread::scope(|scope| {
                    scope.spawn(|| meanwhile(&store));
                });
            }
        }
    });
    first(&store);
    drop(unhook);
    assert!(stopped.get() > 0, "it does not come by");
    store.ttl(b"key")
}

#[test]
fn nobody_waits_for_who_puts_a_deadline_off() {
    let left = while_one_stops(|store| {
        for number in 0..1000_u32 {
            store.get(b"key");
            store.set_ttl(b"key", 20 * SECOND);
            store.insert(&number.to_le_bytes(), b"value");
            store.remove(&number.to_le_bytes());
            store.advance();
        }
    });
    assert_eq!(left, Some(Ttl::Remaining(10 * SECOND)));
}

/// One that changes an entry's time-to-live from none to eight seconds stops when that is decided, and the deadline does not follow yet.
fn while_one_decides(meanwhile: impl Fn(&Store) + Send + Sync + Copy + 'static) -> Option<Ttl> {
    while_one_stops_at("engine::touch::hard_changed", meanwhile, |store| {
        store.update_ttl(b"key", |entry| match entry.ttl() {
            Ttl::Never => Expiration::After(8 * SECOND),
            Ttl::Remaining(_) => Expiration::Keep,
        });
    })
}

#[test]
fn nobody_waits_for_who_decides() {
    let left = while_one_decides(|store| {
        for number in 0..1000_u32 {
            store.get(b"key");
            store.set_ttl(b"key", 20 * SECOND);
            store.update(b"key", <[u8]>::to_vec);
            store.insert(&number.to_le_bytes(), b"value");
            store.remove(&number.to_le_bytes());
            store.advance();
        }
    });
    assert_eq!(left, Some(Ttl::Remaining(10 * SECOND)));
}

#[test]
fn what_is_set_while_one_decides_holds() {
    let left = while_one_decides(|store| assert!(store.set_ttl(b"key", 3 * SECOND)));
    assert_eq!(left, Some(Ttl::Remaining(3 * SECOND)));
    let left = while_one_decides(|store| store.insert_with_ttl(b"key", b"new", 4 * SECOND));
    assert_eq!(left, Some(Ttl::Remaining(4 * SECOND)));
    let left = while_one_decides(|store| assert!(store.invalidate(b"key")));
    assert_eq!(left, None);
}

#[test]
fn a_decision_is_not_lost_beside_an_update() {
    let left = while_one_decides(|store| assert!(store.update(b"key", |_| b"new".to_vec())));
    assert_eq!(left, Some(Ttl::Remaining(8 * SECOND)));
}

#[test]
fn a_shorter_time_to_live_set_meanwhile_holds() {
    let left = while_one_stops(|store| assert!(store.set_ttl(b"key", 3 * SECOND)));
    assert_eq!(left, Some(Ttl::Remaining(3 * SECOND)));
}

#[test]
fn an_update_meanwhile_is_not_lost() {
    let left = while_one_stops(|store| {
        assert!(store.update(b"key", |_| b"new".to_vec()));
        assert!(store.set_ttl(b"key", 4 * SECOND));
        assert!(store.update(b"key", |_| b"newer".to_vec()));
    });
    assert_eq!(left, Some(Ttl::Remaining(4 * SECOND)));
}

#[test]
fn what_is_removed_meanwhile_is_gone() {
    let left = while_one_stops(|store| assert!(store.invalidate(b"key")));
    assert_eq!(left, None);
}
