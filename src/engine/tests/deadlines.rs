//! The deadline word: who extends, who claims, who seals.

use super::*;
use crate::sync::check;

const BOUND: usize = 4;

/// Trap 4: one thread extends the deadline that makes the other unlink the entry.
#[test]
fn loom_set_ttl_against_expiry() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let setter = spawn(&world, |world| world.set_deadline(1, 20));
        world.pass(5);
        let seen = world.value(1);
        let set = setter.join().unwrap();
        assert_eq!(seen, set.then_some(10), "set_ttl: {set}");
        assert_eq!(world.get(1), set.then_some((10, 20)));
        assert_eq!((world.engine.len(), world.expired()), (set.into(), (!set).into()));
    });
}

/// Who has been told that a key is absent is not told otherwise later, whoever extends and updates.
#[test]
fn loom_absent_stays_absent() {
    check(3, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let setter = spawn(&world, |world| world.set_deadline(1, 20));
        let reader = spawn(&world, |world| (world.value(1), world.value(1)));
        world.pass(5);
        let set = setter.join().unwrap();
        let (first, second) = reader.join().unwrap();
        assert!(first.is_some() || second.is_none(), "it came back");
        assert!(!set || second.is_some(), "it is extended, and nobody removes it");
        assert_eq!(world.value(1), set.then_some(10));
        assert_eq!(world.expired(), usize::from(!set));
    });
}

/// The deadline that `set_ttl` has set is not lost to an update that keeps the deadline, nor the update to it.
#[test]
fn loom_set_ttl_against_an_update_that_keeps_it() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let setter = spawn(&world, |world| world.set_deadline(1, 20));
        assert!(world.increment(1));
        assert!(setter.join().unwrap());
        assert_eq!(world.get(1), Some((11, 20)));
    });
}

/// The same while the old deadline passes.
#[test]
fn loom_set_ttl_an_update_and_expiry() {
    check(2, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let setter = spawn(&world, |world| world.set_deadline(1, 20));
        let updater = spawn(&world, |world| world.increment(1));
        world.pass(5);
        let seen = world.value(1);
        let (set, updated) = (setter.join().unwrap(), updater.join().unwrap());
        let left = world.get(1);
        assert_eq!(left.is_some(), set, "updated: {updated}, seen: {seen:?}");
        assert_eq!(seen.is_some(), set, "updated: {updated}, left: {left:?}");
        if set {
            assert_eq!(left, Some((if updated { 11 } else { 10 }, 20)));
        }
        assert_eq!((world.engine.len(), world.expired()), (set.into(), (!set).into()));
    });
}

/// An update that keeps the deadline does not bring back what was reported absent.
#[test]
fn loom_an_update_against_expiry() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let updater = spawn(&world, |world| world.increment(1));
        world.pass(5);
        assert_eq!(world.value(1), None);
        updater.join().unwrap();
        assert_eq!(world.value(1), None, "resurrected");
        assert_eq!((world.engine.len(), world.expired()), (0, 1));
    });
}

/// An entry that inherits is itself replaced by one that inherits.
#[test]
fn loom_two_updates_that_keep_the_deadline() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let updater = spawn(&world, |world| world.increment(1));
        assert!(world.increment(1));
        assert!(updater.join().unwrap());
        assert_eq!(world.get(1), Some((12, 5)));
    });
}

#[test]
fn loom_two_increments() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let other = spawn(&world, |world| world.increment_until(1, 6));
        assert!(world.increment_until(1, 7));
        assert!(other.join().unwrap());
        assert_eq!(world.value(1), Some(12));
    });
}

/// An overwrite and an update that keeps the deadline: one of the two orders, and no deadline of an entry overwritten.
#[test]
fn loom_an_overwrite_against_an_update() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let writer = spawn(&world, |world| world.insert(1, 30, 9));
        assert!(world.increment(1));
        writer.join().unwrap();
        let left = world.get(1);
        assert!(left == Some((30, 9)) || left == Some((31, 9)), "{left:?}");
    });
}

/// An entry that is due is absent, and its place is won once.
#[test]
fn loom_insert_if_absent_where_one_expires() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        world.pass(5);
        let other = spawn(&world, |world| world.insert_if_absent(1, 11, 20));
        let one = world.insert_if_absent(1, 12, 20);
        let other = other.join().unwrap();
        assert!(one ^ other);
        assert_eq!(world.value(1), Some(if one { 12 } else { 11 }));
        assert_eq!((world.engine.len(), world.expired()), (1, 1));
    });
}

/// Expiry by several hands is counted once.
#[test]
fn loom_expired_once() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let reader = spawn(&world, |world| world.value(1));
        let remover = spawn(&world, |world| world.remove(1));
        world.pass(5);
        reader.join().unwrap();
        let removed = remover.join().unwrap();
        assert_eq!(world.value(1), None);
        assert_eq!(world.engine.len(), 0);
        assert_eq!(world.expired(), usize::from(removed.is_none()));
    });
}

/// Of two that change a deadline on the same condition, one does.
#[test]
fn loom_two_conditions() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, NEVER);
        let other = spawn(&world, |world| world.retime(1, NEVER, 6));
        let one = world.retime(1, NEVER, 7);
        let other = other.join().unwrap();
        let left = match (one, other) {
            (Retimed::Changed, Retimed::Kept) => 7,
            (Retimed::Kept, Retimed::Changed) => 6,
            both => panic!("{both:?}"),
        };
        assert_eq!(world.get(1), Some((10, left)));
        world.assert_emptied_by_the_wheel(10);
    });
}

/// Nor is it overtaken by an update that keeps the deadline, which changes it once.
#[test]
fn loom_a_condition_against_an_update_that_keeps_the_deadline() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let changer = spawn(&world, |world| world.retime(1, 5, 20));
        assert!(world.increment(1));
        assert_eq!(changer.join().unwrap(), Retimed::Changed);
        assert_eq!(world.get(1), Some((11, 20)));
        assert_eq!(world.retime(1, 5, 30), Retimed::Kept);
    });
}

/// Who changes a deadline on a condition has found the entry live, and it is as long as was said.
#[test]
fn loom_a_condition_against_expiry() {
    check(BOUND, || {
        let world = World::new(Wheel::Without);
        world.insert(1, 10, 5);
        let changer = spawn(&world, |world| world.retime(1, 5, 20));
        world.pass(5);
        let seen = world.value(1);
        let changed = match changer.join().unwrap() {
            Retimed::Changed => true,
            Retimed::Absent => false,
            other => panic!("{other:?}"),
        };
        assert_eq!(seen, changed.then_some(10));
        assert_eq!((world.engine.len(), world.expired()), (changed.into(), (!changed).into()));
    });
}

/// A deadline that is due removes the entry, once.
#[test]
fn loom_a_condition_that_removes() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.pass(3);
        world.insert(1, 10, 9);
        let other = spawn(&world, |world| world.retime(1, 9, 3));
        let one = world.retime(1, 9, 2);
        let other = other.join().unwrap();
        let removals = [one, other].iter().filter(|done| **done == Retimed::Removed).count();
        assert_eq!(removals, 1, "{one:?}, {other:?}");
        assert!(one == Retimed::Absent || other == Retimed::Absent);
        assert_eq!(world.engine.departed(RemovalCause::Removed), 1);
        world.assert_empty();
    });
}
