//! The figures that pure-kv shows of itself, measured again: of ours, of the mutex baseline, and of the original if there is a checkout of it.
//!
//! Its benchmark draws random numbers and starts goroutines while its clock runs, and measures mostly these. Here nothing but the store is in the figures.

mod cells;
mod original;
mod walk;

use std::path::PathBuf;

use self::cells::{COLLECT_EVERY, Cells, Figure, Plan, Task};
use self::original::Original;
use self::walk::Walk;
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::machine;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects;

/// Who takes part here.
const SUBJECTS: [&str; 3] = ["store", "cache", "baseline"];
/// The visitor.
const ORIGINAL: &str = "pure-kv";
/// With an entry's value, about what it takes: it is touched once before the clock starts.
const ENTRY: usize = 1200;

/// `seed`.
pub(crate) struct Seed {
    plan: Plan,
    reps: usize,
    /// Those asked for, in their order.
    subjects: Vec<&'static str>,
    checkout: Option<PathBuf>,
    /// Made in `prepare`.
    walk: Option<Walk>,
    original: Option<Result<Original, String>>,
}

impl Seed {
    pub(crate) fn new(settings: &Settings) -> Self {
        let asked = |name: &&str| settings.subjects.is_empty() || settings.subjects.contains(name);
        let mut subjects: Vec<_> = SUBJECTS.into_iter().filter(asked).collect();
        subjects.extend(settings.pure_kv.as_ref().map(|_| ORIGINAL));
        let shards: &[usize] =
            settings.pick(&[1, 8, 32], &[1, 2, 4, 8, 16, 32], &[1, 2, 4, 8, 16, 32]);
        let plan = Plan {
            keys: settings.one_keys(settings.pick(20_000, 200_000, 1_000_000)),
            shards: shards.to_vec(),
            at_once: settings.threads(settings.pick(&[100], &[10, 100], &[10, 50, 100])),
            // All gets of one store are done long before its entries expire.
            time: settings.time(0.06, 0.3, 2.5).min(std::time::Duration::from_secs(5)),
        };
        let (reps, checkout) = (settings.reps(2, 3, 3), settings.pure_kv.clone());
        Self { plan, reps, subjects, checkout, walk: None, original: None }
    }

    /// Operations of a round: the most that are done at once.
    fn round(&self) -> usize {
        self.plan.at_once.last().copied().unwrap_or(1)
    }

    fn chart(ttl: bool, subject: &str) -> String {
        format!("seed-{}-{subject}", if ttl { "ttl" } else { "no-ttl" })
    }

    /// The figures as rows, and those of the largest round as lines. Who has no number of shards has the same everywhere.
    fn outcome(&self, subject: &str, figures: &[Figure]) -> Outcome {
        let mut outcome = Outcome::default();
        for task in self.plan.tasks() {
            for &shards in &self.plan.shards {
                let is_it = |figure: &&Figure| {
                    figure.task == task && (figure.shards == shards || figure.shards == 0)
                };
                let Some(figure) = figures.iter().find(is_it) else {
                    panic!("it was not measured with {shards} shards: {task:?}");
                };
                let round = task.at_once.unwrap_or(self.round());
                let value = figure.nanoseconds * round as f64 / 1e3;
                let row = RowName::new(label(task, shards), "µs a round", Better::Lower);
                outcome.sample(row, value, figure.share);
                if round == self.round() {
                    let chart = Self::chart(task.ttl, subject);
                    outcome.point_of(&chart, &line(task), shards as f64, value);
                }
            }
        }
        outcome
    }

    /// Its figures; or why there are none, which is nobody's failure but that of who should have built it.
    fn visit(&self) -> Outcome {
        let original = match &self.original {
            Some(Ok(original)) => original,
            Some(Err(why)) => {
                let mut outcome = Outcome::default();
                outcome.note(format!("{ORIGINAL} was not measured: {why}"));
                return outcome;
            }
            None => unreachable!("prepared before anything is measured"),
        };
        match original.measure(&self.plan) {
            Ok(figures) => {
                let mut outcome = self.outcome(ORIGINAL, &figures);
                outcome.note(format!("{ORIGINAL} is measured by a program in Go ({}), benches/pure-kv/main.go, which does the same with the same keys in the same order. It keeps the slice it is given, so each set is given a new one; ours copy what they are given.", original.version));
                outcome
            }
            Err(why) => panic!("{why}"),
        }
    }
}

