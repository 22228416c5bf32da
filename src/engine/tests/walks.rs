//! Walks against the clock: a key that is there throughout is met once, even if its entry is found due and is not.
//!
//! A walk reads a bucket and then the clock. By then the entry it has read may have been extended, or replaced by one with
//! a later deadline, by an operation whose own look at the clock was earlier: so the key was never absent.

use super::*;
use crate::sync::check;
use crate::table::Cursor;

const BOUND: usize = 4;

/// The values that a walk hands out, in order.
fn walk(world: &World) -> Vec<u64> {
    let mut met = Vec::new();
    let mut cursor = Cursor::new();
    while world.enter(|guard, now| {
        world.engine.next_bucket(&mut cursor, guard, now, |live| {
            met.push(live.entry().get().value());
        })
    }) {}
    met.sort_unstable();
    met
}

#[test]
fn loom_a_walk_against_set_ttl() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let setter = spawn(&world, |world| world.set_deadline(1, 20));
        world.pass(5);
        let met = walk(&world);
        let set = setter.join().unwrap();
        assert_eq!(met, if set { vec![10] } else { vec![] });
    });
}

/// The one that stands beside it is not met twice because of it.
#[test]
fn loom_a_walk_against_an_overwrite() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        world.insert(2, 30, NEVER);
        let writer = spawn(&world, |world| world.insert(1, 11, 20));
        world.pass(5);
        let met = walk(&world);
        writer.join().unwrap();
        // Not expired, it was never absent: the one entry was put into the other's place.
        let throughout = world.expired() == 0;
        assert_eq!(met, if throughout { vec![11, 30] } else { vec![30] });
    });
}

#[test]
fn loom_a_walk_against_an_update_that_keeps_the_deadline() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let changer = spawn(&world, |world| {
            let set = world.set_deadline(1, 20);
            (set, world.increment(1))
        });
        world.pass(5);
        let met = walk(&world);
        match changer.join().unwrap() {
            (true, updated) => {
                assert!(updated);
                assert!(met == [10] || met == [11], "{met:?}");
            }
            (false, _) => assert!(met.is_empty(), "{met:?}"),
        }
    });
}
