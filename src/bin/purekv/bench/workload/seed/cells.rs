//! What is measured, and how: the same for every subject, and for the Go program again.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::check_len;
use super::walk::{self, CHUNK, VALUE, Walk};
use crate::bench::keys::Tally;
use crate::bench::run::{Run, threads_to_end};
use crate::bench::subjects::{Config, Shards, Subject, Visit};

/// The time-to-live of what is set, as pure-kv's benchmark has it.
pub(super) const SET_TTL: Duration = Duration::from_millis(100);
/// And of what is there to be got.
pub(super) const GET_TTL: Duration = Duration::from_secs(100);
/// And how often what has expired is collected.
pub(super) const COLLECT_EVERY: Duration = Duration::from_secs(2);

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// Whether entries have a time-to-live.
    pub(super) ttl: bool,
    /// Sets, else gets.
    pub(super) set: bool,
    /// How many at once; none: one after the other.
    pub(super) at_once: Option<usize>,
}

/// The answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    #[serde(flatten)]
    pub(super) task: Task,
    /// Nought: it has no such number.
    pub(super) shards: usize,
    /// Wall time over operations.
    pub(super) nanoseconds: f64,
    /// The CPU share.
    pub(super) share: f64,
}

/// All questions.
pub(super) struct Plan {
    pub(super) keys: usize,
    pub(super) shards: Vec<usize>,
    pub(super) at_once: Vec<usize>,
    /// Of each measurement.
    pub(super) time: Duration,
}

impl Plan {
    /// Serial, then each number at once.
    pub(super) fn ways(&self) -> impl Iterator<Item = Option<usize>> {
        std::iter::once(None).chain(self.at_once.iter().copied().map(Some))
    }

    /// In the order of the report, for each number of shards.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task> {
        let kinds = [(true, true), (true, false), (false, true), (false, false)];
        kinds
            .into_iter()
            .flat_map(|(ttl, set)| self.ways().map(move |at_once| Task { ttl, set, at_once }))
    }
}

/// When a measurement ends. The threads look at the clock themselves: among a hundred of them, one that should tell them would come too late.
struct End {
    time: Duration,
    /// Set by who begins first.
    at: OnceLock<Instant>,
}

impl End {
    #[inline]
    fn is_over(&self) -> bool {
        let now = Instant::now();
        now >= *self.at.get_or_init(|| now + self.time)
    }
}

/// Measures all of a plan.
pub(super) struct Cells<'a> {
    pub(super) plan: &'a Plan,
    pub(super) walk: &'a Walk,
}

impl Visit for Cells<'_> {
    type Output = Vec<Figure>;

    fn visit<S: Subject>(self) -> Vec<Figure> {
        let mut figures = vec![];
        let shards = if S::SHARDS { self.plan.shards.as_slice() } else { &[0] };
        for &shards in shards {
            for ttl in [true, false] {
                let mut figure = |set, at_once, (nanoseconds, share)| {
                    let task = Task { ttl, set, at_once };
                    figures.push(Figure { task, shards, nanoseconds, share });
                };
                for at_once in self.plan.ways() {
                    // Each sets into an empty store, as the original does.
                    figure(true, at_once, self.sets(&self.build::<S>(shards, ttl), at_once, ttl));
                }
                let subject: S = self.filled(shards, ttl);
                for at_once in self.plan.ways() {
                    self.gets(&subject, at_once, self.plan.time / 5);
                    figure(false, at_once, self.gets(&subject, at_once, self.plan.time));
                }
            }
        }
        figures
    }
}

