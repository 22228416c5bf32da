//! Timers: an entry that is due goes without being met, however its deadline came about.
//!
//! In what follows O is the entry first there, N the one that replaces it, M the one that replaces N; t is the tick of the record
//! that O has in the wheel. "Lost" means: due, absent for every reader, and in memory for as long as nobody asks for it.

use std::thread;
use std::time::Duration;

use purekv::{Clock, Expiry, ManualClock, Op, Store};

use crate::puppet::Puppet;

const KEY: &[u8] = b"key";
const HOUR: Duration = Duration::from_secs(3600);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn store() -> (Store, ManualClock) {
    let (clock, hand) = Clock::manual();
    (Store::builder().clock(clock).expiry(Expiry::Manual).build(), hand)
}

fn replace_keeping_ttl(store: &Store) {
    store.compute(KEY, |_| Op::PutKeepTtl(b"new".to_vec()));
}

/// An entry that is due in an hour, whose record fires after two milliseconds.
fn insert_with_an_early_record(store: &Store) {
    store.insert_with_ttl(KEY, b"old", ms(2));
    assert!(store.set_ttl(KEY, HOUR));
}

/// The entry, due five milliseconds from now or earlier, is removed though nobody meets it.
fn expect_gone_in_time(store: &Store, hand: &ManualClock) {
    assert_eq!(store.len(), 1);
    hand.advance(ms(10));
    store.advance();
    store.advance();
    assert_eq!(store.len(), 0, "lost");
    // And the counts of what waits for a record are right.
    store.insert_with_ttl(KEY, b"another", HOUR);
    let stats = store.stats();
    assert_eq!(stats.wheel_records - stats.wheel_records_stale, 1);
}

/// The ticker takes O, which has no deadline any more, for one that waits for its record. O is removed; its timer is
/// sealed. The ticker unsealed it and counted it out a second time.
#[test]
fn a_removed_entry_is_counted_out_once() {
    let (store, hand) = store();
    store.insert_with_ttl(KEY, b"old", ms(1));
    assert!(store.persist(KEY));
    hand.advance(ms(2));
    thread::scope(|scope| {
        let ticker = Puppet::start(scope, &["engine::serve::before"], || {
            store.advance();
        });
        assert!(store.remove(KEY).is_some());
        ticker.finish();
    });
    store.insert_with_ttl(KEY, b"another", ms(5));
    expect_gone_in_time(&store, &hand);
}

/// The ticker finds O without a deadline and is about to disarm it. `set_ttl` gives it one, finds it armed for t, which is
/// early enough, and leaves it at that. The ticker disarms it: lost for ever.
#[test]
fn a_deadline_set_while_the_ticker_disarms() {
    let (store, hand) = store();
    store.insert_with_ttl(KEY, b"old", ms(1));
    assert!(store.persist(KEY));
    hand.advance(ms(2));
    thread::scope(|scope| {
        let ticker = Puppet::start(scope, &["engine::arm::before"], || {
            store.advance();
        });
        assert!(store.set_ttl(KEY, ms(5)));
        ticker.finish();
    });
    expect_gone_in_time(&store, &hand);
}

/// The ticker finds O due in an hour and is about to arm it for then. `set_ttl` brings that forward, finds O armed for t,
/// which is early enough, and leaves it at that. The ticker arms it for the hour.
#[test]
fn a_deadline_brought_forward_while_the_ticker_rearms() {
    let (store, hand) = store();
    insert_with_an_early_record(&store);
    hand.advance(ms(3));
    thread::scope(|scope| {
        let ticker = Puppet::start(scope, &["engine::arm::before"], || {
            store.advance();
        });
        assert!(store.set_ttl(KEY, ms(5)));
        ticker.finish();
    });
    expect_gone_in_time(&store, &hand);
}

