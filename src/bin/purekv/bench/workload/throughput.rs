//! Operations per second, by threads and by the share of gets.
//!
//! A fresh, filled structure for each share of gets: inserts change it. A short run before each cell, not counted, warms caches and thread-locals.

use std::time::Duration;

use super::loops::{self, Loop};
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Distribution, Sequence};
use crate::bench::machine;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Settings, short, threads};
use crate::bench::subjects::{self, Subject, Visit};

/// What the threads do.
#[derive(Clone, Copy)]
struct Mix {
    /// Of the chart, and of the rows.
    id: &'static str,
    title: &'static str,
    /// Inserts in percent.
    inserts: usize,
    /// Whether gets share a pin.
    session: bool,
}

const MIXES: [Mix; 4] = [
    Mix { id: "session", title: "gets only, in sessions", inserts: 0, session: true },
    Mix { id: "100", title: "gets only", inserts: 0, session: false },
    Mix { id: "90", title: "90 % gets", inserts: 10, session: false },
    Mix { id: "50", title: "50 % gets", inserts: 50, session: false },
];

/// `throughput`.
pub(crate) struct Throughput {
    threads: Vec<usize>,
    sizes: Vec<usize>,
    time: Duration,
    reps: usize,
    /// For each size, for each mix, for each thread.
    sequences: Vec<Vec<Vec<Sequence>>>,
}

/// 1, 2, 4 … up to four times the cores.
fn by_cores() -> Vec<usize> {
    let most = 4 * machine::cores();
    let mut threads: Vec<usize> = (0..).map(|power| 1 << power).take_while(|n| *n < most).collect();
    threads.push(most);
    threads
}

impl Throughput {
    pub(crate) fn new(settings: &Settings) -> Self {
        let cores = machine::cores();
        Self {
            threads: settings.threads(&settings.pick(
                [1, cores, 4 * cores].to_vec(),
                by_cores(),
                by_cores(),
            )),
            sizes: settings.keys(settings.pick(&[10_000], &[10_000], &[10_000, 2_000_000])),
            time: settings.time(0.03, 0.2, 0.5),
            reps: settings.reps(3, 3, 9),
            sequences: vec![],
        }
    }

    fn chart(mix: &Mix, keys: usize) -> String {
        format!("throughput-{}-{keys}", mix.id)
    }
}

impl Comparison for Throughput {
    fn name(&self) -> &'static str {
        "throughput"
    }

    fn title(&self) -> &'static str {
        "Operations per second, by threads and share of gets"
    }

    fn about(&self) -> String {
        format!(
            "{} cores here. Keys are asked for by zipf 0.99; each is there, with a time-to-live where the store has one per entry. Inserts replace.",
            machine::cores()
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let mut charts = vec![];
        for &keys in &self.sizes {
            for mix in &MIXES {
                let title = format!("{}, {} keys", mix.title, short(keys));
                let x = Axis::new("threads", Scale::Steps);
                let y = Axis::new("million operations a second", Scale::Linear);
                charts.push(Chart::lines(Self::chart(mix, keys), title, x, y));
            }
        }
        charts
    }

    fn notes(&self) -> Vec<String> {
        vec!["In sessions: one pin and one look at the clock for 1,024 gets, where the store has such a thing; else one of each for every operation.".into()]
    }

    fn prepare(&mut self) {
        let most = self.threads.last().copied().unwrap_or(1);
        let sequences = |keys: usize| {
            let of = |mix: &Mix| Sequence::for_threads(most, keys, Distribution::Zipf, mix.inserts);
            MIXES.iter().map(of).collect()
        };
        self.sequences = self.sizes.iter().copied().map(sequences).collect();
    }

    fn takes_part(&self, subject: &str) -> bool {
        subject != "none"
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        let cells = self.sizes.len() * MIXES.len() * self.threads.len();
        let filling: usize = self.sizes.iter().sum();
        cells as f64 * 1.2 * self.time.as_secs_f64() + filling as f64 * 2e-6
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Cells(self))
    }
}

struct Cells<'a>(&'a Throughput);

impl Visit for Cells<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let mut outcome = Outcome::default();
        for (&keys, sequences) in self.0.sizes.iter().zip(&self.0.sequences) {
            for (mix, sequences) in MIXES.iter().zip(sequences) {
                let subject: S = super::filled(keys, Some(super::LONG));
                for &threads in &self.0.threads {
                    let run = |time| operations(&subject, mix, &sequences[..threads], time);
                    run(self.0.time / 5);
                    let (rate, share) = run(self.0.time);
                    let label =
                        format!("{}, {} keys, {}", mix.title, short(keys), self::threads(threads));
                    let row = RowName::new(label, "Mops/s", Better::Higher);
                    let row = row.on(Throughput::chart(mix, keys), threads as f64);
                    outcome.sample(row, rate, share);
                }
                super::check_len(&subject, keys);
                super::check_overwrites(&subject, keys);
            }
        }
        super::note_misses(&mut outcome);
        outcome
    }
}

/// Millions a second, and the CPU share.
fn operations<S: Subject>(
    subject: &S,
    mix: &Mix,
    sequences: &[Sequence],
    time: Duration,
) -> (f64, f64) {
    let body: Loop<S> = match mix {
        Mix { session: true, .. } => loops::pinned,
        Mix { inserts: 0, .. } => loops::single,
        _ => loops::mixed,
    };
    let run = loops::checked(body, subject, sequences, time);
    (run.results.iter().sum::<u64>() as f64 / run.wall.as_secs_f64() / 1e6, run.share)
}
