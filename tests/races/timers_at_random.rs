//! The same as in `timers`, without a script: few keys, few operations, then a look at what was forgotten; many times.

use std::thread;
use std::time::Duration;

use purekv::failpoint::set_hook;
use purekv::{Clock, Expiry, ManualClock, Op, Store};

use crate::random::Random;

const ROUNDS: u64 = if cfg!(debug_assertions) { 500 } else { 5_000 };
const THREADS: u64 = 3;
const STEPS: usize = 12;
const KEYS: u64 = 2;
/// Longer than any time-to-live, but for the hour; it and the hour differ on the wheel, too.
const LONG: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn no_timer_is_forgotten() {
    let (clock, hand) = Clock::manual();
    let store = Store::builder().clock(clock).expiry(Expiry::Manual).build();
    for round in 0..ROUNDS {
        thread::scope(|scope| {
            for lane in 0..THREADS {
                let random = Random::new(round).fork(lane);
                let (store, hand) = (&store, &hand);
                scope.spawn(move || work(store, hand, random));
            }
        });
        for ahead in [LONG, HOUR] {
            hand.advance(ahead);
            store.advance();
            store.advance();
            let len = store.len();
            let met = store.iter().count();
            assert_eq!(len, met, "round {round}: something was due, and nobody removed it");
        }
        let stats = store.stats();
        assert_eq!(stats.wheel_records, stats.wheel_records_stale, "round {round}: nothing waits");
        store.insert_with_ttl(b"probe", b"", LONG);
        let stats = store.stats();
        assert_eq!(
            stats.wheel_records,
            stats.wheel_records_stale + 1,
            "round {round}: a probe does"
        );
        store.clear();
    }
}

fn work(store: &Store, hand: &ManualClock, mut random: Random) {
    let mut yielding = random.fork(1);
    let _unhook = set_hook(move |_| {
        if yielding.once_in(4) {
            thread::yield_now();
        }
    });
    for _ in 0..STEPS {
        let key = [random.below(KEYS) as u8];
        let ttl = if random.once_in(2) { HOUR } else { Duration::from_millis(random.below(6)) };
        match random.below(12) {
            0 | 1 => store.insert_with_ttl(&key, b"timed", ttl),
            2 => store.insert(&key, b"for ever"),
            3 | 4 => {
                store.set_ttl(&key, ttl);
            }
            5 => {
                store.persist(&key);
            }
            6 | 7 => {
                store.compute(&key, |_| Op::PutKeepTtl(b"changed".to_vec()));
            }
            8 => {
                store.invalidate(&key);
            }
            9 => hand.advance(Duration::from_millis(1)),
            _ => {
                store.advance();
            }
        }
    }
}
