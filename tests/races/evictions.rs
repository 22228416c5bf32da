//! Evictions: whatever happens while a thread stands still with an entry or its record in its hands, afterwards each entry that is left
//! can be evicted, and the accounts agree.
//!
//! In what follows A is the entry whose turn it is, and its record is out of its queue; "lost" means: in the table, and no record
//! in any queue serves it, so that nothing but its key's own operations will ever remove it.

use std::thread;

use purekv::RemovalCause::{Evicted, Expired, Replaced};

use crate::puppet::Puppet;
use crate::small::{SECOND, Small, value};

const A: u32 = 1;
const B: u32 = 2;

/// Its record has been taken out of the queue, and it is about to be judged.
const FOUND: &str = "engine::evict::found";
/// It is uncounted, and about to be unlinked.
const CLAIMED: &str = "engine::evict::claimed";
/// It waits for a record that is yet to be pushed.
const REWRITTEN: &str = "engine::evict::rewritten";
/// It is in the table, and neither counted nor in a queue.
const PUBLISHED: &str = "engine::evict::published";
/// As FOUND, but it will be put back.
const TAKEN_TO_TIDY: &str = "engine::evict::taken_to_tidy";

/// An insertion finds A with its hits used up. A is replaced twice: who evicts it finds the seals, and the third one, which relies on
/// the record in its hands.
#[test]
fn replaced_twice_while_it_is_judged() {
    let small = Small::new(1);
    small.cache.insert(A, value(1, 0));
    thread::scope(|scope| {
        let inserter = Puppet::start(scope, &[FOUND], || small.cache.insert(B, value(1, 5)));
        small.cache.insert(A, value(1, 1));
        assert!(small.cache.update(&A, |old| old + 1));
        inserter.finish();
    });
    assert_eq!((small.cache.get(&A), small.cache.get(&B)), (None, Some(value(1, 5))));
    assert_eq!(
        small.told(),
        [(A, value(1, 0), Replaced), (A, value(1, 1), Replaced), (A, value(1, 2), Evicted)]
    );
    small.check("replaced twice");
}

/// The one that comes again has a record of its own, and is evicted by it, or stays.
#[test]
fn removed_and_inserted_again_while_it_is_judged() {
    let small = Small::new(2);
    small.cache.insert(A, value(1, 0));
    small.cache.insert(3, value(1, 0));
    thread::scope(|scope| {
        let inserter = Puppet::start(scope, &[FOUND], || small.cache.insert(B, value(1, 0)));
        small.cache.remove(&A);
        small.cache.insert(A, value(1, 1));
        inserter.finish();
    });
    small.check("removed and inserted");
}

#[test]
fn expired_while_it_is_judged() {
    for meets in [false, true] {
        let small = Small::new(1);
        small.cache.insert_with_ttl(A, value(1, 0), SECOND);
        thread::scope(|scope| {
            let inserter = Puppet::start(scope, &[FOUND], || small.cache.insert(B, value(1, 0)));
            small.hand.advance(2 * SECOND);
            match meets {
                true => assert_eq!(small.cache.get(&A), None),
                false => assert_eq!(small.cache.advance(), 1),
            }
            inserter.finish();
        });
        assert_eq!(small.told(), [(A, value(1, 0), Expired)]);
        assert_eq!(small.cache.get(&B), Some(value(1, 0)));
        small.check("expired");
    }
}

/// It is uncounted for an eviction that does not come about.
#[test]
fn removed_or_replaced_while_it_is_claimed() {
    for replaces in [false, true] {
        let small = Small::new(2);
        small.cache.insert(A, value(1, 0));
        small.cache.insert(3, value(1, 0));
        thread::scope(|scope| {
            let inserter = Puppet::start(scope, &[CLAIMED], || small.cache.insert(B, value(1, 0)));
            match replaces {
                true => small.cache.insert(A, value(2, 1)),
                false => drop(small.cache.remove(&A)),
            }
            inserter.finish();
        });
        small.check("claimed");
    }
}

