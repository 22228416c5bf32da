//! Bounded memory: who evicts, who comes, who leaves, who has the record.
//!
//! After each model all is counted: what is in the table, what it weighs, who was told. Then the capacity is set to nothing: an entry that no
//! record serves stays, and fails the model.
//!
//! An evictor looks at two entries at most, and the second goes whatever its count. So in the models in which an entry is to be given
//! another record, and to stay, it has a hit, and one that goes comes after it.
//!
//! As a rule the evictor is who lowers the capacity: that is an eviction and nothing else. An insert that makes room has some hundred accesses
//! more, and two of them at a time take a model from seconds to minutes.

use super::super::counters::TIDY_EVERY;
use super::*;
use crate::policy::{Marked, Place};
use crate::sync::check;
use crate::table::Cursor;

/// Of models with two threads.
const BOUND: usize = 2;
/// Of those in which one of them does next to nothing.
const SHORT_BOUND: usize = 3;
/// Of those in which both do much.
const LONG_BOUND: usize = 1;

const FOREVER: Until = Until { deadline: NEVER, hard: None };

fn capacity(weight: u64) -> Option<Capacity> {
    Some(Capacity::Weight(weight))
}

/// A world with room for so much.
fn world(weight: u64) -> Arc<World> {
    World::bounded(Wheel::Without, capacity(weight))
}

/// What is in the table: values, and what they weigh, and what of that is in small.
#[derive(Debug, Default)]
struct Census {
    values: Vec<u64>,
    weight: u64,
    small: u64,
}

impl World {
    /// A look-up that counts as a hit.
    fn hit(&self, key: u64) -> Option<u64> {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            let (entry, _) = self.engine.read(hash(key), guard, now, is_key)?;
            Some(entry.get().value())
        })
    }

    fn insert_heavy(&self, key: u64, value: u64, weight: u64) {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            let entry = heavy(key, value, FOREVER, weight);
            assert_eq!(self.engine.insert(hash(key), entry, guard, now, is_key), Ok(()));
        });
    }

    /// Adds one to the value and keeps the deadline; the entry weighs `weight` now.
    fn grow(&self, key: u64, weight: u64) -> bool {
        self.compute(key, |value| {
            Decision::PutKeepingDeadline(heavy(key, value + 1, FOREVER, weight))
        })
    }

    fn set_capacity(&self, weight: u64) {
        assert!(self.engine.set_capacity(weight));
    }

    /// As if so many entries had come or gone that it is time.
    fn tidy(&self) {
        self.enter(|guard, now| self.engine.tidy(TIDY_EVERY, guard, now));
    }

    fn census(&self) -> Census {
        let (mut census, mut cursor, guard) = (Census::default(), Cursor::new(), epoch::pin());
        while cursor.next_bucket(&self.engine.table, &guard, |found| {
            let entry = found.node.get();
            let mark = entry.mark.load().expect("what is in the table is not sealed");
            census.values.push(entry.value());
            census.weight += entry.weight;
            census.small += if mark.place == Place::Small { entry.weight } else { 0 };
        }) {}
        census
    }

    fn mark(&self, key: u64) -> Option<Marked> {
        self.enter(|guard, now| {
            let live = self.engine.get(hash(key), guard, now, |other| other.get().key == key)?;
            live.entry().get().mark.load()
        })
    }

    /// All threads are at rest: what is counted is there, and not too much, and who has left was told of once.
    fn assert_accounts(&self) {
        let bound = self.engine.bound.as_ref().expect("it is bounded");
        let census = self.census();
        assert_eq!(bound.budget.weight(), census.weight, "the weight of {census:?}");
        assert_eq!(bound.policy.small_weight(), census.small, "small's weight of {census:?}");
        assert!(!bound.budget.is_exceeded(), "too much: {census:?}");
        assert_eq!(self.engine.len(), census.values.len(), "entries of {census:?}");
        let told = self.told.lock().unwrap().clone();
        let mut seen: Vec<u64> = told.iter().map(|(value, _)| *value).collect();
        seen.extend(&census.values);
        seen.sort_unstable();
        let all = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), all, "told of {told:?} with {census:?} in the table");
        let arrived = self.engine.inserted() + self.engine.counters.entries_replaced();
        assert_eq!(arrived, all, "told of {told:?} with {census:?} in the table");
        for cause in RemovalCause::ALL {
            let times = told.iter().filter(|(_, why)| *why == cause).count();
            assert_eq!(times, self.engine.departed(cause), "{cause:?}: told of {told:?}");
        }
    }

    /// As [`assert_accounts`](Self::assert_accounts), and every entry that is left has a record by which it can be evicted.
    fn assert_served(&self) {
        self.assert_accounts();
        self.set_capacity(0);
        assert!(self.census().values.is_empty(), "nobody serves it");
        self.assert_accounts();
    }

    fn evicted(&self) -> usize {
        self.engine.departed(RemovalCause::Evicted)
    }
}

