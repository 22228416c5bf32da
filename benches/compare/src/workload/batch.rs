//! Batches of 32 gets on data that is not in the cache.
//!
//! A subject without batches makes single gets in a session, which is what it would do for its user.

use std::sync::atomic::AtomicBool;

use crate::keys::{CHUNK, Distribution, Sequence, Tally, digest};
use crate::options::{Options, short};
use crate::report::{Better, Report, RowName, Target};
use crate::run::{ended, threads_for};
use crate::subjects::{self, Session, Subject, Visit};

/// Keys of a batch.
const BATCH: usize = 32;

/// What `batch` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Distributions, separated by commas.
    #[arg(long, value_delimiter = ',', default_values = ["uniform", "zipf"])]
    distributions: Vec<Distribution>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let threads = options.threads(&[1, 2, 8]);
    let most = threads.iter().copied().max().unwrap_or(1);
    let mut report = Report::new("batch");
    report.note("In keys per second. `store` and `cache`: get_many of 32; all others: single gets, 1,024 under one pin where they can.");
    for keys in options.keys(&[2_000_000]) {
        for &distribution in &arguments.distributions {
            let sequences = Sequence::for_threads(most, keys, distribution, 0);
            for rep in 0..options.reps {
                for name in options.subjects(rep, |name| name != "none") {
                    let cells = Cells {
                        arguments,
                        threads: &threads,
                        sequences: &sequences,
                        keys,
                        ours: matches!(name, "store" | "cache"),
                    };
                    for (threads, rate, share) in subjects::with(name, cells) {
                        let what = distribution.name();
                        let label = format!("{}, {what}, threads {threads}", short(keys));
                        let row = RowName::new(label, "M keys/s", Better::Higher)
                            .target(Target::BestPeer(2.5));
                        report.sample(&row, name, rate, share);
                    }
                }
            }
        }
    }
    report.finish(options.json.as_deref())
}

struct Cells<'a> {
    arguments: &'a Arguments,
    threads: &'a [usize],
    sequences: &'a [Sequence],
    keys: usize,
    ours: bool,
}

impl Visit for Cells<'_> {
    type Output = Vec<(usize, f64, f64)>;

    fn visit<S: Subject>(self) -> Self::Output {
        let subject: S = super::filled(self.keys, Some(super::LONG));
        let time = self.arguments.options.time();
        let measure = |threads, time| {
            threads_for(threads, time, |thread, stop| {
                let sequence = &self.sequences[thread];
                let (accesses, tally) = if self.ours {
                    batches(&subject, sequence, stop)
                } else {
                    super::get::pinned(&subject, sequence, stop)
                };
                super::check_reads::<S>(sequence, accesses, tally);
                accesses
            })
        };
        let mut samples = vec![];
        for &threads in self.threads {
            measure(threads, time / 5);
            let run = measure(threads, time);
            let rate = run.results.iter().sum::<u64>() as f64 / run.wall.as_secs_f64() / 1e6;
            samples.push((threads, rate, run.share));
        }
        samples
    }
}

#[inline(never)]
fn batches<S: Subject>(subject: &S, sequence: &Sequence, stop: &AtomicBool) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        let session = subject.session();
        for batch in chunk.as_chunks::<BATCH>().0 {
            let keys = batch.each_ref().map(|access| sequence.access(*access).0.bytes());
            session.get_many(&keys, |_, value| tally.add(value.map(digest)));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}