fn kind(task: Task) -> &'static str {
    if task.set { "set" } else { "get" }
}

/// `set, 100 at once`
fn line(task: Task) -> String {
    match task.at_once {
        None => format!("{}, serial", kind(task)),
        Some(at_once) => format!("{}, {at_once} at once", kind(task)),
    }
}

/// `TTL, set, 100 at once, 8 shards`
fn label(task: Task, shards: usize) -> String {
    let ttl = if task.ttl { "TTL" } else { "no TTL" };
    let s = if shards == 1 { "" } else { "s" };
    format!("{ttl}, {}, {shards} shard{s}", line(task))
}

impl Comparison for Seed {
    fn name(&self) -> &'static str {
        "seed"
    }

    fn title(&self) -> &'static str {
        "pure-kv's own figures, of ours and of the original"
    }

    fn about(&self) -> String {
        format!(
            "The benchmark of {ORIGINAL}, where this project comes from: {} keys of 40 hexadecimal digits, values of 1 KiB, over the number of shards. Sets go into an empty store, with a time-to-live of 100 ms or none; gets are of a full one, with 100 s or none. The figure is the time of a round of operations. N at once: N threads (goroutines in Go) that go on for the whole measurement, and a round is N operations: wall time over operations, times N. Serial: one thread, and a round of {}. The original draws its random numbers and starts its goroutines while the clock runs; here keys and their order are made before, and a value is made of its key's number, so that the store is measured and not these.",
            short(self.plan.keys),
            self.round()
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let mut charts = vec![];
        for ttl in [true, false] {
            for subject in &self.subjects {
                let with = if ttl { "with TTL" } else { "without TTL" };
                let title = format!("{subject}, rounds of {}, {with}", self.round());
                let x = Axis::new("shards", Scale::Steps);
                let y = Axis::new("microseconds a round", Scale::Linear);
                charts.push(Chart::lines(Self::chart(ttl, subject), title, x, y));
            }
        }
        charts
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec!["store and cache have no number of shards to be given, they split as they grow: they are measured once for each concurrency, drawn as a level line, and stand in each row with the same figure.".to_owned()];
        if self.plan.time < COLLECT_EVERY {
            notes.push(format!("What has expired is collected every 2 s by baseline and {ORIGINAL}, as in the original's benchmark. A measurement takes {:.2} s here, so they collect nothing meanwhile; store and cache do. `--full` takes longer ones.", self.plan.time.as_secs_f64()));
        }
        notes
    }

    fn prepare(&mut self) {
        self.walk = Some(Walk::new(self.plan.keys));
        self.original = self.checkout.as_deref().map(Original::build);
        machine::back_memory(self.plan.keys * ENTRY);
    }

    fn takes_part(&self, subject: &str) -> bool {
        SUBJECTS.contains(&subject)
    }

    fn visitors(&self) -> &[&'static str] {
        if self.checkout.is_some() { &[ORIGINAL] } else { &[] }
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        let ways = self.plan.ways().count() as f64;
        // Sets and gets, the latter after a fifth of the time to warm up; with a time-to-live and without.
        let cells = 2.0 * ways * 2.2 * self.plan.time.as_secs_f64();
        let filling = 2.0 * self.plan.keys as f64 * 1.5e-6;
        // Two know no shards; the others are measured with each number of them.
        let sharded = self.subjects.len().saturating_sub(2) * self.plan.shards.len();
        let turns = self.subjects.len().min(2) + sharded;
        (cells + filling) * turns as f64 / self.subjects.len().max(1) as f64
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        if subject == ORIGINAL {
            return self.visit();
        }
        let Some(walk) = &self.walk else { unreachable!("prepared before anything is measured") };
        self.outcome(subject, &subjects::with(subject, Cells { plan: &self.plan, walk }))
    }
}
