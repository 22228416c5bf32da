//! How long single operations take when there are more threads than cores.
//!
//! Each operation is timed by itself; the clock's own cost is in the figures, and the subject `none`, the same loop without a
//! store, shows what the clock and the scheduler add.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Access, CHUNK, Distribution, Sequence, Tally, digest, value};
use crate::bench::latencies::Latencies;
use crate::bench::machine;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{ended, threads_for};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Subject, Visit};
use crate::bench::ticks::Ticks;

/// What the table shows; the curves have all of [`CURVE`].
const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("longest", 1.0)];

/// Quantiles of the curves.
const CURVE: [f64; 16] = [
    0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99995,
    0.99999, 0.999999,
];

/// Of a curve's end at least so many operations lie beyond, or it is chance.
const BEYOND: f64 = 5.0;

/// `latency`.
pub(crate) struct Latency {
    keys: usize,
    threads: usize,
    time: Duration,
    reps: usize,
    sequences: Vec<Sequence>,
}

impl Latency {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keys: settings.one_keys(100_000),
            threads: settings.most_threads(4 * machine::cores()),
            time: settings.time(0.25, 1.0, 3.0),
            reps: settings.reps(2, 3, 9),
            sequences: vec![],
        }
    }
}

impl Comparison for Latency {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn title(&self) -> &'static str {
        "How long single operations take"
    }

    fn about(&self) -> String {
        format!(
            "{} threads on {} cores, so that threads are stopped anywhere; half gets, half inserts that replace, of {} keys by zipf 0.99, with a time-to-live. Every operation is timed by itself.",
            self.threads,
            machine::cores(),
            short(self.keys)
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let chart = |kind: &str| {
            let x = Axis::new("share of operations that took no longer", Scale::Nines);
            let y = Axis::new("nanoseconds", Scale::Log);
            Chart::lines(format!("latency-{kind}"), format!("{kind}s"), x, y)
        };
        vec![chart("get"), chart("insert")]
    }

    fn notes(&self) -> Vec<String> {
        let cost = Ticks::new().own_cost();
        vec![format!(
            "One look at the clock takes {cost:.0} ns; every figure has about one in it. `none`: the same loop without a store, which shows what clock and scheduler add. Each thread asks anew when it has its answer: what was not asked while it waited is in no percentile."
        )]
    }

    fn prepare(&mut self) {
        self.sequences = Sequence::for_threads(self.threads, self.keys, Distribution::Zipf, 50);
    }

    fn takes_part(&self, _: &str) -> bool {
        true
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        1.2 * self.time.as_secs_f64() + self.keys as f64 * 1e-6
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let cell = Cell { sequences: &self.sequences, keys: self.keys, time: self.time };
        let (latencies, share) = subjects::with(subject, cell);
        let mut outcome = Outcome::default();
        for (kind, histogram) in [("get", &latencies.get), ("insert", &latencies.insert)] {
            for (name, quantile) in QUANTILES {
                let row = RowName::new(format!("{kind}, {name}"), "ns", Better::Lower);
                outcome.sample(row, histogram.value_at_quantile(quantile) as f64, share);
            }
            for quantile in CURVE {
                if (1.0 - quantile) * histogram.len() as f64 >= BEYOND {
                    let value = histogram.value_at_quantile(quantile).max(1);
                    outcome.point(&format!("latency-{kind}"), quantile, value as f64);
                }
            }
        }
        super::note_misses(&mut outcome);
        outcome
    }
}

struct Cell<'a> {
    sequences: &'a [Sequence],
    keys: usize,
    time: Duration,
}

impl Visit for Cell<'_> {
    type Output = (Latencies, f64);

    fn visit<S: Subject>(self) -> Self::Output {
        let subject: S = super::filled(self.keys, Some(super::LONG));
        let measure = |time| {
            threads_for(self.sequences.len(), time, |thread, stop| {
                let sequence = &self.sequences[thread];
                let (accesses, tally, latencies) = timed(&subject, sequence, stop);
                super::check_reads::<S>(sequence, accesses, tally);
                latencies
            })
        };
        measure(self.time / 5);
        let run = measure(self.time);
        super::check_len(&subject, self.keys);
        super::check_overwrites(&subject, self.keys);
        let mut all = Latencies::new();
        run.results.iter().for_each(|thread| all.merge(thread));
        (all, run.share)
    }
}

fn timed<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally, Latencies) {
    let (mut accesses, mut tally, mut latencies) = (0, Tally::default(), Latencies::new());
    let ticks = Ticks::new();
    for chunk in sequence.chunks() {
        for &access in chunk {
            let (key, kind) = sequence.access(access);
            match kind {
                Access::Get => {
                    let start = ticks.now();
                    tally.add(subject.get(key.bytes(), digest));
                    latencies.get.saturating_record(ticks.nanos(start, ticks.now()).max(1));
                }
                Access::Insert => {
                    let value = value(key.id);
                    let start = ticks.now();
                    subject.insert(key.bytes(), &value, Some(super::LONG));
                    latencies.insert.saturating_record(ticks.nanos(start, ticks.now()).max(1));
                }
            }
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally, latencies)
}