/// A was used, so it gets another record; before that is pushed, A is replaced. The new one has taken the new record over.
#[test]
fn replaced_while_it_has_no_record() {
    let small = Small::new(2);
    small.cache.insert(A, value(1, 0));
    small.cache.insert(3, value(1, 0));
    small.use_often(A);
    small.use_often(3);
    thread::scope(|scope| {
        let inserter = Puppet::start(scope, &[REWRITTEN], || small.cache.insert(B, value(1, 0)));
        small.cache.insert(A, value(1, 1));
        small.cache.insert(A, value(1, 2));
        inserter.finish();
    });
    small.check("rewritten, replaced");
}

/// As above, but it is an update that has read A's mark before, and with it the record that was taken out: it relies on one that nobody has any
/// more, finds out when it seals A, and pushes it once more.
#[test]
fn an_update_relies_on_the_record_before() {
    for again in [false, true] {
        let small = Small::new(1);
        small.cache.insert(A, value(1, 0));
        small.use_often(A);
        thread::scope(|scope| {
            let stops = ["table::replace::before", "engine::replace::done"];
            let update = Puppet::start(scope, &stops, || small.cache.insert(A, value(1, 1)));
            let inserter =
                Puppet::start(scope, &[REWRITTEN], || small.cache.insert(B, value(1, 0)));
            update.go_on();
            if again {
                // It inherits what the first update has inherited wrongly, and cannot know.
                small.cache.insert(A, value(1, 2));
            }
            update.finish();
            inserter.finish();
        });
        small.check("inherited too early");
    }
}

/// B is in the table and nobody can evict it. It is replaced, and the new one relies on the record that is yet to come.
#[test]
fn replaced_before_its_record_is_pushed() {
    let small = Small::new(2);
    small.cache.insert(A, value(1, 0));
    thread::scope(|scope| {
        let inserter = Puppet::start(scope, &[PUBLISHED], || small.cache.insert(B, value(1, 0)));
        small.cache.insert(B, value(1, 1));
        small.cache.insert(B, value(2, 2));
        // Others come and go meanwhile.
        (3..10).for_each(|key| small.cache.insert(key, value(1, 0)));
        inserter.finish();
    });
    small.check("published, replaced");
}

/// Removed before it was even counted, and there again.
#[test]
fn removed_before_its_record_is_pushed() {
    for comes_again in [false, true] {
        let small = Small::new(2);
        small.cache.insert(A, value(1, 0));
        thread::scope(|scope| {
            let inserter =
                Puppet::start(scope, &[PUBLISHED], || small.cache.insert(B, value(2, 0)));
            assert_eq!(small.cache.remove(&B), Some(value(2, 0)));
            if comes_again {
                small.cache.insert(B, value(1, 0));
            }
            // With its weight taken off and not yet put on, there seems to be more room.
            (3..10).for_each(|key| small.cache.insert(key, value(1, 0)));
            inserter.finish();
        });
        small.check("published, removed");
    }
}

/// The capacity becomes nothing while an insertion has not counted its entry: it is the insertion that evicts it.
#[test]
fn no_room_left_before_its_record_is_pushed() {
    let small = Small::new(2);
    thread::scope(|scope| {
        let inserter = Puppet::start(scope, &[PUBLISHED], || small.cache.insert(B, value(1, 0)));
        small.cache.set_max_capacity(0);
        inserter.finish();
    });
    assert_eq!((small.cache.len(), small.told()), (0, vec![(B, value(1, 0), Evicted)]));
    small.check("published, no room");
}

/// A record that is looked at because many are stale is nobody's meanwhile; the capacity becomes less, and its entry cannot be
/// evicted. Who looks at it evicts it afterwards.
#[test]
fn no_room_left_while_records_are_tidied_up() {
    for change in 0..5 {
        let small = Small::new(10);
        small.cache.insert_with_ttl(A, value(1, 0), SECOND);
        thread::scope(|scope| {
            let tidier = Puppet::start(scope, &[TAKEN_TO_TIDY], || {
                for number in 0..2000 {
                    small.cache.insert(B, value(1, number));
                    small.cache.remove(&B);
                }
            });
            match change {
                0 => small.cache.insert(A, value(1, 1)),
                1 => drop(small.cache.remove(&A)),
                2 => small.pass(),
                3 => small.use_often(A),
                _ => {}
            }
            small.cache.set_max_capacity(0);
            tidier.finish();
        });
        assert_eq!((small.cache.len(), small.cache.weight()), (0, 0), "change {change}");
        small.check("tidied up");
    }
}
