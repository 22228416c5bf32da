//! What a get costs, from a table that lies in the first cache to one that lies in memory.
//!
//! One thread, keys asked for uniformly, so that all of the table is in use. One structure serves all cells of a size, as gets change nothing.

use std::time::Duration;

use super::loops::{self, Loop};
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Distribution, Sequence};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Subject, Visit};

/// How gets are made: id, title.
const WAYS: [(&str, &str); 3] =
    [("single", "one by one"), ("session", "in sessions"), ("batch", "32 at a time")];

/// `size`.
pub(crate) struct Size {
    sizes: Vec<usize>,
    time: Duration,
    reps: usize,
    sequences: Vec<Sequence>,
}

impl Size {
    pub(crate) fn new(settings: &Settings) -> Self {
        let sizes: &[usize] = settings.pick(
            &[100, 10_000, 500_000],
            &[100, 1000, 10_000, 100_000, 1_000_000],
            &[100, 1000, 10_000, 100_000, 1_000_000, 4_000_000, 16_000_000],
        );
        Self {
            sizes: settings.keys(sizes),
            time: settings.time(0.04, 0.2, 0.5),
            reps: settings.reps(2, 3, 7),
            sequences: vec![],
        }
    }
}

impl Comparison for Size {
    fn name(&self) -> &'static str {
        "size"
    }

    fn title(&self) -> &'static str {
        "A get, from a table in the first cache to one in memory"
    }

    fn about(&self) -> String {
        "One thread; keys of 16 to 32 bytes, values of 64, asked for uniformly; all are there, with a time-to-live where the store has one per entry.".into()
    }

    fn charts(&self) -> Vec<Chart> {
        let chart = |(id, title): &(&str, &str)| {
            let x = Axis::new("entries", Scale::Log);
            let y = Axis::new("nanoseconds a get", Scale::Log);
            Chart::lines(format!("size-{id}"), format!("gets {title}"), x, y)
        };
        WAYS.iter().map(chart).collect()
    }

    fn notes(&self) -> Vec<String> {
        vec!["In sessions: 1,024 gets under one pin. 32 at a time: `get_many` of store and cache; whoever has no such thing makes single gets, in a session where it can.".into()]
    }

    fn prepare(&mut self) {
        let sequence = |keys: &usize| Sequence::for_threads(1, *keys, Distribution::Uniform, 0);
        self.sequences = self.sizes.iter().flat_map(sequence).collect();
    }

    fn takes_part(&self, subject: &str) -> bool {
        subject != "none"
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        let filling: usize = self.sizes.iter().sum();
        let cells = self.sizes.len() * WAYS.len();
        cells as f64 * 1.2 * self.time.as_secs_f64() + filling as f64 * 0.6e-6
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Cells(self))
    }
}

struct Cells<'a>(&'a Size);

impl Visit for Cells<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let loops: [Loop<S>; WAYS.len()] = [loops::single, loops::pinned, loops::batches];
        let mut outcome = Outcome::default();
        for (&keys, sequence) in self.0.sizes.iter().zip(&self.0.sequences) {
            let subject: S = super::filled(keys, Some(super::LONG));
            for (&(id, title), body) in WAYS.iter().zip(loops) {
                let run =
                    |time| loops::checked(body, &subject, std::slice::from_ref(sequence), time);
                run(self.0.time / 5);
                let run = run(self.0.time);
                let nanos = run.wall.as_secs_f64() * 1e9 / run.results[0] as f64;
                let row =
                    RowName::new(format!("{} entries, {title}", short(keys)), "ns", Better::Lower);
                outcome.sample(row.on(format!("size-{id}"), keys as f64), nanos, run.share);
            }
            super::check_len(&subject, keys);
        }
        outcome
    }
}
