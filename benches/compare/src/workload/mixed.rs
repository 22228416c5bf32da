//! Gets and inserts (of keys that are there: replacements) side by side, each a single operation.
//!
//! A fresh, filled structure for every cell: the workload changes it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::keys::{Access, CHUNK, Distribution, Sequence, Tally, digest, value};
use crate::options::{Options, short};
use crate::report::{Better, Report, RowName, Target};
use crate::run::{ended, threads_for};
use crate::subjects::{self, Subject, Visit};

/// What `mixed` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Shares of inserts in percent, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 50])]
    inserts: Vec<usize>,
    /// The distribution.
    #[arg(long, default_value = "zipf")]
    distribution: Distribution,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let threads = options.threads(&[1, 2, 8]);
    let most = threads.iter().copied().max().unwrap_or(1);
    let mut report = Report::new("mixed");
    report.note("All entries have a TTL, before and after they are replaced, where the subject has such a thing.");
    for keys in options.keys(&[10_000, 2_000_000]) {
        for &inserts in &arguments.inserts {
            let sequences = Sequence::for_threads(most, keys, arguments.distribution, inserts);
            for &threads in &threads {
                let what = format!("{}/{inserts}", 100 - inserts.min(100));
                let distribution = arguments.distribution.name();
                let label = format!("{}, {distribution}, {what}, threads {threads}", short(keys));
                let row = RowName::new(label, "Mops/s", Better::Higher)
                    .target(Target::BestPeer(if threads == 1 { 0.7 } else { 1.2 }))
                    .target(Target::Baseline(2.5));
                for rep in 0..options.reps {
                    for name in options.subjects(rep, |name| name != "none") {
                        let cell =
                            Cell { sequences: &sequences, keys, threads, time: options.time() };
                        let (rate, share) = subjects::with(name, cell);
                        report.sample(&row, name, rate, share);
                    }
                }
            }
        }
    }
    super::note_misses(&mut report);
    report.finish(options.json.as_deref())
}

struct Cell<'a> {
    sequences: &'a [Sequence],
    keys: usize,
    threads: usize,
    time: Duration,
}

impl Visit for Cell<'_> {
    type Output = (f64, f64);

    fn visit<S: Subject>(self) -> Self::Output {
        let subject: S = super::filled(self.keys, Some(super::LONG));
        let measure = |time| {
            threads_for(self.threads, time, |thread, stop| {
                let sequence = &self.sequences[thread];
                let (accesses, tally) = mix(&subject, sequence, stop);
                super::check_reads::<S>(sequence, accesses, tally);
                accesses
            })
        };
        measure(self.time / 5);
        let run = measure(self.time);
        super::check_len(&subject, self.keys);
        (run.results.iter().sum::<u64>() as f64 / run.wall.as_secs_f64() / 1e6, run.share)
    }
}

#[inline(never)]
fn mix<S: Subject>(subject: &S, sequence: &Sequence, stop: &AtomicBool) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        for &access in chunk {
            match sequence.access(access) {
                (key, Access::Get) => tally.add(subject.get(key.bytes(), digest)),
                (key, Access::Insert) => {
                    subject.insert(key.bytes(), &value(key.id), Some(super::LONG));
                }
            }
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}