/// The hit is counted, or comes too late; what it finds is there.
#[test]
fn loom_evict_against_get() {
    check(SHORT_BOUND, || {
        let world = world(2);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        let reader = spawn(&world, |world| world.hit(1));
        world.set_capacity(1);
        let seen = reader.join().unwrap();
        assert!(matches!(seen, None | Some(10)));
        assert_eq!(world.evicted(), 1);
        world.assert_served();
    });
}

/// What is claimed for an eviction is removed by another: the claim is given back.
#[test]
fn loom_evict_against_remove() {
    check(SHORT_BOUND, || {
        let world = world(2);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        let remover = spawn(&world, |world| world.remove(1));
        world.set_capacity(1);
        let removed = remover.join().unwrap();
        assert_eq!(world.engine.departed(RemovalCause::Removed), usize::from(removed.is_some()));
        world.assert_served();
    });
}

/// The record of what was removed is met by who has the new one's.
#[test]
fn loom_evict_against_remove_and_insert() {
    check(LONG_BOUND, || {
        let world = full(0);
        let other = spawn(&world, |world| {
            world.remove(1);
            world.insert(1, 11, NEVER);
        });
        world.set_capacity(1);
        other.join().unwrap();
        world.assert_served();
    });
}

/// One is too many, and two look for one to evict: one goes.
#[test]
fn loom_evict_one_of_two_by_two_who_look() {
    check(BOUND, || {
        let world = world(3);
        for key in 1..4 {
            world.insert(key, key * 10, NEVER);
        }
        let other = spawn(&world, |world| world.set_capacity(2));
        world.set_capacity(2);
        other.join().unwrap();
        assert_eq!((world.engine.len(), world.evicted()), (2, 1));
        world.assert_served();
    });
}

/// What is due has expired, whoever removes it.
#[test]
fn loom_evict_against_expiry() {
    check(BOUND, || {
        let world = world(2);
        world.insert(1, 10, 5);
        world.insert(2, 20, NEVER);
        world.pass(5);
        let reader = spawn(&world, |world| world.hit(1));
        world.set_capacity(1);
        assert_eq!(reader.join().unwrap(), None);
        // As long as what has gone is still counted, another may go for it.
        assert_eq!(world.expired(), 1);
        world.assert_served();
    });
}

/// Whichever it was when it went, by the clocks of both.
#[test]
fn loom_evict_against_the_ticker() {
    check(BOUND, || {
        let world = World::bounded(Wheel::With, capacity(2));
        world.insert(1, 10, 5);
        let ticker = spawn(&world, |world| world.advance());
        world.pass(5);
        world.set_capacity(0);
        ticker.join().unwrap();
        assert_eq!(world.expired() + world.evicted(), 1);
        assert_eq!(world.engine.records().1, 0);
        world.assert_served();
    });
}

