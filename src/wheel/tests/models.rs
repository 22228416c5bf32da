//! The races, each by itself. Under `--cfg purekv_loom` these are exhaustive up to the preemption bound, with 4 slots per level, 2 levels,
//! chunks of 2 cells and one stripe; otherwise short stress tests.

use super::*;
use crate::sync::{Arc, AtomicUsize, Ordering, check, thread};

const BOUND: usize = 3;
/// Of those with three threads.
const FEWER: usize = 2;

/// Counts of what has fired, by number; and what the engine does before it pushes: publish an entry.
struct World {
    wheel: Wheel,
    /// Relaxed on purpose: it is seen by who fires only if the wheel's own orderings carry it over.
    published: [AtomicUsize; 4],
    fired: [AtomicUsize; 4],
}

impl World {
    fn new(start: Tick) -> Arc<Self> {
        Arc::new(Self {
            wheel: Wheel::new(start),
            published: std::array::from_fn(|_| AtomicUsize::new(0)),
            fired: std::array::from_fn(|_| AtomicUsize::new(0)),
        })
    }

    fn push(&self, number: usize, due: Tick) {
        self.published[number].store(1, Ordering::Relaxed);
        let guard = pin();
        let fire = self.wheel.fire_tick(due);
        self.wheel.push(signature(number as u64), fire, &guard);
    }

    fn handed_out(&self, due: &[Due], now: Tick) {
        for due in due {
            let number = due.signature.bits() as usize;
            assert_eq!(
                self.published[number].load(Ordering::Relaxed),
                1,
                "fires before it was pushed"
            );
            assert!(due.tick <= now.max(self.wheel.elapsed()), "fires early");
            self.fired[number].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn advance(&self, now: Tick, budget: usize) {
        self.wheel.advance(now, budget, |_, due| self.handed_out(due, now));
    }

    fn advance_to_the_end(&self, now: Tick) {
        for due in advance(&self.wheel, now, usize::MAX) {
            self.handed_out(&[due], now);
        }
    }

    fn fired(&self, number: usize) -> usize {
        self.fired[number].load(Ordering::Relaxed)
    }

    /// Nothing is left in the wheel but perhaps second records, which the rest of a turn brings out.
    fn assert_empty_after_a_turn(&self) {
        self.advance_to_the_end(self.wheel.elapsed() + (1 << 20));
        assert_eq!(self.wheel.records(), 0);
        assert_eq!(self.wheel.memory(), 0);
    }
}

fn spawn(world: &Arc<World>, work: impl FnOnce(&World) + Send + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || work(&world))
}

/// Trap 1: the slot is passed between the pusher's two looks at the time.
#[test]
fn loom_a_push_into_a_slot_just_passed_fires_all_the_same() {
    check(BOUND, || {
        let world = World::new(0);
        let pusher = spawn(&world, |world| world.push(0, 1));
        world.advance(1, usize::MAX);
        pusher.join().unwrap();
        // Time stands still: were the record in slot 1 only, it would wait for a whole turn.
        world.advance_to_the_end(1);
        assert!((1..=2).contains(&world.fired(0)));
        world.assert_empty_after_a_turn();
    });
}

/// Trap 1 on a higher level, where the record would have to cascade; the ticker comes in two steps.
#[test]
fn loom_a_push_into_a_high_slot_just_passed_fires_at_its_tick() {
    check(BOUND, || {
        let world = World::new(0);
        let pusher = spawn(&world, |world| world.push(0, 6));
        world.advance(4, usize::MAX);
        world.advance(5, usize::MAX);
        assert_eq!(world.fired(0), 0);
        pusher.join().unwrap();
        world.advance_to_the_end(6);
        assert!((1..=2).contains(&world.fired(0)));
        world.assert_empty_after_a_turn();
    });
}

/// Trap 1 where the slot was occupied once, a turn ago, and the bit is stale.
#[test]
fn loom_a_push_into_a_slot_used_before_fires() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let pusher = spawn(&world, |world| world.push(1, 5));
        world.advance(2, usize::MAX);
        world.advance(5, usize::MAX);
        pusher.join().unwrap();
        world.advance_to_the_end(5);
        assert_eq!(world.fired(0), 1);
        assert!((1..=2).contains(&world.fired(1)), "{}", world.fired(1));
        world.assert_empty_after_a_turn();
    });
}

/// Trap 2: the ticker takes a chunk whose last cell is reserved and not written.
#[test]
fn loom_a_chunk_taken_half_filled_loses_nothing() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let pusher = spawn(&world, |world| world.push(1, 1));
        world.advance(1, usize::MAX);
        pusher.join().unwrap();
        world.advance_to_the_end(1);
        assert_eq!(world.fired(0), 1);
        assert!((1..=2).contains(&world.fired(1)), "{}", world.fired(1));
        world.assert_empty_after_a_turn();
    });
}

