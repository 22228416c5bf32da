//! Ever-new keys at constant size: each operation pair inserts a key that never was and removes the oldest.
//!
//! With a TTL that never comes due, so that what a store keeps for removed entries' deadlines shows too.

use std::time::{Duration, Instant};

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, digest, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{Meeting, threads_to_end};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// Parts of the run that are reported each.
const PARTS: u64 = 10;

/// `churn`.
pub(crate) struct Churning {
    keys: usize,
    threads: usize,
    operations: u64,
    reps: usize,
}

impl Churning {
    pub(crate) fn new(settings: &Settings) -> Self {
        let keys = settings.one_keys(settings.pick(20_000, 100_000, 100_000));
        Self {
            keys,
            threads: settings.most_threads(machine::cores()),
            operations: keys as u64 * settings.pick(50, 400, 4000),
            reps: settings.reps(1, 1, 3),
        }
    }
}

impl Comparison for Churning {
    fn name(&self) -> &'static str {
        "churn"
    }

    fn title(&self) -> &'static str {
        "Ever-new keys at constant size"
    }

    fn about(&self) -> String {
        format!(
            "{} entries, {} inserts and removes in all by {} threads: each pair inserts a key that never was and removes the oldest. With a time-to-live of an hour, so that what a store keeps for the deadlines of removed entries shows too.",
            short(self.keys),
            short(self.operations as usize),
            self.threads
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let chart = |(id, title, y): (&str, &str, &str)| {
            let x = Axis::new("tenth of the run", Scale::Steps);
            Chart::lines(id, title, x, Axis::new(y, Scale::Linear))
        };
        let speed = ("churn-speed", "speed", "million operations a second");
        vec![chart(speed), chart(("churn-memory", "memory", "MiB resident"))]
    }

    fn notes(&self) -> Vec<String> {
        vec!["Memory as it stood at the end of each tenth, in the midst of the traffic.".into()]
    }

    fn takes_part(&self, subject: &str) -> bool {
        // Who is bounded to exactly so many evicts one between an insert and the removal after it.
        subject != "none" && !subject.ends_with("-bound")
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        0.5 + self.operations as f64 * 0.3e-6
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let Self { keys, threads, operations, .. } = *self;
        subjects::with(subject, Churn { keys, threads, operations })
    }
}

struct Churn {
    keys: usize,
    threads: usize,
    operations: u64,
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
        let ttl = Some(super::LONG);
        let subject = S::build(&Config::growing(self.keys, ttl.is_some()));
        let live = (self.keys / self.threads).max(1) as u64;
        let pairs = (self.operations / 2 / self.threads as u64 / PARTS).max(1);
        let meeting = Meeting::of(self.threads);
        let run = threads_to_end(self.threads, |thread| {
            let _member = meeting.member();
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
                meeting.wait();
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
        let mut outcome = Outcome::default();
        for (index, part) in parts.iter().enumerate() {
            outcome.point("churn-speed", index as f64 + 1.0, speed(part));
            outcome.point("churn-memory", index as f64 + 1.0, rss(part));
        }
        let (second, last) = (&parts[1], &parts[PARTS as usize - 1]);
        let mut row = |label, unit, better, value| {
            outcome.sample(RowName::new(label, unit, better), value, run.share);
        };
        row("speed, second tenth", "Mops/s", Better::Higher, speed(second));
        row("speed, last tenth", "Mops/s", Better::Higher, speed(last));
        row("allocated, last tenth", "MiB", Better::Lower, mebibytes(last));
        row("resident, last tenth", "MiB", Better::Lower, rss(last));
        let grown = rss(last) / rss(second);
        row("resident, last over second tenth", "×", Better::Neither, grown);
        outcome
    }
}
