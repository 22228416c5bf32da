//! Records histories: threads that fight over a few keys, in short windows with a quiet moment between them.
//!
//! ```text
//!  3 workers   ▐ op op op … ▌   ▐ op op …      on 1 to 3 keys
//!  driver      ▐ move  move ▌   ▐ move         the only one that touches the clock
//!  main        ▐            ▌look▐             get and ttl of each key: where the next window starts from
//!  filler       insert, remove, advance …      ever-new keys, never resting: shards split, entries expire
//! ```
//!
//! With the `failpoints` feature the processor is given away at random at the CAS sites, so that threads meet in the midst of
//! their operations even where there are few processors.
#![allow(clippy::disallowed_types, reason = "the stamps are the test's own, not the crate's")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use purekv::{Clock, Kv, ManualClock};

use crate::barrier::Barrier;
use crate::history::{Answer, Call, Decision, Entry, Event, History, Move, NEVER, State, TimeLeft};
use crate::perform::perform;
use crate::random::Random;

const WORKERS: usize = 3;
/// Windows of one batch: that is, of one store.
const WINDOWS: usize = 64;
/// Operations of one worker in one window.
const OPERATIONS: u64 = 12;
/// What the filler leaves in the store at most.
const FILLER_KEYS: u64 = 20_000;

/// One key's history, and where it comes from.
pub(crate) struct Recorded {
    pub(crate) window: usize,
    pub(crate) key: usize,
    pub(crate) history: History,
}

struct Batch<S> {
    store: S,
    hand: ManualClock,
    keys: Vec<Vec<u8>>,
    /// What times-to-live and moves of the clock are multiples of.
    unit: u64,
    stamp: AtomicU64,
    barrier: Barrier,
    over: AtomicBool,
}

/// Runs one batch on a store of its own.
pub(crate) fn record<S: Kv>(make: impl Fn(Clock) -> S, mut random: Random) -> Vec<Recorded> {
    let (clock, hand) = Clock::manual();
    let keys = 1 + random.below(3);
    let batch = Batch {
        store: make(clock),
        hand,
        keys: (0..keys).map(|key| format!("tested {key}").into_bytes()).collect(),
        // Fractions of a wheel's tick, a few ticks, and times beyond the slack of the coarse clock.
        unit: [300_000, 2_000_000, 1_000_000_000][random.below(3) as usize],
        stamp: AtomicU64::new(0),
        // The driver and this thread besides.
        barrier: Barrier::new(WORKERS + 2),
        over: AtomicBool::new(false),
    };
    let batch = &batch;
    thread::scope(|scope| {
        let workers: [_; WORKERS] = std::array::from_fn(|lane| {
            let random = random.fork(lane as u64);
            scope.spawn(move || batch.work(lane, random))
        });
        let driver = scope.spawn({
            let random = random.fork(100);
            move || batch.drive(random)
        });
        scope.spawn({
            let random = random.fork(101);
            move || batch.fill(random)
        });
        let looks = batch.look();
        let workers = workers.map(|worker| worker.join().expect("a worker panicked"));
        let moves = driver.join().expect("the driver panicked");
        assemble(batch.keys.len(), &workers, &looks, &moves)
    })
}

/// Per window, what one worker did to which key.
type Work = Vec<Vec<(usize, Event)>>;
/// Per window, the closing look at each key.
type Looks = Vec<Vec<[Event; 2]>>;

impl<S: Kv> Batch<S> {
    fn event(&self, key: usize, call: Call) -> Event {
        // Acquire: pairs with the addition below, so that who ended before what this shows also happened before.
        let start = self.stamp.load(Ordering::Acquire);
        let answer = perform(&self.store, &self.keys[key], call);
        // AcqRel: partner of the load above; each addition goes on with the release of all earlier ones.
        let end = self.stamp.fetch_add(1, Ordering::AcqRel);
        Event { call, answer, start, end }
    }

