//! Time-to-idle: hits put a deadline off while others change it, or act on it.

use super::*;
use crate::sync::check;

const BOUND: usize = 3;

/// Entries are due 4 after their last use.
const IDLE: u64 = 4;

fn world(wheel: Wheel) -> Arc<World> {
    World::with(wheel, None, Some(Duration::from_nanos(IDLE)))
}

impl World {
    /// An entry that is due at `hard` at last.
    fn insert_idle(&self, key: u64, value: u64, hard: u64) {
        self.enter(|guard, now| {
            let entry = entry_until(key, value, self.engine.until(hard, now));
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            assert_eq!(self.engine.insert(hash(key), entry, guard, now, is_key), Ok(()));
        });
    }

    /// Asks for a key as users do; its deadline as it was found.
    fn read(&self, key: u64) -> Option<u64> {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            Some(self.engine.read(hash(key), guard, now, is_key)?.1)
        })
    }

    fn increment_idle(&self, key: u64) -> bool {
        self.compute(key, |value| {
            let until = Until { deadline: NEVER, hard: Some(NEVER) };
            Decision::PutKeepingDeadline(entry_until(key, value + 1, until))
        })
    }

    fn deadline(&self, key: u64) -> Option<u64> {
        self.get(key).map(|(_, deadline)| deadline)
    }
}

/// A hit does not put the deadline beyond one that is set meanwhile.
#[test]
fn loom_touch_against_a_shorter_ttl() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        world.read(1);
        assert!(setter.join().unwrap());
        assert_eq!(world.deadline(1), Some(5));
        // Nor any later one.
        world.pass(1);
        world.read(1);
        assert_eq!(world.deadline(1), Some(5));
    });
}

/// The same with two hits, and one change after the other.
#[test]
fn loom_touch_twice_against_two_ttls() {
    check(2, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, 3);
        world.pass(1);
        let setter = spawn(&world, |world| world.set_deadline(1, 20) && world.set_deadline(1, 4));
        let reader = spawn(&world, |world| world.read(1));
        world.read(1);
        reader.join().unwrap();
        assert!(setter.join().unwrap());
        assert_eq!(world.deadline(1), Some(4));
        world.read(1);
        assert_eq!(world.deadline(1), Some(4));
    });
}

/// A later deadline that is set while a hit is counted is not lost: the next hit finds it.
#[test]
fn loom_touch_against_persist() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, 3);
        world.pass(1);
        let setter = spawn(&world, |world| world.set_deadline(1, NEVER));
        world.read(1);
        assert!(setter.join().unwrap());
        world.pass(1);
        world.read(1);
        assert_eq!(world.deadline(1), Some(2 + IDLE));
    });
}

/// Who finds an entry due and who puts its deadline off: one of them is first, and what was absent stays so.
#[test]
fn loom_touch_against_expiry() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(IDLE - 1);
        let reader = spawn(&world, |world| (world.read(1).is_some(), world.read(1).is_some()));
        world.pass(1);
        let seen = world.get(1).is_some();
        let (first, second) = reader.join().unwrap();
        assert!(first || !second, "it came back");
        let left = world.get(1).is_some();
        assert!(!left || seen, "it was absent, and is here");
        assert!(!left || first, "nobody has put it off");
        assert_eq!((world.engine.len(), world.expired()), (left.into(), (!left).into()));
    });
}

/// An update that keeps the deadline takes over what was set meanwhile, and is a use itself.
#[test]
fn loom_touch_by_an_update_against_set_ttl() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        assert!(world.increment_idle(1));
        assert!(setter.join().unwrap());
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5)));
        world.pass(1);
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5)));
    });
}

/// Hits and updates at once: the last use counts.
#[test]
fn loom_touch_against_an_update() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, 20);
        world.pass(2);
        let updater = spawn(&world, |world| world.increment_idle(1));
        world.read(1);
        assert!(updater.join().unwrap());
        assert_eq!(world.get(1), Some((11, 2 + IDLE)));
        world.pass(3);
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5 + IDLE)));
    });
}

/// The record fires while the deadline is put off: it is armed for the new one.
#[test]
fn loom_touch_against_the_ticker() {
    check(BOUND, || {
        let world = world(Wheel::With);
        world.insert_idle(1, 10, NEVER);
        world.pass(IDLE - 1);
        let reader = spawn(&world, |world| world.read(1).is_some());
        world.pass(1);
        world.advance();
        let put_off = reader.join().unwrap();
        assert!(put_off || world.engine.len() == 0);
        world.assert_emptied_by_the_wheel(2 * IDLE);
    });
}

/// A hit that has to take itself back, beside the ticker: the entry goes when the shorter deadline says.
#[test]
fn loom_touch_against_a_shorter_ttl_and_the_ticker() {
    check(2, || {
        let world = world(Wheel::With);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        let reader = spawn(&world, |world| world.read(1));
        world.advance();
        reader.join().unwrap();
        assert!(setter.join().unwrap());
        world.assert_emptied_by_the_wheel(3);
    });
}

