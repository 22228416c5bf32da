//! How long single operations take when there are more threads than cores.
//!
//! Each operation is timed by itself; the clock's own cost is in the figures, and the subject `none`, the same loop without a
//! store, shows what the clock and the scheduler add.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::bench::keys::{Access, CHUNK, Distribution, Sequence, Tally, digest, value};
use crate::bench::latencies::Latencies;
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, Report, RowName, Target};
use crate::bench::run::{ended, threads_for};
use crate::bench::subjects::{self, Subject, Visit};
use crate::bench::ticks::Ticks;

/// What `latency` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Share of inserts in percent.
    #[arg(long, default_value_t = 50)]
    inserts: usize,
    /// The distribution.
    #[arg(long, default_value = "zipf")]
    distribution: Distribution,
}

/// The quantiles that are reported, with what is demanded of gets and of inserts, in nanoseconds.
const QUANTILES: [(&str, f64, Option<f64>, Option<f64>); 5] = [
    ("p50", 0.5, None, None),
    ("p99", 0.99, None, None),
    ("p99.9", 0.999, Some(2_000.0), Some(30_000.0)),
    ("p99.99", 0.9999, Some(100_000.0), None),
    ("max", 1.0, None, None),
];

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let mut report = Report::new("latency");
    let cost = Ticks::new().own_cost();
    report.note(format!("One read of the clock takes {cost:.0} ns; every figure has about one in it. `none`: the same loop without a store."));
    for keys in options.keys(&[100_000]) {
        for threads in options.threads(&[8]) {
            let sequences =
                Sequence::for_threads(threads, keys, arguments.distribution, arguments.inserts);
            for rep in 0..options.reps {
                for name in options.subjects(rep, |_| true) {
                    let cell = Cell { sequences: &sequences, keys, time: options.time() };
                    let (latencies, share) = subjects::with(name, cell);
                    let what = format!("{}, threads {threads}", short(keys));
                    for (kind, histogram) in
                        [("get", &latencies.get), ("insert", &latencies.insert)]
                    {
                        for (row, value) in rows(&format!("{what}, {kind}"), kind, histogram) {
                            report.sample(&row, name, value, share);
                        }
                    }
                }
            }
        }
    }
    super::note_misses(&mut report);
    report.finish(options.json.as_deref())
}

fn rows(label: &str, kind: &str, histogram: &Histogram<u64>) -> Vec<(RowName, f64)> {
    let row = |(name, quantile, get, insert): (&str, f64, Option<f64>, Option<f64>)| {
        let row = RowName::new(format!("{label} {name}"), "ns", Better::Lower);
        let limit = if kind == "get" { get } else { insert };
        let row = limit.into_iter().fold(row, |row, limit| row.target(Target::AtMost(limit)));
        (row, histogram.value_at_quantile(quantile) as f64)
    };
    QUANTILES.into_iter().map(row).collect()
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
