//! Models of the gate. Two words that are changed together, in relaxed steps, tell whether somebody was in the middle of something, and whether what was
//! done is seen.

#[cfg(not(purekv_loom))]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::*;
use crate::sync::{AtomicU64, check, thread};

#[derive(Default)]
struct World {
    gate: Arc<Gate>,
    /// Changed alone.
    pair: [AtomicU64; 2],
    /// Changed inside, each by one thread.
    steps: [[AtomicU64; 2]; 2],
}

fn add(pair: &[AtomicU64; 2]) {
    for word in pair {
        word.store(word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// What a pair says, if nobody is in the middle of changing it.
#[track_caller]
fn whole(pair: &[AtomicU64; 2]) -> u64 {
    let [first, second] = [&pair[1], &pair[0]].map(|word| word.load(Ordering::Relaxed));
    assert_eq!(first, second, "in the middle of something");
    first
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    fn seat(&self) -> Seat {
        Seat::new(&self.gate)
    }

    /// A command that sees what is changed alone, and changes something itself.
    #[track_caller]
    fn command(&self, thread: usize) -> u64 {
        add(&self.steps[thread]);
        whole(&self.pair)
    }

    /// One that is run alone; what it has found.
    #[track_caller]
    fn step(&self) -> u64 {
        for steps in &self.steps {
            whole(steps);
        }
        let found = whole(&self.pair);
        add(&self.pair);
        found
    }

    #[track_caller]
    fn assert_is_left(&self) {
        let hall = self.gate.hall();
        assert!(!hall.is_closed && hall.inside == 0 && hall.asleep == 0 && hall.next == hall.turn);
        assert!(hall.words.iter().all(|word| word.load(Ordering::Relaxed) == OPEN));
    }
}

fn spawn(world: &Arc<World>, run: impl FnOnce(&World) + Send + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || run(&world))
}

#[test]
fn loom_gate_a_batch_beside_who_runs_alone() {
    check(4, || {
        let world = World::new();
        let (mut seat, mut own) = (world.seat(), world.seat());
        let other = spawn(&world, move |world| {
            for _ in 0..2 {
                let mut inside = seat.enter();
                world.command(0);
                inside.look();
                world.command(0);
            }
        });
        own.enter().alone(|| world.step());
        other.join().unwrap();
        let total = own.enter().alone(|| whole(&world.steps[0]) + 10 * world.step());
        assert_eq!(total, 14);
        world.assert_is_left();
    });
}

/// What was done alone is seen by a batch that begins behind it, though it met nobody.
#[test]
fn loom_gate_what_was_done_alone_is_seen_inside() {
    check(4, || {
        let world = World::new();
        let (mut seat, mut own) = (world.seat(), world.seat());
        let other = spawn(&world, move |world| {
            let seen = [0; 3].map(|_| {
                let _inside = seat.enter();
                world.command(0)
            });
            assert!(seen.is_sorted());
        });
        own.enter().alone(|| world.step());
        assert_eq!(own.enter().alone(|| world.step()), 1);
        other.join().unwrap();
    });
}

/// Each after the other, whoever is first; who was inside before and is so again sees both.
#[test]
fn loom_gate_two_run_alone() {
    check(4, || {
        let world = World::new();
        let (mut first, mut second) = (world.seat(), world.seat());
        let other = spawn(&world, move |world| {
            let mut inside = first.enter();
            world.command(0);
            inside.alone(|| world.step());
            world.command(0);
        });
        let mut inside = second.enter();
        world.command(1);
        inside.alone(|| world.step());
        assert!(world.command(1) >= 1);
        drop(inside);
        other.join().unwrap();
        assert_eq!(whole(&world.pair), 2);
        world.assert_is_left();
    });
}

#[test]
fn loom_gate_two_run_alone_beside_a_batch() {
    check(2, || {
        let world = World::new();
        let (mut third, mut own) = (world.seat(), world.seat());
        let others = [world.seat(), world.seat()];
        let [a, b] = others.map(|mut seat| {
            spawn(&world, move |world| {
                seat.enter().alone(|| world.step());
            })
        });
        {
            let mut inside = third.enter();
            let first = world.command(0);
            inside.look();
            assert!(first <= world.command(0));
        }
        a.join().unwrap();
        b.join().unwrap();
        assert_eq!(own.enter().alone(|| world.step()), 2);
        world.assert_is_left();
    });
}

/// Again and again, without waiting for who sleeps to wake, and then with.
#[test]
fn loom_gate_one_runs_alone_in_a_row_beside_a_batch() {
    check(3, || {
        let world = World::new();
        let (mut seat, mut own) = (world.seat(), world.seat());
        let other = spawn(&world, move |world| {
            let mut inside = seat.enter();
            let first = world.command(0);
            inside.look();
            assert!(first <= world.command(0));
        });
        let mut inside = own.enter();
        for round in 0..4 {
            assert_eq!(inside.alone(|| world.step()), round);
            world.command(1);
        }
        drop(inside);
        other.join().unwrap();
        world.assert_is_left();
    });
}

/// A seat is taken, used and given up while the gate is closed, or is not.
#[test]
fn loom_gate_a_seat_is_taken_beside_who_runs_alone() {
    check(4, || {
        let world = World::new();
        let mut own = world.seat();
        let other = spawn(&world, |world| {
            let mut seat = world.seat();
            let mut inside = seat.enter();
            world.command(0);
            inside.look();
            world.command(0);
            drop(inside);
            drop(seat);
            drop(world.seat());
        });
        own.enter().alone(|| world.step());
        other.join().unwrap();
        own.enter().alone(|| world.step());
        assert_eq!(world.gate.hall().words.len(), 1);
        world.assert_is_left();
    });
}

/// Of two who are inside the last one who leaves wakes who waits for both.
#[test]
fn loom_gate_who_leaves_last_wakes() {
    check(3, || {
        let world = World::new();
        let mut own = world.seat();
        let [a, b] = [0, 1].map(|thread| {
            let mut seat = world.seat();
            spawn(&world, move |world| {
                let _inside = seat.enter();
                world.command(thread);
            })
        });
        own.enter().alone(|| world.step());
        a.join().unwrap();
        b.join().unwrap();
        world.assert_is_left();
    });
}

/// What is said before everybody has passed is known to all who are inside afterwards. Who says it is outside, and comes back.
#[test]
fn loom_gate_what_is_said_before_a_pass_is_known() {
    check(4, || {
        let world = World::new();
        let (mut seat, mut own) = (world.seat(), world.seat());
        // Whether commands are to wait.
        let is_paused = Arc::new(AtomicU64::new(0));
        let other = {
            let is_paused = is_paused.clone();
            spawn(&world, move |world| {
                let mut inside = seat.enter();
                for _ in 0..2 {
                    if is_paused.load(Ordering::Relaxed) == 0 {
                        world.command(0);
                    }
                    inside.look();
                }
            })
        };
        let mut inside = own.enter();
        let done = inside.outside(|| {
            is_paused.store(1, Ordering::Relaxed);
            world.gate.pass();
            whole(&world.steps[0])
        });
        world.command(1);
        drop(inside);
        other.join().unwrap();
        assert_eq!(done, whole(&world.steps[0]), "a command did not wait");
        world.assert_is_left();
    });
}

/// A panic inside, and one of who runs alone. No model: loom's threads share one that panics. To the gate it is that values are dropped.
#[cfg(not(purekv_loom))]
#[test]
fn a_panic_leaves_it() {
    check(0, || {
        let world = World::new();
        let (mut seat, mut own) = (world.seat(), world.seat());
        let other = spawn(&world, move |world| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _inside = seat.enter();
                world.command(0);
                resume_unwind(Box::new(()));
            }));
            assert!(caught.is_err());
            seat.enter();
        });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            own.enter().alone(|| {
                world.step();
                resume_unwind(Box::new(()))
            })
        }));
        assert!(caught.is_err());
        assert_eq!(own.enter().alone(|| world.step()), 1);
        other.join().unwrap();
        world.assert_is_left();
    });
}
