//! Ever-new keys at constant size: each operation pair inserts a key that never was and removes the oldest.
//!
//! With a TTL that never comes due, so that what a store keeps for removed entries' deadlines shows too.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::child::{self, Outcome};
use crate::bench::keys::{Key, digest, value};
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName};
use crate::bench::run::threads_to_end;
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// What `churn` takes; `--keys` is the constant size.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Operations in all, inserts and removes counted alike.
    #[arg(long, default_value_t = 100_000_000)]
    operations: u64,
    /// Time-to-live in seconds; 0 for none.
    #[arg(long, default_value_t = 3600.0)]
    ttl: f64,
}

/// Parts of the run that are reported each.
const PARTS: u64 = 10;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let keys = options.keys(&[100_000])[0];
    let threads = options.threads(&[2])[0];
    let row = |label: &str| match label {
        label if label.starts_with("speed, last") => RowName::new(label, "×", Better::Higher),
        label if label.ends_with("over second") => RowName::new(label, "×", Better::Lower),
        label if label.starts_with("speed") => RowName::new(label, "Mops/s", Better::Higher),
        _ => RowName::new(label, "MiB", Better::Lower),
    };
    let what = format!(
        "{} live keys, {} inserts and removes in all by {threads} threads, TTL {} s.",
        short(keys),
        short(arguments.operations as usize),
        arguments.ttl
    );
    let churn = |subject| {
        let (ttl, operations) = (arguments.ttl, arguments.operations);
        subjects::with(subject, Churn { keys, threads, operations, ttl })
    };
    let notes = ["Memory as it stood at the end of each tenth, in the midst of the traffic."];
    child::measure("churn", options, |name| name != "none", churn, row, &[&what, notes[0]])
}

struct Churn {
    keys: usize,
    threads: usize,
    operations: u64,
    ttl: f64,
}

#[derive(Clone, Copy)]
struct Part {
    wall: Duration,
    allocated: i64,
    resident: u64,
}

impl Visit for Churn {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        alloc::start_counting();
        let (allocated, resident) = (alloc::live(), machine::rss());
        let ttl = (self.ttl > 0.0).then(|| Duration::from_secs_f64(self.ttl));
        let subject = S::build(&Config::growing(self.keys, ttl.is_some()));
        let live = (self.keys / self.threads).max(1) as u64;
        let pairs = (self.operations / 2 / self.threads as u64 / PARTS).max(1);
        let meet = Barrier::new(self.threads);
        let run = threads_to_end(self.threads, |thread| {
            let key = |number: u64| Key::wide(number * self.threads as u64 + thread as u64);
            let mut next = 0;
            let insert = |next: &mut u64| {
                let key = key(*next);
                subject.insert(key.bytes(), &value(key.id), ttl);
                *next += 1;
            };
            (0..live).for_each(|_| insert(&mut next));
            let mut parts = vec![];
            for _ in 0..PARTS {
                meet.wait();
                let start = Instant::now();
                for _ in 0..pairs {
                    let oldest = next - live;
                    insert(&mut next);
                    let removed = subject.remove(key(oldest).bytes());
                    assert!(removed, "a key that was inserted is not there");
                    if next % 1024 == 0 {
                        let last = key(next - 1);
                        let got = subject.get(last.bytes(), digest);
                        assert!(!S::STORES || got == Some(2 * u64::from(last.id)), "a wrong value");
                    }
                }
                // Each looks at its end: the last one has seen the whole part.
                let (allocated, resident) = (alloc::live(), machine::rss());
                parts.push(Part { wall: start.elapsed(), allocated, resident });
            }
            parts
        });
        super::check_len(&subject, live as usize * self.threads);

        let part = |index: usize| {
            let parts = run.results.iter().map(|parts| parts[index]);
            parts.max_by_key(|part| part.wall).unwrap_or_else(|| unreachable!("a thread at least"))
        };
        let parts: Vec<Part> = (0..PARTS as usize).map(part).collect();
        let operations = (2 * pairs * self.threads as u64) as f64;
        let speed = |part: &Part| operations / part.wall.as_secs_f64() / 1e6;
        let mebibytes = |part: &Part| (part.allocated - allocated) as f64 / 1048576.0;
        let rss = |part: &Part| (part.resident as f64 - resident as f64) / 1048576.0;
        let mut outcome = Outcome { share: run.share, ..Outcome::default() };
        let mut report = |name: &str, figure: &dyn Fn(&Part) -> f64| {
            for (index, part) in parts.iter().enumerate() {
                outcome.value(format!("{name}, part {}", index + 1), figure(part));
            }
            let (second, last) = (figure(&parts[1]), figure(&parts[PARTS as usize - 1]));
            outcome.value(format!("{name}, last over second"), last / second);
        };
        report("speed", &speed);
        report("allocated", &mebibytes);
        report("RSS", &rss);
        outcome
    }
}
