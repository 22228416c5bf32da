//! How long after its deadline the memory of an entry is back, when a million other entries are not due.
//!
//! A thousand entries with large values, due one millisecond after the other. The allocator is watched: each block of
//! that size that comes back is one entry, the first one for the first deadline. That asks nothing of the subject, and it counts
//! what counts, memory. One thread reads other keys meanwhile, as subjects without a thread of their own need traffic.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use super::child::{self, Outcome};
use crate::bench::alloc;
use crate::bench::keys::{Distribution, Key, Sequence, value};
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName, Target};
use crate::bench::run::threads_for;
use crate::bench::subjects::{self, Config, Subject, Visit};

/// What `expiry-lag` takes; `--keys` are the entries that are not due.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How many entries are due.
    #[arg(long, default_value_t = 1000)]
    due: usize,
    /// Seconds from the first of them to its deadline.
    #[arg(long, default_value_t = 2.0)]
    lead: f64,
    /// Seconds after the last deadline until we stop waiting.
    #[arg(long, default_value_t = 10.0)]
    patience: f64,
}

/// Time between two deadlines.
const SPACING: Duration = Duration::from_millis(1);
/// Time between two looks at the allocator.
const LOOK: Duration = Duration::from_micros(100);

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let row = |label: &str| match label {
        "lag p99" => RowName::new(label, "ms", Better::Lower).target(Target::AtMost(10.0)),
        "never removed" => RowName::new(label, "entries", Better::Lower),
        _ => RowName::new(label, "ms", Better::Lower),
    };
    child::measure(
        "expiry-lag",
        &arguments.options,
        |name| name != "none" && subjects::expires(name),
        |subject| subjects::with(subject, Lag { arguments }),
        row,
        &[&format!(
            "{} due entries; from the deadline until the memory is back. What is not back when we stop waiting counts with the time we waited.",
            short(arguments.due)
        )],
    )
}

struct Lag<'a> {
    arguments: &'a Arguments,
}

impl Visit for Lag<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let keys = self.arguments.options.keys(&[1_000_000])[0];
        let due = self.arguments.due.max(1);
        // The traffic stays with keys that will not be due.
        let read = keys.min(100_000);
        let sequences = Sequence::for_threads(1, read, Distribution::Uniform, 0);
        alloc::start_counting();
        let subject = S::build(&Config::growing(keys + due, true));
        for id in 0..keys as u32 {
            subject.insert(Key::of(id).bytes(), &value(id), Some(super::LONG));
        }
        super::check_len(&subject, keys);
        let first = Instant::now() + Duration::from_secs_f64(self.arguments.lead);
        let block = vec![7; alloc::MARKED];
        for index in 0..due {
            let deadline = first + SPACING * index as u32;
            let ttl = deadline.saturating_duration_since(Instant::now());
            subject.insert(Key::of((keys + index) as u32).bytes(), &block, Some(ttl));
        }
        super::check_len(&subject, keys + due);
        assert!(Instant::now() < first, "filling took too long: raise --lead");

        let patience = Duration::from_secs_f64(self.arguments.patience);
        let lags = thread::scope(|scope| {
            let one_chunk = AtomicBool::new(true);
            let (subject, sequences) = (&subject, &sequences);
            let watcher = scope.spawn(move || watch(first, due, patience));
            let traffic = Duration::from_secs_f64(self.arguments.lead) + SPACING * due as u32;
            let run = threads_for(1, traffic, |_, ended| {
                super::get::single(subject, &sequences[0], ended)
            });
            // Then on until the watcher has seen all of it.
            while !watcher.is_finished() {
                super::get::single(subject, &sequences[0], &one_chunk);
            }
            let (accesses, tally) = run.results[0];
            super::check_reads::<S>(&sequences[0], accesses, tally);
            let lags = watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (lags, run.share)
        });
        outcome(lags, patience)
    }
}

fn outcome(
    ((mut lags, missing), share): ((Vec<Duration>, usize), f64),
    patience: Duration,
) -> Outcome {
    lags.extend(std::iter::repeat_n(patience, missing));
    lags.sort();
    let mut outcome = Outcome { share, ..Outcome::default() };
    for (name, quantile) in [("lag p50", 0.5), ("lag p99", 0.99), ("lag max", 1.0)] {
        let rank = (lags.len() as f64 * quantile).ceil() as usize;
        outcome.value(name, lags[rank.max(1) - 1].as_secs_f64() * 1e3);
    }
    outcome.value("never removed", missing as f64);
    outcome
}

/// The lag of each block that came back, and how many did not.
fn watch(first: Instant, due: usize, patience: Duration) -> (Vec<Duration>, usize) {
    let mut lags = Vec::with_capacity(due);
    thread::sleep(first.saturating_duration_since(Instant::now() + Duration::from_millis(20)));
    // The template of the values is one more, and stays.
    let full = due as i64 + 1;
    let end = first + SPACING * due as u32 + patience;
    while lags.len() < due && Instant::now() < end {
        let removed = (full - alloc::marked()).clamp(0, due as i64) as usize;
        let now = Instant::now();
        while lags.len() < removed {
            let deadline = first + SPACING * lags.len() as u32;
            assert!(now >= deadline, "an entry was removed before its deadline");
            lags.push(now - deadline);
        }
        thread::sleep(LOOK);
    }
    let missing = due - lags.len();
    (lags, missing)
}