impl Cells<'_> {
    fn build<S: Subject>(&self, shards: usize, ttl: bool) -> S {
        let shards = S::SHARDS.then_some(Shards { shards, collect_every: COLLECT_EVERY });
        S::build(&Config { shards, ..Config::growing(self.plan.keys, ttl) })
    }

    fn filled<S: Subject>(&self, shards: usize, ttl: bool) -> S {
        let subject: S = self.build(shards, ttl);
        let mut value = [0x5a; VALUE];
        for id in 0..self.plan.keys as u32 {
            walk::label(&mut value, id);
            subject.insert(&walk::key(id), &value, ttl.then_some(GET_TTL));
        }
        check_len(&subject, self.plan.keys);
        subject
    }

    /// Runs `body(start, end)` in each thread, which returns its operations and what it read. Besides what they say, the nanoseconds of an operation.
    fn run(
        &self,
        at_once: Option<usize>,
        time: Duration,
        body: impl Fn(usize, &End) -> (u64, Tally) + Sync,
    ) -> (Run<(usize, u64, Tally)>, f64) {
        let threads = at_once.unwrap_or(1);
        let end = End { time, at: OnceLock::new() };
        let run = threads_to_end(threads, |thread| {
            let start = self.walk.start(thread, threads);
            let (operations, tally) = body(start, &end);
            (start, operations, tally)
        });
        let operations: u64 = run.results.iter().map(|(_, operations, _)| operations).sum();
        let nanoseconds = run.wall.as_secs_f64() * 1e9 / operations as f64;
        (run, nanoseconds)
    }

    fn gets<S: Subject>(&self, subject: &S, at_once: Option<usize>, time: Duration) -> (f64, f64) {
        let (run, nanoseconds) =
            self.run(at_once, time, |start, end| gets(subject, self.walk, start, end));
        for (start, operations, tally) in run.results {
            let expected = self.walk.expected(start, operations);
            assert_eq!(tally, expected, "gets missed, or read what was never written");
        }
        (nanoseconds, run.share)
    }

    fn sets<S: Subject>(&self, subject: &S, at_once: Option<usize>, ttl: bool) -> (f64, f64) {
        let ttl = ttl.then_some(SET_TTL);
        let (run, nanoseconds) = self.run(at_once, self.plan.time, |start, end| {
            (sets(subject, self.walk, ttl, start, end), Tally::default())
        });
        let ways: Vec<(usize, u64)> =
            run.results.iter().map(|(start, operations, _)| (*start, *operations)).collect();
        if ttl.is_none() {
            check_len(subject, self.walk.distinct(&ways));
        }
        for (start, operations) in ways {
            for step in self.walk.last(start, operations) {
                let got = subject.get(&step.key, walk::read);
                let is_right = got.map_or(ttl.is_some(), |got| got == walk::expected(step.id));
                assert!(is_right, "what was set is not there, or is another's");
            }
        }
        (nanoseconds, run.share)
    }
}

#[inline(never)]
fn gets<S: Subject>(subject: &S, walk: &Walk, start: usize, end: &End) -> (u64, Tally) {
    let (mut operations, mut tally) = (0, Tally::default());
    for chunk in walk.chunks(start) {
        for step in chunk {
            tally.add(subject.get(&step.key, walk::read));
        }
        operations += CHUNK as u64;
        if end.is_over() {
            break;
        }
    }
    (operations, tally)
}

#[inline(never)]
fn sets<S: Subject>(
    subject: &S,
    walk: &Walk,
    ttl: Option<Duration>,
    start: usize,
    end: &End,
) -> u64 {
    let (mut operations, mut value) = (0, [0x5a; VALUE]);
    for chunk in walk.chunks(start) {
        for step in chunk {
            walk::label(&mut value, step.id);
            subject.insert(&step.key, &value, ttl);
        }
        operations += CHUNK as u64;
        if end.is_over() {
            break;
        }
    }
    operations
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::bench::subjects;

    fn measure(name: &str) -> Vec<Figure> {
        let plan = Plan {
            keys: 3000,
            shards: vec![1, 4],
            at_once: vec![2],
            time: Duration::from_millis(5),
        };
        let walk = Walk::new(plan.keys);
        subjects::with(name, Cells { plan: &plan, walk: &walk })
    }

    #[test]
    fn whoever_has_shards_is_measured_with_each_number_of_them() {
        // With a time-to-live or not, sets or gets, serial or two at once.
        assert_eq!(measure("store").len(), 8);
        let figures = measure("baseline");
        assert_eq!(figures.len(), 16);
        assert!(figures.iter().all(|figure| figure.nanoseconds > 0.0), "{figures:?}");
    }

    #[test]
    fn whoever_is_wrong_is_found_out() {
        for name in ["liar", "lazy", "lossy"] {
            let outcome = catch_unwind(AssertUnwindSafe(|| measure(name)));
            assert!(outcome.is_err(), "{name} is believed");
        }
    }

    #[test]
    fn what_the_go_program_prints_is_read() {
        let text = r#"[{"ttl":true,"set":false,"at_once":null,"shards":8,"nanoseconds":463.9,"share":0.97},
            {"ttl":false,"set":true,"at_once":100,"shards":1,"nanoseconds":1052,"share":0.93}]"#;
        let figures: Vec<Figure> = serde_json::from_str(text).unwrap_or_default();
        let tasks: Vec<Task> = figures.iter().map(|figure| figure.task).collect();
        let wanted = [
            Task { ttl: true, set: false, at_once: None },
            Task { ttl: false, set: true, at_once: Some(100) },
        ];
        assert_eq!(tasks, wanted);
    }
}
