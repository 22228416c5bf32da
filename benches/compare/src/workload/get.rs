//! get-hit: every key asked for is there.
//!
//! One structure is built per subject and repetition and serves all cells of a size, as gets change nothing. A short run before
//! each cell, not counted, warms caches and thread-locals.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::ValueEnum;

use crate::keys::{CHUNK, Distribution, Sequence, Tally, digest};
use crate::options::{Options, short};
use crate::report::{Better, Report, RowName, Target};
use crate::run::{Run, ended, threads_for};
use crate::subjects::{self, Session, Subject, Visit};

/// What `get` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Distributions, separated by commas.
    #[arg(long, value_delimiter = ',', default_values = ["uniform", "zipf"])]
    distributions: Vec<Distribution>,
    /// With a time-to-live on all entries, without, or both.
    #[arg(long, value_delimiter = ',', default_values = ["on", "off"])]
    ttl: Vec<Ttl>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ttl {
    On,
    Off,
}

/// How gets are pinned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pin {
    /// One pin and one look at the clock per get.
    Each,
    /// One for [`CHUNK`] gets.
    Session,
}

struct Cell {
    threads: usize,
    pin: Pin,
    distribution: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let threads = options.threads(&[1, 2, 8]);
    let most = threads.iter().copied().max().unwrap_or(1);
    let mut report = Report::new("get");
    report.note("`session`: one pin for 1,024 gets where the subject has such a thing; `single`: a pin and a clock reading per get.");
    for keys in options.keys(&[10_000, 2_000_000]) {
        let sequences: Vec<Vec<Sequence>> = arguments
            .distributions
            .iter()
            .map(|distribution| Sequence::for_threads(most, keys, *distribution, 0))
            .collect();
        for ttl in &arguments.ttl {
            for rep in 0..options.reps {
                for name in options.subjects(rep, |name| name != "none") {
                    let cells = Cells {
                        arguments,
                        sequences: &sequences,
                        threads: &threads,
                        keys,
                        ttl: *ttl,
                    };
                    for (row, value, share) in subjects::with(name, cells) {
                        report.sample(&row, name, value, share);
                    }
                }
            }
        }
    }
    report.finish(options.json.as_deref())
}

struct Cells<'a> {
    arguments: &'a Arguments,
    sequences: &'a [Vec<Sequence>],
    threads: &'a [usize],
    keys: usize,
    ttl: Ttl,
}

impl Visit for Cells<'_> {
    type Output = Vec<(RowName, f64, f64)>;

    fn visit<S: Subject>(self) -> Self::Output {
        let subject: S = super::filled(self.keys, (self.ttl == Ttl::On).then_some(super::LONG));
        let time = self.arguments.options.time();
        let mut samples = vec![];
        for (index, distribution) in self.arguments.distributions.iter().enumerate() {
            for pin in [Pin::Session, Pin::Each] {
                let mut alone = None;
                for &threads in self.threads {
                    let cell = Cell { threads, pin, distribution: index };
                    self.measure(&subject, &cell, time / 5);
                    let run = self.measure(&subject, &cell, time);
                    let rate =
                        run.results.iter().sum::<u64>() as f64 / run.wall.as_secs_f64() / 1e6;
                    let what = self.what(*distribution, pin);
                    let row = RowName::new(
                        format!("{what}, threads {threads}"),
                        "Mops/s",
                        Better::Higher,
                    );
                    samples.push((
                        row.target(self.target(pin)).target(Target::Unbound(0.95)),
                        rate,
                        run.share,
                    ));
                    match threads {
                        1 => alone = Some(rate),
                        2 => {
                            if let Some(alone) = alone {
                                let label = format!("{what}, threads 2 over 1");
                                let row = RowName::new(label, "×", Better::Higher)
                                    .target(Target::AtLeast(1.9));
                                samples.push((row, rate / alone, run.share));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        super::check_len(&subject, self.keys);
        samples
    }
}

impl Cells<'_> {
    fn what(&self, distribution: Distribution, pin: Pin) -> String {
        let ttl = if self.ttl == Ttl::On { "TTL" } else { "no TTL" };
        let pin = if pin == Pin::Session { "session" } else { "single" };
        format!("{}, {}, {ttl}, {pin}", short(self.keys), distribution.name())
    }

    /// The figures, for its two sizes: in the cache, and not.
    fn target(&self, pin: Pin) -> Target {
        Target::BestPeer(match (self.ttl, pin) {
            (Ttl::On, Pin::Session) => 1.2,
            (Ttl::On, Pin::Each) if self.keys <= 100_000 => 0.8,
            _ => 1.0,
        })
    }

    fn measure<S: Subject>(&self, subject: &S, cell: &Cell, time: Duration) -> Run<u64> {
        let sequences = &self.sequences[cell.distribution];
        threads_for(cell.threads, time, |thread, stop| {
            let sequence = &sequences[thread];
            let (accesses, tally) = match cell.pin {
                Pin::Each => single(subject, sequence, stop),
                Pin::Session => pinned(subject, sequence, stop),
            };
            super::check_reads::<S>(sequence, accesses, tally);
            accesses
        })
    }
}

#[inline(never)]
pub(super) fn single<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        for &access in chunk {
            tally.add(subject.get(sequence.access(access).0.bytes(), digest));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

#[inline(never)]
pub(super) fn pinned<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        let session = subject.session();
        for &access in chunk {
            tally.add(session.get(sequence.access(access).0.bytes(), digest));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}