/// An update that keeps O's deadline, none, copies its timer, t. The ticker consumes the record and disarms O. N is published,
/// armed for a record that is past; as it has no deadline, that was left so. The next `set_ttl` relied on it.
#[test]
fn no_deadline_and_a_record_that_is_past() {
    let (store, hand) = store();
    store.insert_with_ttl(KEY, b"old", ms(1));
    assert!(store.persist(KEY));
    hand.advance(ms(2));
    thread::scope(|scope| {
        let update =
            Puppet::start(scope, &["table::replace::before"], || replace_keeping_ttl(&store));
        store.advance();
        update.finish();
    });
    assert!(store.set_ttl(KEY, ms(5)));
    expect_gone_in_time(&store, &hand);
}

/// As before, but O is due in an hour, and the ticker arms it for then. The updater sees that and is about to arm N
/// for the hour. `set_ttl` brings N's deadline forward and relies on t. The updater arms N for the hour.
#[test]
fn a_deadline_brought_forward_while_the_updater_rearms() {
    let (store, hand) = store();
    insert_with_an_early_record(&store);
    hand.advance(ms(3));
    thread::scope(|scope| {
        let stops = ["table::replace::before", "engine::take_over::sealed"];
        let update = Puppet::start(scope, &stops, || replace_keeping_ttl(&store));
        store.advance();
        update.go_on();
        assert!(store.set_ttl(KEY, ms(5)));
        update.finish();
    });
    expect_gone_in_time(&store, &hand);
}

/// `set_ttl` has given O a deadline and is about to arm it. An update that keeps the deadline publishes N with that, and with
/// O's timer, which says that there is no record. Each left it to the other to arm N.
#[test]
fn a_deadline_set_while_the_entry_is_replaced() {
    for before in [None, Some(HOUR)] {
        let (store, hand) = store();
        match before {
            None => store.insert(KEY, b"old"),
            Some(ttl) => store.insert_with_ttl(KEY, b"old", ttl),
        }
        thread::scope(|scope| {
            let setter = Puppet::start(scope, &["engine::set_deadline::extended"], || {
                assert!(store.set_ttl(KEY, ms(5)));
            });
            replace_keeping_ttl(&store);
            setter.finish();
        });
        expect_gone_in_time(&store, &hand);
    }
}

/// N inherits t from O; meanwhile the ticker has consumed that record and armed O for the hour. Before N's writer sees
/// that, M replaces N and inherits t in its turn, rightly, as far as its writer can tell. N's writer then found N sealed and
/// believed that somebody had seen to it.
#[test]
fn a_past_record_inherited_twice() {
    let (store, hand) = store();
    insert_with_an_early_record(&store);
    hand.advance(ms(3));
    thread::scope(|scope| {
        let stops = ["table::replace::before", "engine::replace::done"];
        let first = Puppet::start(scope, &stops, || store.insert_with_ttl(KEY, b"new", HOUR));
        store.advance();
        first.go_on();
        store.insert_with_ttl(KEY, b"newer", ms(5));
        first.finish();
    });
    expect_gone_in_time(&store, &hand);
}

/// Two updates that keep the deadline, of an entry that has come due since they looked. The second seals N's deadline word, which
/// expiry has claimed by then: the two bits together said "inherit from the entry at address 0", and the first, which looked at N once more,
/// went there.
#[test]
fn a_dead_entry_is_replaced() {
    let (store, hand) = store();
    store.insert_with_ttl(KEY, b"old", ms(2));
    thread::scope(|scope| {
        let first =
            Puppet::start(scope, &["engine::replace::inherits"], || replace_keeping_ttl(&store));
        let second =
            Puppet::start(scope, &["table::replace::before"], || replace_keeping_ttl(&store));
        hand.advance(ms(3));
        let reader = Puppet::start(scope, &["engine::expire::claimed"], || {
            assert_eq!(store.get(KEY), None);
        });
        second.finish();
        first.finish();
        reader.finish();
    });
    assert_eq!(store.get(KEY), None);
    assert_eq!(store.len(), 0);
}
