//! Loads, and writers that come in the very step in which a load is stored, or just before it is listed.
//!
//! In each of these somebody stands still in the midst of an operation while others finish theirs, on the same key.

use std::thread;
use std::time::Duration;

use purekv::{Clock, Expiry, Store};

use crate::puppet::Puppet;

const KEY: &[u8] = b"key";
const SECOND: Duration = Duration::from_secs(1);
/// A load has seen that it may store its value, and has not stored it.
const STORING: &str = "cache::loader::storing";
/// It has stored it, and has not settled.
const STORED: &str = "cache::loader::stored";

fn store() -> Store {
    Store::builder().clock(Clock::manual().0).expiry(Expiry::Manual).build()
}

fn load(store: &Store) -> Vec<u8> {
    store.get_or_insert_with(KEY, || b"loaded".to_vec())
}

/// The load looks whether it was overtaken, a removal finds nothing to remove, the load stores its value: it has to take it back.
#[test]
fn a_removal_before_the_value_is_stored() {
    let store = store();
    thread::scope(|scope| {
        let loading = Puppet::start(scope, &[STORING, STORED], || {
            assert_eq!(load(&store), b"loaded");
        });
        assert_eq!(store.remove(KEY), None);
        loading.go_on();
        loading.finish();
    });
    assert_eq!(store.get(KEY), None, "it was read before the removal");
    assert_eq!((store.len(), store.stats().loads_pending), (0, 0));
}

#[test]
fn a_removal_after_the_value_is_stored() {
    let store = store();
    thread::scope(|scope| {
        let loading = Puppet::start(scope, &[STORED], || {
            assert_eq!(load(&store), b"newer", "what there is by then");
        });
        assert_eq!(store.remove(KEY).as_deref(), Some(&b"loaded"[..]));
        assert_eq!(store.get_or_insert_with(KEY, || b"newer".to_vec()), b"newer");
        loading.finish();
    });
    assert_eq!(store.get(KEY).as_deref(), Some(&b"newer"[..]), "only its own is taken back");
}

#[test]
fn an_insertion_before_the_value_is_stored() {
    let store = store();
    thread::scope(|scope| {
        let loading = Puppet::start(scope, &[STORING], || {
            assert_eq!(load(&store), b"inserted");
        });
        store.insert(KEY, b"inserted");
        loading.finish();
    });
    assert_eq!(store.get(KEY).as_deref(), Some(&b"inserted"[..]));
    assert_eq!(store.len(), 1);
}

#[test]
fn an_insertion_after_the_value_is_stored() {
    let store = store();
    thread::scope(|scope| {
        let loading = Puppet::start(scope, &[STORED], || {
            assert_eq!(load(&store), b"inserted");
        });
        store.insert(KEY, b"inserted");
        loading.finish();
    });
    assert_eq!(store.get(KEY).as_deref(), Some(&b"inserted"[..]));
    assert_eq!(store.len(), 1);
}

/// Whoever leads a load stands still while it stores; others of other keys do not wait, nor does anybody but who asks to.
#[test]
fn a_load_that_stands_still() {
    for stop in [STORING, STORED] {
        let store = store();
        thread::scope(|scope| {
            let loading = Puppet::start(scope, &[stop], || drop(load(&store)));
            for number in 0..1000_u32 {
                let key = number.to_be_bytes();
                assert_eq!(store.get_or_insert_with(&key, || key.to_vec()), key);
                store.insert_with_ttl(KEY, &key, SECOND);
                assert_eq!(store.get(KEY).as_deref(), Some(&key[..]));
                assert!(store.invalidate(KEY));
            }
            store.clear();
            loading.finish();
        });
        assert_eq!(store.len(), 0);
    }
}

/// A writer has looked for loads, and found none; then a load of its key is listed, and only then does it publish.
#[test]
fn an_insertion_that_was_begun_before_the_load() {
    let store = store();
    thread::scope(|scope| {
        let inserting = Puppet::start(scope, &["table::insert::reserved"], || {
            store.insert(KEY, b"inserted");
        });
        let loaded = store.get_or_insert_with(KEY, || {
            inserting.finish();
            b"loaded".to_vec()
        });
        assert_eq!(loaded, b"inserted");
    });
    assert_eq!(store.get(KEY).as_deref(), Some(&b"inserted"[..]));
}

/// The same where there was something before, which the load is to refresh.
#[test]
fn a_replacement_that_was_begun_before_the_refresh() {
    let store = store();
    store.insert_with_ttl(KEY, b"old", SECOND);
    thread::scope(|scope| {
        let inserting = Puppet::start(scope, &["table::replace::before"], || {
            store.insert(KEY, b"inserted");
        });
        let loaded = store.get_or_refresh_with(KEY, SECOND, || {
            inserting.finish();
            (b"loaded".to_vec(), None)
        });
        assert_eq!(loaded, b"inserted");
    });
    assert_eq!(store.get(KEY).as_deref(), Some(&b"inserted"[..]));
    assert_eq!(store.len(), 1);
}
