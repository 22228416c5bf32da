//! Many threads ask for one missing key at once: how many loads, and how long after its end the last thread has the value.
//!
//! ```text
//! cargo run --release --example stampede [THREADS] [ROUNDS]
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use purekv::Cache;

/// Long enough for every other thread to be asleep when it ends.
const LOAD: Duration = Duration::from_millis(20);

fn main() {
    let mut arguments = std::env::args().skip(1).map_while(|argument| argument.parse().ok());
    let threads: usize = arguments.next().unwrap_or(64).max(1);
    let rounds: usize = arguments.next().unwrap_or(100).max(1);
    let (delays, loads) = stampedes(threads, rounds);
    println!("{threads} threads, {rounds} rounds, {loads} loads");
    let quantile = |percent: usize| delays[(rounds - 1) * percent / 100];
    println!(
        "from the end of a load until the last thread has the value: \
         median {:?}, 10-90 % {:?} to {:?}, longest {:?}",
        quantile(50),
        quantile(10),
        quantile(90),
        quantile(100),
    );
}

/// How long the last thread of each round took, sorted, and how many loads there were in all.
fn stampedes(threads: usize, rounds: usize) -> (Vec<Duration>, usize) {
    let cache: Cache<usize, usize> = Cache::new();
    let ends: Vec<OnceLock<Instant>> = (0..rounds).map(|_| OnceLock::new()).collect();
    let (start, loads) = (Barrier::new(threads), AtomicUsize::new(0));
    let load = |round: usize| {
        let begun = Instant::now();
        while begun.elapsed() < LOAD {
            thread::park_timeout(LOAD.saturating_sub(begun.elapsed()));
        }
        loads.fetch_add(1, Ordering::Relaxed);
        ends[round].get_or_init(Instant::now);
        round
    };
    let one_thread = || {
        let ask = |round| {
            start.wait();
            cache.get_or_insert_with(&round, || load(round));
            Instant::now()
        };
        (0..rounds).map(ask).collect::<Vec<_>>()
    };
    let returns: Vec<Vec<Instant>> = thread::scope(|scope| {
        // The same threads in all rounds: one that begins or ends is in the way of the others.
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no loader panics")).collect()
    });
    let delay = |round: usize| {
        let last = returns.iter().map(|thread| thread[round]).max();
        let end = ends[round].get().copied();
        last.zip(end).map(|(last, end)| last.duration_since(end)).unwrap_or_default()
    };
    let mut delays: Vec<_> = (0..rounds).map(delay).collect();
    delays.sort_unstable();
    (delays, loads.load(Ordering::Relaxed))
}
