//! Tasks that are dropped before they are done, at whatever point, and loaders that panic.

use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use purekv::Clock;

use crate::asynchronous::{Bell, Gate, block_on, poll};
use crate::random::Random;
use crate::{Face, tests};

tests![
    a_dropped_leader_hands_over,
    a_panicking_leader_hands_over,
    a_leader_hands_over_to_a_thread,
    who_waits_no_more_leaves_nothing_behind,
    who_was_woken_and_dropped_keeps_nobody_waiting,
    dropped_at_every_point,
    dropped_at_random,
];

fn fresh<F: Face>() -> F {
    F::make(Clock::manual().0)
}

/// Is ready at the poll after `times` others.
async fn after(times: u32, value: u32) -> u32 {
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        context.waker().wake_by_ref();
        if polls > times { Poll::Ready(value) } else { Poll::Pending }
    })
    .await
}

fn a_dropped_leader_hands_over<F: Face>() {
    let cache = fresh::<F>();
    let (bell, first, second) = (Bell::new(), Bell::new(), Bell::new());
    let mut leads = Box::pin(cache.load_async(1, pending()));
    let mut waits = pin!(cache.load_async(1, after(1, 10)));
    let mut waits_too = pin!(cache.load_async(1, pending()));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert!(poll(waits.as_mut(), &first).is_pending());
    assert!(poll(waits_too.as_mut(), &second).is_pending());
    drop(leads);
    assert_eq!((first.rung(), second.rung()), (1, 1), "whoever comes first takes over");
    assert!(poll(waits.as_mut(), &first).is_pending());
    assert!(poll(waits_too.as_mut(), &second).is_pending());
    assert_eq!(poll(waits.as_mut(), &first), Poll::Ready(10));
    assert_eq!(poll(waits_too.as_mut(), &second), Poll::Ready(10));
    assert_eq!((cache.stats().load_successes, cache.stats().load_failures), (1, 1));
    cache.assert_at_rest();
}

fn a_panicking_leader_hands_over<F: Face>() {
    let cache = fresh::<F>();
    let gate = Gate::default();
    let bell = Bell::new();
    let mut leads = Box::pin(cache.load_async(1, async {
        gate.wait().await;
        std::panic::resume_unwind(Box::new(()))
    }));
    let mut waits = pin!(cache.load_async(1, ready(10)));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert!(poll(waits.as_mut(), &bell).is_pending());
    gate.open();
    let panic = catch_unwind(AssertUnwindSafe(|| poll(leads.as_mut(), &bell)));
    assert!(panic.is_err());
    // The task need not be dropped for that: its load has ended with the panic.
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(waits.as_mut(), &bell), Poll::Ready(10));
    cache.assert_at_rest();
}

fn a_leader_hands_over_to_a_thread<F: Face>() {
    let cache = fresh::<F>();
    let mut leads = Box::pin(cache.load_async(1, pending()));
    assert!(poll(leads.as_mut(), &Bell::new()).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| cache.load(1, || 10));
        drop(leads);
        assert_eq!(thread.join().unwrap(), 10);
    });
    cache.assert_at_rest();
}

fn who_waits_no_more_leaves_nothing_behind<F: Face>() {
    let cache = fresh::<F>();
    let mut leads = Box::pin(cache.load_async(1, after(1, 10)));
    assert!(poll(leads.as_mut(), &Bell::new()).is_pending());
    let bells = [(); 10].map(|()| Bell::new());
    for bell in &bells {
        let mut waits = Box::pin(cache.load_async(1, pending()));
        assert!(poll(waits.as_mut(), bell).is_pending());
        assert_eq!(Arc::strong_count(bell), 2);
        drop(waits);
        assert_eq!(Arc::strong_count(bell), 1, "its waker is gone");
    }
    assert_eq!(poll(leads.as_mut(), &Bell::new()), Poll::Ready(10));
    assert!(bells.iter().all(|bell| bell.rung() == 0));
}

fn who_was_woken_and_dropped_keeps_nobody_waiting<F: Face>() {
    let cache = fresh::<F>();
    let (bell, first, second) = (Bell::new(), Bell::new(), Bell::new());
    let mut leads = Box::pin(cache.load_async(1, pending()));
    let mut dropped = Box::pin(cache.load_async(1, pending()));
    let mut waits = pin!(cache.load_async(1, ready(10)));
    assert!(poll(leads.as_mut(), &bell).is_pending());
    assert!(poll(dropped.as_mut(), &first).is_pending());
    assert!(poll(waits.as_mut(), &second).is_pending());
    drop(leads);
    drop(dropped);
    assert_eq!(second.rung(), 1);
    assert_eq!(poll(waits.as_mut(), &second), Poll::Ready(10));
    cache.assert_at_rest();
}

/// Three tasks of one key, each dropped after its own number of polls.
fn dropped_at_every_point<F: Face>() {
    const POLLS: u32 = 4;
    for plan in 0..(POLLS + 1).pow(3) {
        let limits = [plan, plan / (POLLS + 1), plan / (POLLS + 1).pow(2)];
        let cache = fresh::<F>();
        let bell = Bell::new();
        let mut tasks = limits
            .map(|limit| Some((Box::pin(cache.load_async(1, after(2, 10))), limit % (POLLS + 1))));
        for _ in 0..=2 * POLLS {
            for task in &mut tasks {
                let Some((future, polls_left)) = task else { continue };
                if *polls_left == 0 || poll(future.as_mut(), &bell) == Poll::Ready(10) {
                    *task = None;
                } else {
                    *polls_left -= 1;
                }
            }
        }
        drop(tasks);
        cache.assert_at_rest();
        let value = block_on(cache.load_async(1, ready(11)));
        assert!(value == 11 || value == 10 && cache.stats().load_successes == 1, "plan {plan}");
        assert_eq!(Arc::strong_count(&bell), 1);
    }
}

/// The same on several threads, which take their time at random.
fn dropped_at_random<F: Face>() {
    let cache = fresh::<F>();
    let random = Random::new(0xd20);
    thread::scope(|scope| {
        for thread in 0..6 {
            let (cache, mut random) = (cache.clone(), random.fork(thread));
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let key = random.below(3) as u32;
                    if random.once_in(3) {
                        cache.remove(key);
                    }
                    let load = after(random.below(4) as u32, key + 10);
                    if random.once_in(2) {
                        assert_eq!(block_on(cache.load_async(key, load)), key + 10);
                        continue;
                    }
                    let mut task = pin!(cache.load_async(key, load));
                    for _ in 0..random.below(5) {
                        if let Poll::Ready(value) = poll(task.as_mut(), &Bell::new()) {
                            assert_eq!(value, key + 10);
                            break;
                        }
                        thread::yield_now();
                    }
                }
            });
        }
    });
    cache.assert_at_rest();
    for key in 0..3 {
        assert_eq!(cache.load(key, || key + 10), key + 10);
    }
}