/// Trap 2 where time is not what saves it: the list is taken by a sweep, and the slot is still ahead.
#[test]
fn loom_a_chunk_swept_half_filled_loses_nothing() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 2);
        let pusher = spawn(&world, |world| world.push(1, 2));
        assert!(world.wheel.sweep(usize::MAX, |_, _, _| {}).finished);
        pusher.join().unwrap();
        world.advance_to_the_end(1);
        assert_eq!((world.fired(0), world.fired(1)), (0, 0));
        world.advance_to_the_end(2);
        assert_eq!((world.fired(0), world.fired(1)), (1, 1));
        world.assert_empty_after_a_turn();
    });
}

#[test]
fn loom_two_pushers_and_a_ticker() {
    check(FEWER, || {
        let world = World::new(0);
        let one = spawn(&world, |world| world.push(0, 1));
        let two = spawn(&world, |world| world.push(1, 1));
        world.advance(1, usize::MAX);
        one.join().unwrap();
        two.join().unwrap();
        world.advance_to_the_end(1);
        assert!((1..=2).contains(&world.fired(0)));
        assert!((1..=2).contains(&world.fired(1)), "{}", world.fired(1));
        world.assert_empty_after_a_turn();
    });
}

/// Two pushers, the second of which relies on the list and the bit that the first has made.
#[test]
fn loom_three_records_in_chunks_of_two() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let one = spawn(&world, |world| world.push(1, 1));
        let two = spawn(&world, |world| world.push(2, 1));
        one.join().unwrap();
        world.advance(1, usize::MAX);
        two.join().unwrap();
        world.advance_to_the_end(1);
        assert_eq!((world.fired(0), world.fired(1)), (1, 1));
        assert!((1..=2).contains(&world.fired(2)));
        world.assert_empty_after_a_turn();
    });
}

/// The claim: of two tickers one works or both do, one after the other; in slices.
#[test]
fn loom_two_tickers_hand_out_each_record_once() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        world.push(1, 1);
        world.push(2, 2);
        let other = spawn(&world, |world| world.advance(1, 1));
        world.advance(2, 2);
        other.join().unwrap();
        world.advance_to_the_end(2);
        for number in 0..3 {
            assert_eq!(world.fired(number), 1);
        }
        assert_eq!(world.wheel.memory(), 0);
    });
}

/// A slot that the ticker has entered and not emptied takes records for its next turn.
#[test]
fn loom_a_push_for_the_next_turn_while_the_ticker_is_behind() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let pusher = spawn(&world, |world| world.push(1, 5));
        world.advance(2, 0);
        world.advance(2, usize::MAX);
        pusher.join().unwrap();
        world.advance_to_the_end(4);
        assert_eq!((world.fired(0), world.fired(1)), (1, 0));
        world.advance_to_the_end(5);
        assert_eq!(world.fired(1), 1);
        world.assert_empty_after_a_turn();
    });
}

/// A sweep that drops one record and keeps another, while a third is pushed to the same slot.
#[test]
fn loom_a_sweep_and_a_push() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        world.push(1, 1);
        let pusher = spawn(&world, |world| world.push(2, 1));
        let progress = world.wheel.sweep(usize::MAX, |_, due, keep| {
            for (due, keep) in due.iter().zip(keep) {
                *keep = due.signature != signature(0);
            }
        });
        assert!(progress.finished);
        pusher.join().unwrap();
        world.advance_to_the_end(1);
        assert_eq!((world.fired(0), world.fired(1), world.fired(2)), (0, 1, 1));
        assert_eq!(world.wheel.memory(), 0);
    });
}

/// A sweep and an advance, both wanting the claim, and a pusher.
#[test]
fn loom_a_sweep_an_advance_and_a_push() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let pusher = spawn(&world, |world| world.push(1, 1));
        let sweeper = spawn(&world, |world| {
            world.wheel.sweep(1, |_, _, _| {});
        });
        world.advance(1, usize::MAX);
        pusher.join().unwrap();
        sweeper.join().unwrap();
        world.advance_to_the_end(1);
        assert_eq!(world.fired(0), 1);
        assert!((1..=2).contains(&world.fired(1)), "{}", world.fired(1));
        world.assert_empty_after_a_turn();
    });
}

/// The engine's way: what fires is armed anew from within, while another pusher is at work.
#[test]
fn loom_arming_again_while_firing() {
    check(BOUND, || {
        let world = World::new(0);
        world.push(0, 1);
        let pusher = spawn(&world, |world| world.push(1, 2));
        let mut again = 0;
        world.wheel.advance(1, usize::MAX, |guard, due| {
            for due in due {
                again += 1;
                world.wheel.push(due.signature, world.wheel.fire_tick(2), guard);
            }
        });
        assert_eq!(again, 1);
        pusher.join().unwrap();
        world.advance_to_the_end(2);
        assert_eq!((world.fired(0), world.fired(1)), (1, 1));
        assert_eq!(world.wheel.memory(), 0);
    });
}
