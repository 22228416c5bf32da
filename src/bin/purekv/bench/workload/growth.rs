//! Growing from empty by several threads: the longest insert, and how far memory overshoots.
//!
//! Every insert is timed. A long one during which the scheduler has taken the core away says nothing about
//! the subject, so these are told apart by the thread's count of involuntary switches; what the hypervisor takes remains in.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::child::{self, Outcome};
use crate::bench::keys::{Key, value};
use crate::bench::latencies::Latencies;
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName, Target};
use crate::bench::run::threads_to_end;
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::ticks::Ticks;
use crate::bench::{alloc, machine};

/// What `growth` takes; `--keys` is the final size.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// An insert longer than this is looked at: nanoseconds.
const LONG: u64 = 100_000;
/// The count of switches is read anew after so many inserts: what lies in between is a few microseconds.
const FRESH: u32 = 64;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let row = |label: &str| match label {
        "longest insert, not preempted" => {
            RowName::new(label, "µs", Better::Lower).target(Target::AtMost(1000.0))
        }
        "peak over final, allocated" | "peak over final, RSS" => {
            RowName::new(label, "×", Better::Lower).target(Target::AtMost(1.15))
        }
        "filled at" => RowName::new(label, "Mops/s", Better::Higher),
        "final, allocated" | "final, RSS" => RowName::new(label, "MiB", Better::Lower),
        _ => RowName::new(label, "µs", Better::Lower),
    };
    let options = &arguments.options;
    let keys = options.keys(&[4_000_000])[0];
    let threads = options.threads(&[2])[0];
    let what = format!("From empty to {} entries with TTL by {threads} threads.", short(keys));
    child::measure(
        "growth",
        options,
        |_| true,
        |subject| subjects::with(subject, Growth { keys, threads }),
        row,
        &[
            &what,
            "`not preempted`: the thread had no involuntary switch meanwhile. `none`: the same loop without a store, which shows what the machine adds.",
        ],
    )
}

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
            let run = threads_to_end(self.threads, |thread| {
                let bounds = |thread| (self.keys * thread / self.threads) as u32;
                fill(&subject, ticks, bounds(thread)..bounds(thread + 1))
            });
            done.store(true, Relaxed);
            (run, watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        super::check_len(&subject, self.keys);
        let mut all = Latencies::new();
        run.results.iter().for_each(|thread| all.merge(&thread.latencies));
        let undisturbed = run.results.iter().map(|thread| thread.longest_undisturbed).max();

        let mut outcome = Outcome { share: run.share, ..Outcome::default() };
        let micros = |nanos: u64| nanos as f64 / 1e3;
        outcome.value("longest insert, not preempted", micros(undisturbed.unwrap_or(0)));
        outcome.value("longest insert", micros(all.insert.max()));
        for (name, quantile) in [("p99.9", 0.999), ("p99.99", 0.9999), ("p99.999", 0.99999)] {
            outcome.value(format!("insert {name}"), micros(all.insert.value_at_quantile(quantile)));
        }
        outcome.value("filled at", self.keys as f64 / run.wall.as_secs_f64() / 1e6);
        if S::STORES {
            let peak_rss = machine::peak_rss() as f64 - before.1 as f64;
            let (rss, allocated) = settled(before);
            let peak = ((peak - before.0) as f64).max(allocated);
            outcome.value("peak over final, allocated", peak / allocated);
            outcome.value("peak over final, RSS", peak_rss / rss);
            outcome.value("final, allocated", allocated / 1048576.0);
            outcome.value("final, RSS", rss / 1048576.0);
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
