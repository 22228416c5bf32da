//! Ever-new keys into a full cache: each insert evicts.
//!
//! One structure is built for each cell. It is filled and then turned over twice before the clock starts, so that what a policy remembers of
//! evicted keys is in use.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{CHUNK, Key, digest, value};
use crate::bench::machine;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{ended, threads_for, threads_to_end};
use crate::bench::settings::{Settings, short, threads};
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};

/// How often a cache is filled before it is measured.
const TURNS: usize = 3;

/// `evictions`.
pub(crate) struct Evictions {
    capacity: usize,
    threads: Vec<usize>,
    time: Duration,
    reps: usize,
}

impl Evictions {
    pub(crate) fn new(settings: &Settings) -> Self {
        let cores = machine::cores();
        Self {
            capacity: settings.one_keys(settings.pick(20_000, 100_000, 100_000)),
            threads: settings.threads(&[1, cores, 4 * cores]),
            time: settings.time(0.1, 0.4, 1.0),
            reps: settings.reps(2, 3, 9),
        }
    }
}

impl Comparison for Evictions {
    fn name(&self) -> &'static str {
        "evictions"
    }

    fn title(&self) -> &'static str {
        "Ever-new keys into a full cache, which evicts"
    }

    fn about(&self) -> String {
        format!(
            "A capacity of {} entries; each operation is an insert of a key that never was. The cache was turned over {TURNS} times before, so that what a policy remembers of evicted keys is in use.",
            short(self.capacity)
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("threads", Scale::Steps);
        let y = Axis::new("million inserts a second", Scale::Linear);
        let rate = Chart::lines("evictions", "inserts that evict", x.clone(), y);
        let y = Axis::new("million inserts a CPU-second", Scale::Linear);
        vec![rate, Chart::lines("evictions-cpu", "inserts that evict, by processor time", x, y)]
    }

    fn notes(&self) -> Vec<String> {
        vec!["By processor time: of all that the process took, whoever's thread it was. `held at the end` beyond the capacity is memory that was not granted.".into()]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subjects::bounds(subject) && !subject.ends_with("-bound")
    }

    /// Bounded is what they all are here.
    fn also(&self) -> &[&'static str] {
        &["foyer"]
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        self.threads.len() as f64 * (self.time.as_secs_f64() + self.capacity as f64 * 3e-6)
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Cells(self))
    }
}

struct Cells<'a>(&'a Evictions);

/// What a thread brought back.
struct Tally {
    inserts: u64,
    /// Of the keys that it asked for right after their insert, how many it found.
    asked: u64,
    found: u64,
}

impl Visit for Cells<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let keys = self.0.capacity;
        let mut outcome = Outcome::default();
        for &threads in &self.0.threads {
            let bound = Bound::Entries(keys);
            let subject = S::build(&Config::bounded(bound, keys, false));
            let turn = (keys / threads).max(1) as u64;
            let key = |thread, number| Key::wide(number * threads as u64 + thread as u64);
            threads_to_end(threads, |thread| {
                for number in 0..turn * TURNS as u64 {
                    let key = key(thread, number);
                    subject.insert(key.bytes(), &value(key.id), None);
                }
            });
            let run = threads_for(threads, self.0.time, |thread, stop| {
                churn(&subject, stop, turn * TURNS as u64, |number| key(thread, number))
            });
            let len = subject.len();
            if S::STORES {
                check::<S>(len, keys, &run.results);
                let most = run.results.iter().map(|tally| tally.inserts).max().unwrap_or(0);
                let end = (turn * TURNS as u64 + most) * threads as u64;
                super::check_held(&subject, 0..end as u32, |id| Key::wide(u64::from(id)));
            }
            let inserts: u64 = run.results.iter().map(|tally| tally.inserts).sum();
            let row = |what: &str, unit, better| {
                RowName::new(self::threads(threads) + what, unit, better)
            };
            let at = threads as f64;
            let rate = inserts as f64 / run.wall.as_secs_f64() / 1e6;
            let row_of = row("", "Mops/s", Better::Higher).on("evictions", at);
            outcome.sample(row_of, rate, run.share);
            let rate = inserts as f64 / run.cpu.as_secs_f64() / 1e6;
            let row_of = row(", a CPU-second", "Mops", Better::Higher).on("evictions-cpu", at);
            outcome.sample(row_of, rate, run.share);
            let row_of = row(", held at the end", "entries", Better::Neither);
            outcome.sample(row_of, len as f64, run.share);
        }
        outcome
    }
}

#[inline(never)]
fn churn<S: Subject>(
    subject: &S,
    stop: &AtomicBool,
    first: u64,
    key: impl Fn(u64) -> Key,
) -> Tally {
    let mut tally = Tally { inserts: 0, asked: 0, found: 0 };
    loop {
        let mut last = key(0);
        for _ in 0..CHUNK {
            last = key(first + tally.inserts);
            subject.insert(last.bytes(), &value(last.id), None);
            tally.inserts += 1;
        }
        // Another thread's inserts may have driven it out, if this one was stopped just now.
        tally.asked += 1;
        if let Some(got) = subject.get(last.bytes(), digest) {
            assert!(!S::STORES || got == 2 * u64::from(last.id), "a wrong value");
            tally.found += 1;
        }
        if ended(stop) {
            return tally;
        }
    }
}

/// Panics unless the subject was a cache of that size: then the figures mean nothing.
fn check<S: Subject>(len: usize, keys: usize, tallies: &[Tally]) {
    if S::BOUNDS_EXACTLY {
        assert_eq!(len, keys, "the subject does not hold exactly its bound");
    }
    let range = keys / 2..=keys + keys / 20;
    assert!(range.contains(&len), "{len} entries: the subject does not keep its bound");
    let asked: u64 = tallies.iter().map(|tally| tally.asked).sum();
    let found: u64 = tallies.iter().map(|tally| tally.found).sum();
    assert!(found > asked / 2, "of {asked} keys inserted just now {found} were found");
}
