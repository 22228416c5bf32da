//! Growing from empty by several threads: the longest insert, and how far memory overshoots.
//!
//! Every insert is timed. A long one during which the scheduler has taken the core away says nothing about
//! the subject, so these are told apart by the thread's count of involuntary switches; what the hypervisor takes remains in.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, value};
use crate::bench::latencies::Latencies;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{Raise, threads_to_end};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::ticks::Ticks;
use crate::bench::{alloc, machine};

/// An insert longer than this is looked at: nanoseconds.
const LONG: u64 = 100_000;
/// The count of switches is read anew after so many inserts: what lies in between is a few microseconds.
const FRESH: u32 = 64;

/// `growth`.
pub(crate) struct Growing {
    keys: usize,
    threads: usize,
    reps: usize,
}

impl Growing {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keys: settings.one_keys(settings.pick(200_000, 2_000_000, 4_000_000)),
            threads: settings.most_threads(machine::cores()),
            reps: settings.reps(1, 3, 5),
        }
    }
}

impl Comparison for Growing {
    fn name(&self) -> &'static str {
        "growth"
    }

    fn title(&self) -> &'static str {
        "Growing from empty: the longest insert, the peak of memory"
    }

    fn about(&self) -> String {
        format!(
            "From empty to {} entries with a time-to-live by {} threads, nobody told how many there will be. Every insert is timed.",
            short(self.keys),
            self.threads
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("share of inserts that took no longer", Scale::Nines);
        let y = Axis::new("microseconds", Scale::Log);
        let curve = Chart::lines("growth-insert", "inserts while the store grows", x, y);
        let x = Axis::new("", Scale::Steps).named(0.0, "allocated").named(1.0, "resident");
        let y = Axis::new("peak over final size", Scale::Linear);
        vec![
            curve,
            Chart::bars("growth-peak", "memory at its peak, as a multiple of the final", x, y),
        ]
    }

    fn notes(&self) -> Vec<String> {
        vec!["`not preempted`: the thread had no involuntary switch meanwhile; what a hypervisor takes remains in. `none`: the same loop without a store, which shows what the machine adds.".into()]
    }

    fn takes_part(&self, _: &str) -> bool {
        true
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        1.0 + self.keys as f64 * 1e-6
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Growth { keys: self.keys, threads: self.threads })
    }
}

/// Quantiles of the curve.
const CURVE: [f64; 9] = [0.5, 0.9, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999, 0.999999];

struct Growth {
    keys: usize,
    threads: usize,
}

struct Inserts {
    latencies: Latencies,
    longest_undisturbed: u64,
}

impl Visit for Growth {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        alloc::start_counting();
        let ticks = Ticks::new();
        let before = (alloc::live(), machine::rss());
        let subject = S::build(&Config::growing(self.keys, true));
        let done = AtomicBool::new(false);
        let (run, peak) = thread::scope(|scope| {
            let watcher = scope.spawn(|| peak_allocated(&done));
            let ends = Raise(&done);
            let run = threads_to_end(self.threads, |thread| {
                let bounds = |thread| (self.keys * thread / self.threads) as u32;
                fill(&subject, ticks, bounds(thread)..bounds(thread + 1))
            });
            drop(ends);
            (run, watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        super::check_len(&subject, self.keys);
        for id in (0..self.keys as u32).step_by(7) {
            super::check_value(&subject, id);
        }
        let mut all = Latencies::new();
        run.results.iter().for_each(|thread| all.merge(&thread.latencies));
        let undisturbed = run.results.iter().map(|thread| thread.longest_undisturbed).max();

        let mut outcome = Outcome::default();
        let mut row = |label: &str, unit, better, value| {
            outcome.sample(RowName::new(label, unit, better), value, run.share);
        };
        let micros = |nanos: u64| nanos as f64 / 1e3;
        row("longest insert, not preempted", "µs", Better::Lower, micros(undisturbed.unwrap_or(0)));
        row("longest insert", "µs", Better::Lower, micros(all.insert.max()));
        for (name, quantile) in [("p99.9", 0.999), ("p99.99", 0.9999), ("p99.999", 0.99999)] {
            let value = micros(all.insert.value_at_quantile(quantile));
            row(&format!("insert, {name}"), "µs", Better::Lower, value);
        }
        let rate = self.keys as f64 / run.wall.as_secs_f64() / 1e6;
        row("filled at", "Mops/s", Better::Higher, rate);
        for quantile in CURVE {
            if (1.0 - quantile) * self.keys as f64 >= 5.0 {
                let value = micros(all.insert.value_at_quantile(quantile));
                outcome.point("growth-insert", quantile, value);
            }
        }
        if S::STORES {
            let peak_rss = machine::peak_rss() as f64 - before.1 as f64;
            let (rss, allocated) = settled(before);
            let peak = ((peak - before.0) as f64).max(allocated);
            let mut over = |label, x, value| {
                let row = RowName::new(label, "×", Better::Lower).on("growth-peak", x);
                outcome.sample(row, value, run.share);
            };
            over("peak over final, allocated", 0.0, peak / allocated);
            over("peak over final, resident", 1.0, peak_rss / rss);
            let row = |label| RowName::new(label, "MiB", Better::Lower);
            outcome.sample(row("final, allocated"), allocated / 1048576.0, run.share);
            outcome.sample(row("final, resident"), rss / 1048576.0, run.share);
        }
        drop(subject);
        outcome
    }
}

/// Resident and allocated bytes once what growing has left behind had half a second to go.
fn settled(before: (i64, u64)) -> (f64, f64) {
    thread::sleep(Duration::from_millis(500));
    (machine::rss() as f64 - before.1 as f64, (alloc::live() - before.0) as f64)
}

fn peak_allocated(done: &AtomicBool) -> i64 {
    let mut peak = 0;
    while !done.load(Relaxed) {
        peak = peak.max(alloc::live());
        thread::sleep(Duration::from_millis(1));
    }
    peak
}

fn fill<S: Subject>(subject: &S, ticks: Ticks, ids: std::ops::Range<u32>) -> Inserts {
    let mut inserts = Inserts { latencies: Latencies::new(), longest_undisturbed: 0 };
    let mut preemptions = machine::preemptions();
    for id in ids {
        let (key, value) = (Key::of(id), value(id));
        if id % FRESH == 0 {
            preemptions = machine::preemptions();
        }
        let start = ticks.now();
        subject.insert(key.bytes(), &value, Some(super::LONG));
        let nanos = ticks.nanos(start, ticks.now()).max(1);
        inserts.latencies.insert.saturating_record(nanos);
        if nanos < LONG {
            inserts.longest_undisturbed = inserts.longest_undisturbed.max(nanos);
            continue;
        }
        let now = machine::preemptions();
        if now == preemptions {
            inserts.longest_undisturbed = inserts.longest_undisturbed.max(nanos);
        }
        preemptions = now;
    }
    inserts
}
