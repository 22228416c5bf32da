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
    let threads: usize = arguments.next().unwrap_or(64);
    let rounds: usize = arguments.next().unwrap_or(100);
    let cache: Cache<usize, usize> = Cache::new();
    let mut last = Vec::with_capacity(rounds);
    let mut loads = 0;
    for round in 0..rounds {
        let (delay, loaded) = stampede(&cache, round, threads);
        last.push(delay);
        loads += loaded;
    }
    last.sort_unstable();
    println!("{threads} threads, {rounds} rounds, {loads} loads");
    let quantile = |part: usize| last[(rounds - 1) * part / 100];
    println!(
        "from the end of a load until the last thread has the value: \
         median {:?}, 10-90 % {:?} to {:?}, longest {:?}",
        quantile(50),
        quantile(10),
        quantile(90),
        quantile(100),
    );
}

/// From the end of the load to the last thread's return, and how many loads there were.
fn stampede(cache: &Cache<usize, usize>, key: usize, threads: usize) -> (Duration, usize) {
    let (start, loads, end) = (Barrier::new(threads), AtomicUsize::new(0), OnceLock::new());
    let load = || {
        let begun = Instant::now();
        while begun.elapsed() < LOAD {
            thread::park_timeout(LOAD.saturating_sub(begun.elapsed()));
        }
        loads.fetch_add(1, Ordering::Relaxed);
        *end.get_or_init(Instant::now)
    };
    let last = thread::scope(|scope| {
        let (start, load) = (&start, &load);
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || {
                    start.wait();
                    cache.get_or_insert_with(&key, || {
                        load();
                        key
                    });
                    Instant::now()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no loader panics")).max()
    });
    let delay = last.zip(end.get().copied()).map(|(last, end)| last.duration_since(end));
    (delay.unwrap_or_default(), loads.load(Ordering::Relaxed))
}
