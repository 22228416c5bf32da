//! The same as in `evictions`, without a script: few keys, few operations, then a look at what cannot be evicted; many times.

use std::thread;
use std::time::Duration;

use purekv::Op;
use purekv::failpoint::set_hook;

use crate::random::Random;
use crate::small::{Small, value};

const ROUNDS: u64 = if cfg!(debug_assertions) { 300 } else { 10_000 };
const THREADS: u64 = 3;
const STEPS: u32 = 12;
const KEYS: u64 = 3;

#[test]
fn everything_can_be_evicted() {
    for round in 0..ROUNDS {
        let small = Small::new(1 + round % 4);
        thread::scope(|scope| {
            for lane in 0..THREADS {
                let random = Random::new(round).fork(lane);
                let small = &small;
                scope.spawn(move || work(small, lane as u32, random));
            }
        });
        small.check(&format!("round {round}"));
    }
}

fn work(small: &Small, lane: u32, mut random: Random) {
    let mut yielding = random.fork(1);
    let _unhook = set_hook(move |_| {
        if yielding.once_in(4) {
            thread::yield_now();
        }
    });
    let cache = &small.cache;
    for step in 0..STEPS {
        let key = random.below(KEYS) as u32;
        let new = value(1 + random.below(2) as u32, 1000 * lane + step);
        match random.below(16) {
            0..5 => cache.insert(key, new),
            5 => cache.insert_with_ttl(key, new, Duration::from_millis(random.below(4))),
            6 | 7 => {
                cache.compute(key, |_| Op::PutKeepTtl(new));
            }
            8 | 9 => drop(cache.remove(&key)),
            10..12 => drop(cache.get(&key)),
            12 => {
                cache.set_ttl(&key, Duration::from_millis(random.below(4)));
            }
            13 => {
                small.hand.advance(Duration::from_millis(1));
                cache.advance();
            }
            14 => {
                cache.set_max_capacity(random.below(1 + small.capacity));
                cache.set_max_capacity(small.capacity);
            }
            _ => small.use_often(key),
        }
    }
}
