//! How long after its deadline the memory of an entry is back, when a million other entries are not due.
//!
//! A thousand entries with large values, due one millisecond after the other. The allocator is watched: each block of
//! that size that comes back is one entry, the first one for the first deadline. That asks nothing of the subject, and it counts
//! what counts, memory. One thread reads other keys meanwhile, as subjects without a thread of their own need traffic.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::alloc;
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Distribution, Key, Sequence, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::threads_for;
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Config, Subject, Visit};

/// `expiry-lag`.
pub(crate) struct ExpiryLag {
    keys: usize,
    due: usize,
    /// From the first of them to its deadline.
    lead: Duration,
    /// After the last deadline, until we stop waiting.
    patience: Duration,
    reps: usize,
}

/// Time between two deadlines.
const SPACING: Duration = Duration::from_millis(1);
/// Time between two looks at the allocator.
const LOOK: Duration = Duration::from_micros(100);

impl ExpiryLag {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keys: settings.one_keys(settings.pick(200_000, 1_000_000, 1_000_000)),
            due: settings.pick(300, 1000, 1000),
            lead: Duration::from_millis(settings.pick(600, 2000, 2000)),
            patience: Duration::from_secs(settings.pick(2, 10, 10)),
            reps: settings.reps(1, 3, 5),
        }
    }
}

impl Comparison for ExpiryLag {
    fn name(&self) -> &'static str {
        "expiry-lag"
    }

    fn title(&self) -> &'static str {
        "From an entry's deadline until its memory is back"
    }

    fn about(&self) -> String {
        format!(
            "{} entries due a millisecond apart, among {} that are not; one thread reads others meanwhile. The allocator is watched: each block that comes back is one entry. Stores without a time-to-live per entry are left out.",
            short(self.due),
            short(self.keys)
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("share of entries that were back by then", Scale::Nines);
        let y = Axis::new("milliseconds after the deadline", Scale::Log);
        vec![Chart::lines("expiry-lag", "lag of expiry", x, y)]
    }

    fn notes(&self) -> Vec<String> {
        vec![format!(
            "What is not back {} s after the last deadline counts with the time we waited.",
            self.patience.as_secs()
        )]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subject != "none" && subjects::expires(subject)
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        self.lead.as_secs_f64() + self.due as f64 * 1e-3 + self.keys as f64 * 1e-6 + 1.0
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Lag(self))
    }
}

struct Lag<'a>(&'a ExpiryLag);

impl Visit for Lag<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let ExpiryLag { keys, due, lead, patience, .. } = *self.0;
        // The traffic stays with keys that will not be due.
        let read = keys.min(100_000);
        let sequences = Sequence::for_threads(1, read, Distribution::Uniform, 0);
        alloc::start_counting();
        let subject = S::build(&Config::growing(keys + due, true));
        for id in 0..keys as u32 {
            subject.insert(Key::of(id).bytes(), &value(id), Some(super::LONG));
        }
        super::check_len(&subject, keys);
        let first = Instant::now() + lead;
        let block = vec![7; alloc::MARKED];
        for index in 0..due {
            let deadline = first + SPACING * index as u32;
            let ttl = deadline.saturating_duration_since(Instant::now());
            subject.insert(Key::of((keys + index) as u32).bytes(), &block, Some(ttl));
        }
        super::check_len(&subject, keys + due);
        assert!(Instant::now() < first, "filling took too long");

        let lags = thread::scope(|scope| {
            let one_chunk = AtomicBool::new(true);
            let (subject, sequences) = (&subject, &sequences);
            let watcher = scope.spawn(move || watch(first, due, patience));
            let traffic = lead + SPACING * due as u32;
            let run = threads_for(1, traffic, |_, ended| {
                super::loops::single(subject, &sequences[0], ended)
            });
            // Then on until the watcher has seen all of it.
            while !watcher.is_finished() {
                super::loops::single(subject, &sequences[0], &one_chunk);
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
    let mut outcome = Outcome::default();
    let at = |quantile: f64| {
        let rank = (lags.len() as f64 * quantile).ceil() as usize;
        lags[rank.max(1) - 1].as_secs_f64() * 1e3
    };
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
        let row = RowName::new(format!("lag, {name}"), "ms", Better::Lower);
        outcome.sample(row, at(quantile), share);
    }
    for quantile in [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995] {
        outcome.point("expiry-lag", quantile, at(quantile).max(1e-3));
    }
    outcome.sample(RowName::new("never removed", "entries", Better::Lower), missing as f64, share);
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