    fn work(&self, lane: usize, mut random: Random) -> Work {
        let _breaks = self.barrier.break_on_panic();
        let _unhook = unsettle(random.fork(1));
        let mut value = lane as u64;
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            let mut events = Vec::with_capacity(OPERATIONS as usize);
            self.barrier.wait();
            for _ in 0..OPERATIONS {
                let key = random.below(self.keys.len() as u64) as usize;
                value += WORKERS as u64;
                let call = choose(&mut random, value, self.unit);
                events.push((key, self.event(key, call)));
                if random.once_in(4) {
                    thread::yield_now();
                }
            }
            self.barrier.wait();
            windows.push(events);
        }
        windows
    }

    fn drive(&self, mut random: Random) -> Vec<Vec<Move>> {
        let _breaks = self.barrier.break_on_panic();
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            self.barrier.wait();
            let mut moves = Vec::new();
            for _ in 0..random.below(5) {
                for _ in 0..random.below(4) {
                    thread::yield_now();
                }
                let by = Duration::from_nanos(self.unit * (1 + random.below(3)));
                let start = self.stamp.load(Ordering::Acquire);
                self.hand.advance(by);
                let end = self.stamp.fetch_add(1, Ordering::AcqRel);
                moves.push(Move { to: self.time(), start, end });
            }
            self.barrier.wait();
            windows.push(moves);
        }
        windows
    }

    fn time(&self) -> u64 {
        self.hand.elapsed().as_nanos() as u64
    }

    /// Opens and closes the windows, and looks at the keys while nothing moves.
    fn look(&self) -> Looks {
        let _breaks = self.barrier.break_on_panic();
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            self.barrier.wait();
            self.barrier.wait();
            let look = |key| [self.event(key, Call::Get), self.event(key, Call::Ttl)];
            windows.push((0..self.keys.len()).map(look).collect());
        }
        // Relaxed: nothing hangs on it but the filler's end.
        self.over.store(true, Ordering::Relaxed);
        windows
    }

    /// Ever-new keys, so that the shards of the tested keys split under way; and expiry by hand.
    fn fill(&self, mut random: Random) {
        let _breaks = self.barrier.break_on_panic();
        let _unhook = unsettle(random.fork(1));
        let name = |key: u64| format!("filler {key}").into_bytes();
        let mut next = 0;
        while !self.over.load(Ordering::Relaxed) && !self.barrier.is_broken() {
            match random.below(8) {
                0 => drop(self.store.remove(&name(random.below(next + 1)))),
                1 => self.store.insert_with_ttl(
                    &name(next),
                    b"",
                    Duration::from_nanos(self.unit * 3),
                ),
                _ => self.store.insert(&name(next), b"filler"),
            }
            next += 1;
            if let Some(old) = next.checked_sub(FILLER_KEYS) {
                drop(self.store.remove(&name(old)));
            }
            if random.once_in(32) {
                self.store.advance();
            }
            if random.once_in(16) {
                thread::yield_now();
            }
        }
    }
}

fn choose(random: &mut Random, value: u64, unit: u64) -> Call {
    let ttl = if random.once_in(16) { 0 } else { unit * (1 + random.below(6)) };
    match random.below(24) {
        0..2 => Call::Get,
        2 => Call::Read,
        3 => Call::GetMany,
        4 => Call::ContainsKey,
        5..7 => Call::Insert { value, ttl: None },
        7..10 => Call::Insert { value, ttl: Some(ttl) },
        10..12 => Call::InsertIfAbsent { value, ttl: None },
        12 => Call::InsertIfAbsent { value, ttl: Some(ttl) },
        13..15 => Call::Remove,
        15..18 => Call::Compute(Decision::PutKeepTtl(value)),
        18 => Call::Compute(Decision::PutWithTtl(value, ttl)),
        19 => Call::Compute(if random.once_in(2) { Decision::Remove } else { Decision::Keep }),
        20..22 => Call::SetTtl(ttl),
        22 => Call::Persist,
        _ => Call::Ttl,
    }
}

#[cfg(feature = "failpoints")]
fn unsettle(mut random: Random) -> purekv::failpoint::Unhook {
    purekv::failpoint::set_hook(move |_| {
        if random.once_in(8) {
            thread::yield_now();
        }
    })
}

/// Without failpoints there is nothing to take back.
#[cfg(not(feature = "failpoints"))]
struct Unhook;

#[cfg(not(feature = "failpoints"))]
fn unsettle(_: Random) -> Unhook {
    Unhook
}

/// Sorts what the threads have recorded by window and key.
fn assemble(keys: usize, workers: &[Work], looks: &Looks, moves: &[Vec<Move>]) -> Vec<Recorded> {
    let mut recorded = Vec::with_capacity(WINDOWS * keys);
    let mut initial = vec![None; keys];
    let mut time = 0;
    for (window, moves) in moves.iter().enumerate() {
        let end = moves.last().map_or(time, |last| last.to);
        for (key, initial) in initial.iter_mut().enumerate() {
            let own = |events: &[(usize, Event)]| {
                events.iter().filter(|(of, _)| *of == key).map(|(_, event)| *event).collect()
            };
            let mut lanes: Vec<Vec<Event>> =
                workers.iter().map(|work| own(&work[window])).collect();
            let look = looks[window][key];
            lanes.push(look.to_vec());
            let history = History { initial: *initial, time, lanes, moves: moves.clone() };
            recorded.push(Recorded { window, key, history });
            *initial = state_seen(look, end);
        }
        time = end;
    }
    recorded
}

/// The state that a look at a quiet key shows. If its two answers contradict each other, the window it ends is wrong, and
/// what the next one starts from is of no interest.
fn state_seen([get, ttl]: [Event; 2], now: u64) -> State {
    let (Answer::Value(Some(value)), Answer::Ttl(Some(left))) = (get.answer, ttl.answer) else {
        return None;
    };
    let deadline = match left {
        TimeLeft::Forever => NEVER,
        TimeLeft::Nanos(left) => now + left,
    };
    Some(Entry { value, deadline })
}
