//! Real threads, real chunk sizes: pushers, rival tickers and a sweeper.

use std::time::{Duration, Instant};

use super::*;
use crate::sync::{Arc, AtomicUsize, Ordering, thread};

const PUSHERS: usize = 3;
const PUSHES: usize = 100_000;
const TICKERS: usize = 2;

struct World {
    wheel: Wheel,
    time: AtomicUsize,
    pushing: AtomicUsize,
    /// For each record the tick it was armed for, plus one; stored before it is pushed.
    armed: Vec<AtomicUsize>,
    fired: Vec<AtomicUsize>,
}

impl World {
    fn handed_out(&self, due: &[Due]) {
        for due in due {
            let number = due.signature.bits() as usize;
            let armed = self.armed[number].load(Ordering::Relaxed);
            assert!(armed > 0, "fires before it was armed");
            assert!(armed as Tick <= due.tick + 1, "told earlier than it was armed for");
            assert!(due.tick <= self.wheel.elapsed(), "fires early");
            self.fired[number].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn push_all(&self, pusher: usize) {
        let mut random = 0x9e37_79b9_97f4_a7c1_u64.wrapping_mul(pusher as u64 + 1);
        for number in pusher * PUSHES..(pusher + 1) * PUSHES {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let guard = pin();
            // Mostly near, so that slots are passed under our hands.
            let distance = random >> 32 & ((1 << (random % 11)) - 1);
            let fire = self.wheel.fire_tick(self.wheel.elapsed() + distance);
            self.armed[number].store(fire as usize + 1, Ordering::Relaxed);
            self.wheel.push(signature(number as u64), fire, &guard);
        }
        self.pushing.fetch_sub(1, Ordering::Release);
    }

    fn tick(&self, until: Instant) {
        while self.pushing.load(Ordering::Acquire) > 0 && Instant::now() < until {
            let now = self.time.fetch_add(1, Ordering::Relaxed) as Tick;
            while !self.wheel.advance(now, 100, |_, due| self.handed_out(due)).finished {}
            if now.is_multiple_of(64) {
                self.wheel.sweep(500, |_, _, _| {});
            }
        }
    }
}

#[test]
fn nothing_is_lost_among_pushers_tickers_and_sweeps() {
    let numbers = || (0..PUSHERS * PUSHES).map(|_| AtomicUsize::new(0)).collect();
    let world = Arc::new(World {
        wheel: Wheel::new(0),
        time: AtomicUsize::new(1),
        pushing: AtomicUsize::new(PUSHERS),
        armed: numbers(),
        fired: numbers(),
    });
    let until = Instant::now() + Duration::from_secs(2);
    let pushers = (0..PUSHERS).map(|pusher| {
        let world = world.clone();
        thread::spawn(move || world.push_all(pusher))
    });
    let tickers = (0..TICKERS).map(|_| {
        let world = world.clone();
        thread::spawn(move || world.tick(until))
    });
    let threads: Vec<_> = pushers.chain(tickers).collect();
    for thread in threads {
        thread.join().unwrap();
    }

    // All are pushed. Time need not move for what is due by now.
    let now = world.wheel.elapsed();
    world.handed_out(&advance(&world.wheel, now, 1_000));
    for (armed, fired) in world.armed.iter().zip(&world.fired) {
        let armed = armed.load(Ordering::Relaxed) as Tick - 1;
        let fired = fired.load(Ordering::Relaxed);
        if armed <= now {
            assert!((1..=2).contains(&fired), "armed for {armed}, fired {fired} times by {now}");
        } else {
            assert_eq!(fired, 0, "armed for {armed}, fired by {now}");
        }
    }
    world.handed_out(&advance(&world.wheel, now + (1 << 20), 1_000));
    assert!(world.fired.iter().all(|fired| (1..=2).contains(&fired.load(Ordering::Relaxed))));
    assert_eq!(world.wheel.records(), 0);
    assert_eq!(world.wheel.memory(), 0);
}

/// The same with one ticker that leaves nothing over, so that it can be told whether a record was late.
#[test]
fn no_record_is_later_than_the_advance_after_its_push() {
    const PUSHES: usize = 60_000;
    let numbers = || (0..2 * PUSHES).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
    let wheel = Arc::new(Wheel::new(1));
    let armed = Arc::new(numbers());
    // The wheel's time when the push had returned.
    let returned = Arc::new(numbers());
    let pushing = Arc::new(AtomicUsize::new(2));
    let pushers = [0, 1].map(|pusher| {
        let (wheel, armed, returned, pushing) =
            (wheel.clone(), armed.clone(), returned.clone(), pushing.clone());
        thread::spawn(move || {
            for number in (pusher..2 * PUSHES).step_by(2) {
                let guard = pin();
                let fire = wheel.fire_tick(wheel.elapsed() + 1 + number as Tick / 2 % 3);
                armed[number].store(fire as usize, Ordering::Relaxed);
                wheel.push(signature(number as u64), fire, &guard);
                returned[number].store(wheel.elapsed() as usize, Ordering::Relaxed);
            }
            pushing.fetch_sub(1, Ordering::Release);
        })
    });
    let until = Instant::now() + Duration::from_secs(2);
    let mut fired = vec![0; 2 * PUSHES];
    let mut step = || {
        let before = wheel.elapsed() as usize;
        let progress = wheel.advance(wheel.elapsed() + 1, usize::MAX, |_, due| {
            for number in due.iter().map(|due| due.signature.bits() as usize) {
                let (armed, returned) = (
                    armed[number].load(Ordering::Relaxed),
                    returned[number].load(Ordering::Relaxed),
                );
                let in_time = returned == 0 || returned >= before || armed > before;
                assert!(
                    in_time || fired[number] > 0,
                    "{armed}, pushed by {returned}, after {before}"
                );
                fired[number] += 1;
            }
        });
        assert!(progress.finished);
    };
    while pushing.load(Ordering::Acquire) > 0 && Instant::now() < until {
        step();
    }
    for pusher in pushers {
        pusher.join().unwrap();
    }
    (0..70).for_each(|_| step());
    assert!(fired.iter().all(|fired| (1..=2).contains(fired)));
    assert_eq!(wheel.records(), 0);
}
