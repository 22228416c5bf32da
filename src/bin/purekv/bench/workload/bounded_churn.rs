//! Ever-new keys into a full cache: each insert evicts.
//!
//! One structure is built for each cell. It is filled and then turned over twice before the clock starts, so that what a policy remembers of
//! evicted keys is in use.

use std::sync::atomic::AtomicBool;

use crate::bench::keys::{CHUNK, Key, digest, value};
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, Report, RowName, Target};
use crate::bench::run::{ended, threads_for, threads_to_end};
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};

/// What `bounded-churn` takes; `--keys` is the capacity, in entries.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// How often a cache is filled before it is measured.
const TURNS: usize = 3;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options =
        arguments.options.or_only(&["store", "cache", "moka", "quick_cache", "foyer", "none"]);
    let threads = options.threads(&[1, 2, 8]);
    let mut report = Report::new("bounded-churn");
    report.note("An operation is an insert of a key that never was, which evicts. Per CPU-second: of all the CPU time that the process took, whoever's thread it was.");
    for keys in options.keys(&[100_000]) {
        for rep in 0..options.reps {
            for name in options.subjects(rep, subjects::bounds) {
                let cells = Cells { options: &options, threads: &threads, keys };
                for (row, value, share) in subjects::with(name, cells) {
                    report.sample(&row, name, value, share);
                }
            }
        }
    }
    report.finish(options.json.as_deref())
}

struct Cells<'a> {
    options: &'a Options,
    threads: &'a [usize],
    keys: usize,
}

/// What a thread brought back.
struct Tally {
    inserts: u64,
    /// Of the keys that it asked for right after their insert, how many it found.
    asked: u64,
    found: u64,
}

impl Visit for Cells<'_> {
    type Output = Vec<(RowName, f64, f64)>;

    fn visit<S: Subject>(self) -> Self::Output {
        let mut samples = vec![];
        for &threads in self.threads {
            let bound = Bound::Entries(self.keys);
            let subject = S::build(&Config::bounded(bound, self.keys, false));
            let turn = (self.keys / threads).max(1) as u64;
            let key = |thread, number| Key::wide(number * threads as u64 + thread as u64);
            threads_to_end(threads, |thread| {
                for number in 0..turn * TURNS as u64 {
                    let key = key(thread, number);
                    subject.insert(key.bytes(), &value(key.id), None);
                }
            });
            let run = threads_for(threads, self.options.time(), |thread, stop| {
                churn(&subject, stop, turn * TURNS as u64, |number| key(thread, number))
            });
            let len = subject.len();
            if S::STORES {
                check::<S>(len, self.keys, &run.results);
            }
            let inserts: u64 = run.results.iter().map(|tally| tally.inserts).sum();
            let row = |what: &str, unit, better| {
                RowName::new(format!("{}, threads {threads}{what}", short(self.keys)), unit, better)
            };
            let targets = |row: RowName| {
                row.target(Target::Peer("quick_cache", 1.0)).target(Target::Peer("moka", 4.0))
            };
            for (what, unit, seconds) in [
                ("", "Mops/s", run.wall.as_secs_f64()),
                (", per CPU-second", "Mops", run.cpu.as_secs_f64()),
            ] {
                let row = targets(row(what, unit, Better::Higher));
                samples.push((row, inserts as f64 / seconds / 1e6, run.share));
            }
            let row = row(", held at the end", "entries", Better::Lower);
            samples.push((row, len as f64, run.share));
        }
        samples
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
