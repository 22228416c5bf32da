//! Timers and records: after every race the wheel alone, without anybody asking, removes each entry by the tick after its
//! deadline, and nobody is counted as waiting for a record who does not.

use super::*;
use crate::sync::check;

const BOUND: usize = 3;
/// Of those in which both do much.
const LONG_BOUND: usize = 2;

/// A record fires for an entry that was extended, while that is overwritten: rule 3.
#[test]
fn loom_rearm_against_overwrite() {
    check(LONG_BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        assert!(world.set_deadline(1, 5));
        world.pass(3);
        let writer = spawn(&world, |world| world.insert(1, 11, 6));
        world.advance();
        writer.join().unwrap();
        assert_eq!(world.value(1), Some(11));
        world.assert_emptied_by_the_wheel(3);
    });
}

/// The same with an update that keeps the deadline.
#[test]
fn loom_rearm_against_update() {
    check(LONG_BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        assert!(world.set_deadline(1, 5));
        world.pass(3);
        let updater = spawn(&world, |world| world.increment(1));
        world.advance();
        assert!(updater.join().unwrap());
        world.assert_emptied_by_the_wheel(2);
    });
}

/// A record fires for an entry whose deadline is being brought forward.
#[test]
fn loom_rearm_against_a_shorter_ttl() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, 9));
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        world.advance();
        assert!(setter.join().unwrap());
        world.assert_emptied_by_the_wheel(3);
    });
}

/// A record fires for an entry without a deadline, which gets one.
#[test]
fn loom_disarm_against_set_ttl() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, NEVER));
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        world.advance();
        assert!(setter.join().unwrap());
        world.assert_emptied_by_the_wheel(3);
    });
}

/// As above, and the entry is replaced by one that keeps the deadline: the new one must not wait for the record that has fired.
#[test]
fn loom_disarm_against_update() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, NEVER));
        world.pass(2);
        let updater = spawn(&world, |world| world.increment(1));
        world.advance();
        assert!(updater.join().unwrap());
        assert!(world.set_deadline(1, 5));
        world.assert_emptied_by_the_wheel(3);
    });
}

/// A record fires for an entry without a deadline that is overwritten just then: what is sealed stays sealed.
#[test]
fn loom_disarm_against_overwrite() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, NEVER));
        world.pass(2);
        let writer = spawn(&world, |world| world.insert(1, 11, 5));
        world.advance();
        writer.join().unwrap();
        assert_eq!(world.engine.records().1, 1);
        world.assert_emptied_by_the_wheel(3);
    });
}

#[test]
fn loom_overwrite_with_a_longer_ttl_against_the_ticker() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        let writer = spawn(&world, |world| world.insert(1, 11, 5));
        world.pass(2);
        world.advance();
        writer.join().unwrap();
        assert_eq!(world.value(1), Some(11));
        world.assert_emptied_by_the_wheel(3);
    });
}

#[test]
fn loom_overwrite_with_a_shorter_ttl_against_the_ticker() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 5);
        let writer = spawn(&world, |world| world.insert(1, 11, 3));
        world.pass(2);
        world.advance();
        writer.join().unwrap();
        assert_eq!(world.value(1), Some(11));
        world.assert_emptied_by_the_wheel(1);
    });
}

#[test]
fn loom_a_shorter_ttl_against_the_ticker() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 9);
        let setter = spawn(&world, |world| world.set_deadline(1, 3));
        world.pass(2);
        world.advance();
        assert!(setter.join().unwrap());
        world.assert_emptied_by_the_wheel(1);
    });
}

/// The deadline is brought forward while the entry is replaced by one that keeps it, and with it the later record.
#[test]
fn loom_a_shorter_ttl_against_an_update() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 9);
        let updater = spawn(&world, |world| world.increment(1));
        assert!(world.set_deadline(1, 3));
        assert!(updater.join().unwrap());
        world.assert_emptied_by_the_wheel(3);
    });
}

/// An entry that was never armed gets a deadline while it is updated.
#[test]
fn loom_a_first_ttl_against_an_update() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, NEVER);
        let updater = spawn(&world, |world| world.increment(1));
        assert!(world.set_deadline(1, 3));
        assert!(updater.join().unwrap());
        world.assert_emptied_by_the_wheel(3);
    });
}

#[test]
fn loom_two_overwrites() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        let writer = spawn(&world, |world| world.insert(1, 11, 5));
        world.insert(1, 12, 4);
        writer.join().unwrap();
        world.assert_emptied_by_the_wheel(5);
    });
}