/// Of two changes on the same condition one is made, whatever hits do to the deadline meanwhile; and no hit puts it beyond that.
#[test]
fn loom_touch_against_two_conditions() {
    check(2, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let other = spawn(&world, |world| world.retime(1, NEVER, 4));
        let reader = spawn(&world, |world| world.read(1));
        let one = world.retime(1, NEVER, 5);
        reader.join().unwrap();
        let left = match (one, other.join().unwrap()) {
            (Retimed::Changed, Retimed::Kept) => 5,
            (Retimed::Kept, Retimed::Changed) => 4,
            both => panic!("{both:?}"),
        };
        world.read(1);
        assert_eq!(world.deadline(1), Some(left));
    });
}

/// A condition and an order: both are followed, in one order or the other.
#[test]
fn loom_a_condition_against_set_ttl_in_an_idle_cache() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        let changed = world.retime(1, NEVER, 4);
        assert!(setter.join().unwrap());
        assert!(matches!(changed, Retimed::Changed | Retimed::Kept));
        world.read(1);
        assert_eq!(world.deadline(1), Some(5));
    });
}

/// The update may have taken the change over or not: in the end it is there.
#[test]
fn loom_a_condition_against_an_update_in_an_idle_cache() {
    check(BOUND, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let changer = spawn(&world, |world| world.retime(1, NEVER, 5));
        assert!(world.increment_idle(1));
        assert_eq!(changer.join().unwrap(), Retimed::Changed);
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5)));
    });
}

/// Of two changes on the same condition one is made, also with an update between them that keeps the deadline.
#[test]
fn loom_touch_two_conditions_and_an_update() {
    check(2, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        let other = spawn(&world, |world| world.retime(1, NEVER, 3));
        world.increment_idle(1);
        let one = world.retime(1, NEVER, 2);
        let other = other.join().unwrap();
        assert!(
            !(one == Retimed::Changed && other == Retimed::Changed),
            "both have changed it on the same condition"
        );
    });
}

/// A decision about an entry that is gone does not touch the one that has come instead.
#[test]
fn loom_touch_a_condition_and_a_new_entry() {
    check(2, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        let other = spawn(&world, |world| {
            world.enter(|guard, now| {
                let is_key = |other: Shared<'_, Entry>| other.get().key == 1;
                world.engine.retime(hash(1), guard, now, is_key, |entry, due| {
                    (entry.get().value() == 10 && due == NEVER).then_some(3)
                })
            })
        });
        world.pass(4);
        if world.value(1).is_none() {
            world.insert_idle(1, 11, NEVER);
            other.join().unwrap();
            assert_eq!(world.value(1), Some(11), "nobody has decided anything about this one");
        } else {
            other.join().unwrap();
        }
    });
}

/// Nobody loses an entry to a deadline that was put off before it came.
#[test]
fn loom_touch_a_condition_against_one_that_puts_off() {
    check(5, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        let other = spawn(&world, |world| world.retime(1, NEVER, 2));
        world.pass(1);
        let put_off = world.retime(1, 2, 100);
        world.pass(2);
        let value = world.value(1);
        other.join().unwrap();
        if put_off == Retimed::Changed {
            assert_eq!(value, Some(10), "it was due at 2, and put off at 1");
        }
    });
}

/// A deadline that is set later is not undone.
#[test]
fn loom_touch_a_condition_against_a_shorter_ttl() {
    check(3, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        let other = spawn(&world, |world| world.retime(1, NEVER, 3));
        assert!(world.set_deadline(1, 1));
        world.pass(1);
        let value = world.value(1);
        other.join().unwrap();
        assert_eq!(value, None, "set_ttl has come back before that");
    });
}

/// A change and a hit beside an update: the change lasts.
#[test]
fn loom_touch_a_condition_and_a_hit_beside_an_update() {
    check(3, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let other = spawn(&world, |world| {
            let changed = world.retime(1, NEVER, 5);
            world.read(1);
            changed
        });
        assert!(world.increment_idle(1));
        assert_eq!(other.join().unwrap(), Retimed::Changed);
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5)));
    });
}

/// The same of a change without a condition.
#[test]
fn loom_touch_set_ttl_and_a_hit_beside_an_update() {
    check(3, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        world.pass(2);
        let other = spawn(&world, |world| {
            let changed = world.set_deadline(1, 5);
            world.read(1);
            changed
        });
        assert!(world.increment_idle(1));
        assert!(other.join().unwrap());
        world.read(1);
        assert_eq!(world.get(1), Some((11, 5)));
    });
}

/// A change that came after another is not undone by it.
#[test]
fn loom_touch_a_condition_on_what_another_has_set() {
    check(3, || {
        let world = world(Wheel::Without);
        world.insert_idle(1, 10, NEVER);
        let other = spawn(&world, |world| world.retime(1, NEVER, 3));
        world.increment_idle(1);
        let one = world.retime(1, 3, 2);
        other.join().unwrap();
        if one == Retimed::Changed {
            assert_eq!(world.deadline(1), Some(2), "3 came before 2");
        }
    });
}