/// An entry is evicted while another takes its place.
#[test]
fn loom_evict_against_replace() {
    check(LONG_BOUND, || {
        let world = full(0);
        let writer = spawn(&world, |world| world.insert(1, 11, NEVER));
        world.set_capacity(1);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// A world for two of two entries, of which the first has so many hits.
fn full(hits: usize) -> Arc<World> {
    let world = world(2);
    world.insert(1, 10, NEVER);
    world.insert(2, 20, NEVER);
    (0..hits).for_each(|_| assert_eq!(world.hit(1), Some(10)));
    world
}

/// A world for two with one entry that weighs as much, and has so many hits.
fn lone(hits: usize) -> Arc<World> {
    let world = world(2);
    world.insert_heavy(1, 10, 2);
    (0..hits).for_each(|_| assert_eq!(world.hit(1), Some(10)));
    world
}

/// An entry is given another record while another takes its place, which relies on the one before; there is room for that.
#[test]
fn loom_evict_keeps_what_is_replaced() {
    check(BOUND, || {
        let world = lone(1);
        let writer = spawn(&world, |world| world.insert(1, 11, NEVER));
        world.set_capacity(1);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// The same, and it moves to main.
#[test]
fn loom_evict_moves_what_is_replaced() {
    check(BOUND, || {
        let world = lone(2);
        let writer = spawn(&world, |world| world.insert(1, 11, NEVER));
        world.set_capacity(1);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// What is removed moves to main just then: it is uncounted where it was.
#[test]
fn loom_evict_moves_what_is_removed() {
    check(BOUND, || {
        let world = lone(2);
        let remover = spawn(&world, |world| world.remove(1));
        world.set_capacity(1);
        remover.join().unwrap();
        world.assert_served();
    });
}

/// The same with an update that keeps the deadline.
#[test]
fn loom_evict_against_update() {
    check(BOUND, || {
        let world = lone(1);
        let writer = spawn(&world, |world| world.increment(1));
        world.set_capacity(1);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// And the deadline passes: it is the old entry's to tell.
#[test]
fn loom_evict_what_inherits_its_deadline() {
    check(LONG_BOUND, || {
        let world = world(2);
        world.insert(1, 10, 5);
        world.insert(2, 20, NEVER);
        let writer = spawn(&world, |world| world.increment(1));
        world.pass(5);
        world.set_capacity(1);
        writer.join().unwrap();
        assert_eq!((world.value(1), world.expired()), (None, 1));
        world.assert_served();
    });
}

/// A mark is handed on twice: the second relies on a record that the first has yet to push.
#[test]
fn loom_evict_against_two_replacements() {
    check(LONG_BOUND, || {
        let world = lone(1);
        let first = spawn(&world, |world| world.insert(1, 11, NEVER));
        let second = spawn(&world, |world| world.insert(1, 12, NEVER));
        world.set_capacity(1);
        first.join().unwrap();
        second.join().unwrap();
        world.assert_served();
    });
}

/// What grows while others evict is spared, if they have not taken all there is.
#[test]
fn loom_evict_against_an_update_that_grows() {
    check(LONG_BOUND, || {
        let world = world(3);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        let writer = spawn(&world, |world| world.grow(1, 2));
        world.set_capacity(2);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// Two that grow: each has its own record kept back for a while.
#[test]
fn loom_evict_by_two_updates_that_grow() {
    check(LONG_BOUND, || {
        let world = world(3);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        let writer = spawn(&world, |world| world.grow(1, 3));
        world.grow(2, 3);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// What grows is replaced while its record is kept back.
#[test]
fn loom_evict_by_an_update_that_grows_and_is_replaced() {
    check(LONG_BOUND, || {
        let world = world(3);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        let writer = spawn(&world, |world| world.insert(1, 30, NEVER));
        world.grow(1, 3);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// What grows and must not: the only record there is is its own.
#[test]
fn loom_evict_what_grows_by_itself() {
    check(BOUND, || {
        let world = world(3);
        world.insert(1, 10, NEVER);
        let setter = spawn(&world, |world| world.set_capacity(2));
        world.grow(1, 3);
        setter.join().unwrap();
        world.assert_served();
    });
}

/// One says that there may be less while another brings more: one of the two sees it.
#[test]
fn loom_evict_by_set_capacity_against_insert() {
    check(LONG_BOUND, || {
        let world = world(2);
        world.insert(1, 10, NEVER);
        let setter = spawn(&world, |world| world.set_capacity(1));
        world.insert(2, 20, NEVER);
        setter.join().unwrap();
        world.assert_served();
    });
}

/// Two that are one too many each: two go, and not one of them for both.
#[test]
fn loom_evict_by_two_inserts() {
    check(LONG_BOUND, || {
        let world = world(1);
        let other = spawn(&world, |world| world.insert(2, 20, NEVER));
        world.insert(3, 30, NEVER);
        other.join().unwrap();
        world.assert_served();
    });
}

/// What would make room for a new entry is removed by another, or replaced by a heavier one, before either is counted.
#[test]
fn loom_evict_by_insert_against_remove() {
    check(LONG_BOUND, || {
        let world = lone(0);
        let remover = spawn(&world, |world| world.remove(1));
        world.insert(2, 20, NEVER);
        remover.join().unwrap();
        assert_eq!((world.value(1), world.value(2)), (None, Some(20)));
        world.assert_served();
    });
}

#[test]
fn loom_evict_by_insert_against_an_update_that_grows() {
    check(LONG_BOUND, || {
        let world = world(2);
        world.insert(1, 10, NEVER);
        let writer = spawn(&world, |world| world.grow(1, 2));
        world.insert(2, 20, NEVER);
        writer.join().unwrap();
        world.assert_served();
    });
}

/// Who tidies has the record of what is removed and comes again.
#[test]
fn loom_evict_tidy_against_remove_and_insert() {
    check(SHORT_BOUND, || {
        let world = world(9);
        world.insert(2, 20, NEVER);
        world.remove(2);
        world.insert(1, 10, NEVER);
        let other = spawn(&world, |world| {
            world.remove(1);
            world.insert(1, 11, NEVER);
        });
        world.tidy();
        world.tidy();
        other.join().unwrap();
        assert_eq!(world.value(1), Some(11));
        world.assert_served();
    });
}

/// A world with one entry, and its record the first of three, of which two are stale.
fn untidy(weight: u64) -> Arc<World> {
    let world = world(weight);
    world.insert(1, 10, NEVER);
    for value in 20..22 {
        world.insert(2, value, NEVER);
        world.remove(2);
    }
    world
}

/// Who tidies gives an entry another record while another takes its place.
#[test]
fn loom_evict_tidy_against_replace() {
    check(SHORT_BOUND, || {
        let world = untidy(9);
        let before = world.mark(1);
        let writer = spawn(&world, |world| world.insert(1, 11, NEVER));
        world.tidy();
        writer.join().unwrap();
        // Outside the model such few stale records are not worth it.
        assert!(!cfg!(purekv_loom) || world.mark(1) != before);
        world.assert_served();
    });
}

/// And hands its mark on twice meanwhile, by one thread or by two.
#[test]
fn loom_evict_tidy_against_replace_twice() {
    check(BOUND, || {
        let world = untidy(9);
        let writer = spawn(&world, |world| {
            world.insert(1, 11, NEVER);
            world.insert(1, 12, NEVER);
        });
        world.tidy();
        writer.join().unwrap();
        assert_eq!(world.value(1), Some(12));
        world.assert_served();
    });
}

#[test]
fn loom_evict_tidy_against_two_replacements() {
    check(BOUND, || {
        let world = untidy(9);
        let first = spawn(&world, |world| world.insert(1, 11, NEVER));
        let second = spawn(&world, |world| world.insert(1, 12, NEVER));
        world.tidy();
        first.join().unwrap();
        second.join().unwrap();
        world.assert_served();
    });
}

/// Who tidies has the only record that an evictor could find.
#[test]
fn loom_evict_against_tidy() {
    check(BOUND, || {
        let world = untidy(2);
        let setter = spawn(&world, |world| world.set_capacity(0));
        world.tidy();
        setter.join().unwrap();
        assert_eq!(world.engine.len(), 0);
        world.assert_served();
    });
}

/// The same, and it is an insert that looks for it.
#[test]
fn loom_evict_by_insert_against_tidy() {
    check(LONG_BOUND, || {
        let world = untidy(2);
        let writer = spawn(&world, |world| world.insert_heavy(3, 30, 2));
        world.tidy();
        writer.join().unwrap();
        assert_eq!(world.engine.len(), 1);
        world.assert_served();
    });
}

/// The bucket becomes a chain while an entry of it is given another record.
#[test]
fn loom_evict_tidy_against_a_chain_that_is_made() {
    check(LONG_BOUND, || {
        let world = world(9);
        world.insert(1, 10, NEVER);
        world.insert(2, 20, NEVER);
        for value in 30..34 {
            world.insert(3, value, NEVER);
            world.remove(3);
        }
        world.insert(3, 34, NEVER);
        let writer = spawn(&world, |world| world.insert(4, 40, NEVER));
        world.tidy();
        writer.join().unwrap();
        assert_eq!(world.engine.len(), 4);
        world.assert_served();
    });
}