#[test]
fn loom_remove_against_the_ticker() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, 5));
        world.pass(2);
        let remover = spawn(&world, |world| world.remove(1));
        world.advance();
        assert_eq!(remover.join().unwrap(), Some(10));
        world.assert_empty();
        assert_eq!(world.expired(), 0);
    });
}

/// Removed when due: by the one or by the other.
#[test]
fn loom_expiry_by_the_ticker_and_by_a_reader() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        world.pass(2);
        let reader = spawn(&world, |world| world.value(1));
        world.advance();
        assert_eq!(reader.join().unwrap(), None);
        world.assert_empty();
        assert_eq!(world.expired(), 1);
    });
}

/// An entry whose deadline passes is replaced just then.
#[test]
fn loom_expiry_by_the_ticker_against_insert() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        world.pass(2);
        let writer = spawn(&world, |world| world.insert(1, 11, 4));
        world.advance();
        writer.join().unwrap();
        assert_eq!(world.value(1), Some(11));
        world.assert_emptied_by_the_wheel(2);
    });
}

/// A record without an entry makes the advance sweep, while an entry of that key is born.
#[test]
fn loom_sweep_against_insert() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        assert_eq!(world.remove(1), Some(10));
        let writer = spawn(&world, |world| world.insert(1, 11, 3));
        world.advance();
        writer.join().unwrap();
        world.assert_emptied_by_the_wheel(3);
    });
}

/// Two stale records make the advance sweep, while the entry of the third is replaced by one that inherits it.
#[test]
fn loom_sweep_against_take_over() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        for key in 2..4 {
            world.insert(key, 10, 3);
            assert_eq!(world.remove(key), Some(10));
        }
        let writer = spawn(&world, |world| world.insert(1, 11, 5));
        world.advance();
        writer.join().unwrap();
        world.assert_emptied_by_the_wheel(5);
    });
}

/// As above, while the entry gets a shorter deadline, and so another record.
#[test]
fn loom_sweep_against_a_shorter_ttl() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        for key in 2..4 {
            world.insert(key, 10, 3);
            assert_eq!(world.remove(key), Some(10));
        }
        let setter = spawn(&world, |world| world.set_deadline(1, 2));
        world.advance();
        assert!(setter.join().unwrap());
        world.assert_emptied_by_the_wheel(2);
    });
}

#[test]
fn loom_two_tickers() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        world.insert(2, 20, 2);
        assert!(world.set_deadline(2, 4));
        world.pass(2);
        let other = spawn(&world, |world| world.advance());
        let removed = world.advance() + other.join().unwrap();
        assert_eq!((removed, world.expired()), (1, 1));
        world.assert_emptied_by_the_wheel(2);
    });
}

/// Ticker, `set_ttl` and an update that keeps the deadline, all at one entry whose record fires.
#[test]
fn loom_rearm_a_shorter_ttl_and_an_update() {
    check(1, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 2);
        assert!(world.set_deadline(1, 9));
        world.pass(2);
        let setter = spawn(&world, |world| world.set_deadline(1, 5));
        let updater = spawn(&world, |world| world.increment(1));
        world.advance();
        assert!(setter.join().unwrap());
        assert!(updater.join().unwrap());
        assert_eq!(world.get(1), Some((11, 5)));
        world.assert_emptied_by_the_wheel(3);
    });
}

/// Two overwrites hand one record on, while it fires.
#[test]
fn loom_rearm_against_two_overwrites() {
    check(1, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, 3);
        assert!(world.set_deadline(1, 5));
        world.pass(3);
        let one = spawn(&world, |world| world.insert(1, 11, 6));
        let two = spawn(&world, |world| world.insert(1, 12, 7));
        world.advance();
        one.join().unwrap();
        two.join().unwrap();
        world.assert_emptied_by_the_wheel(4);
    });
}

/// A removed entry is not counted as waiting, though its deadline was set a moment before.
#[test]
fn loom_a_first_ttl_against_remove() {
    check(BOUND, || {
        let world = World::new(Wheel::With);
        world.insert(1, 10, NEVER);
        let setter = spawn(&world, |world| world.set_deadline(1, 3));
        assert_eq!(world.remove(1), Some(10));
        setter.join().unwrap();
        world.assert_emptied_by_the_wheel(3);
    });
}
