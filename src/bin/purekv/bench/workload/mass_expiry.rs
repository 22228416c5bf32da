//! A million entries due at one instant, while other keys are read and written.
//!
//! Gets and inserts of the live keys are timed one by one and sorted by when they happened: *before* the instant,
//! *at* it (until a second after), *after* (four more seconds). An operation that spans the instant counts as at it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::child::{self, Outcome};
use super::mass_expiry_line::{Line, Memory};
use crate::bench::alloc;
use crate::bench::keys::{Access, CHUNK, Distribution, Key, Sequence, Tally, digest, value};
use crate::bench::latencies::Latencies;
use crate::bench::machine;
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName, Target};
use crate::bench::run::{ended, threads_for};
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::ticks::Ticks;

/// What `mass-expiry` takes; `--keys` are the live keys.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How many entries are due at once.
    #[arg(long, default_value_t = 1_000_000)]
    due: usize,
    /// Seconds from the first of them to the instant: filling takes the slowest subject some of it.
    #[arg(long, default_value_t = 10.0)]
    lead: f64,
    /// Share of inserts in the traffic, in percent.
    #[arg(long, default_value_t = 50)]
    inserts: usize,
}

/// How long *at* lasts.
const AT: Duration = Duration::from_secs(1);
/// How long *after* lasts.
const AFTER: Duration = Duration::from_secs(4);
/// How long the traffic must have run for a fair *before*, and is not recorded until then.
const WARM_UP: Duration = Duration::from_millis(500);
const MIN_BEFORE: Duration = Duration::from_millis(2000);

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let row = |label: &str| match label {
        "get p99.9, at over before" | "insert p99.9, at over before" => {
            RowName::new(label, "×", Better::Lower).target(Target::AtMost(2.0))
        }
        "longest stall" => RowName::new(label, "ms", Better::Lower).target(Target::AtMost(20.0)),
        "memory back (allocated)" | "memory back (RSS)" => {
            RowName::new(label, "ms", Better::Lower).target(Target::AtMost(1000.0))
        }
        "came back (allocated)" | "came back (RSS)" => RowName::new(label, "%", Better::Higher),
        "entries left over" => RowName::new(label, "entries", Better::Lower),
        _ => RowName::new(label, "µs", Better::Lower),
    };
    let due = short(arguments.due);
    let what = format!(
        "{due} entries due at one instant, traffic on other keys; subjects without a TTL per entry are left out."
    );
    child::measure(
        "mass-expiry",
        &arguments.options,
        subjects::expires,
        |subject| subjects::with(subject, Storm { arguments }),
        row,
        &[
            &what,
            "`memory back`: from the instant until all but 1 % of what ever comes back is back; `came back`: how much of what the entries took that is (tables may stay).",
        ],
    )
}

struct Storm<'a> {
    arguments: &'a Arguments,
}

/// The bounds of the phases, in counts of the clock and as instants.
#[derive(Clone, Copy)]
struct Phases {
    ticks: Ticks,
    origin: u64,
    begin: u64,
    due: u64,
    at_end: u64,
}

/// What one traffic thread saw: before, at, after, and the time line.
struct Seen {
    phases: [Latencies; 3],
    line: Line,
}

impl Visit for Storm<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let options = &self.arguments.options;
        let threads = options.threads(&[2])[0];
        let live = options.keys(&[100_000])[0];
        let inserts = self.arguments.inserts;
        let sequences = Sequence::for_threads(threads, live, Distribution::Zipf, inserts);
        alloc::start_counting();
        let subject = S::build(&Config::growing(live + self.arguments.due, true));
        for id in 0..live as u32 {
            subject.insert(Key::of(id).bytes(), &value(id), Some(super::LONG));
        }
        super::check_len(&subject, live);
        let empty = (alloc::live(), machine::rss());

        let ticks = Ticks::new();
        let (origin, start) = (ticks.now(), Instant::now());
        let due = start + Duration::from_secs_f64(self.arguments.lead);
        for id in live as u32..(live + self.arguments.due) as u32 {
            let ttl = due.saturating_duration_since(Instant::now());
            subject.insert(Key::of(id).bytes(), &value(id), Some(ttl));
        }
        super::check_len(&subject, live + self.arguments.due);
        let full = (alloc::live(), machine::rss());
        let left = due.saturating_duration_since(Instant::now());
        assert!(left > MIN_BEFORE, "filling took too long: raise --lead");

        // The bounds in counts, so that the loop compares what it has read anyway.
        let per_nano = 1e6 / ticks.nanos(0, 1_000_000).max(1) as f64;
        let at = |time: Instant| origin + ((time - start).as_nanos() as f64 * per_nano) as u64;
        let phases = Phases {
            ticks,
            origin: at(due - left),
            begin: at(due - left + WARM_UP),
            due: at(due),
            at_end: at(due + AT),
        };
        let watched = AtomicBool::new(false);
        let (run, memory) = thread::scope(|scope| {
            let watcher = scope.spawn(|| Memory::watch(&watched, due));
            let run = threads_for(threads, left + AT + AFTER, |thread, stop| {
                traffic(&subject, &sequences[thread], &phases, stop)
            });
            watched.store(true, Relaxed);
            (run, watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });

        let mut outcome = Outcome { share: run.share, ..Outcome::default() };
        report(&mut outcome, &run.results);
        if S::STORES {
            memory.report(&mut outcome, empty, full);
            let left_over = subject.len() as f64 - live as f64;
            outcome.value("entries left over", left_over);
        }
        let lines: Vec<&Line> = run.results.iter().map(|seen| &seen.line).collect();
        outcome.lines = Line::table(&lines, &memory, left);
        outcome
    }
}

fn report(outcome: &mut Outcome, seen: &[Seen]) {
    let mut phases = [Latencies::new(), Latencies::new(), Latencies::new()];
    for thread in seen {
        for (all, one) in phases.iter_mut().zip(&thread.phases) {
            all.merge(one);
        }
    }
    let [before, at, after] = &phases;
    let kinds = [
        ("get", [&before.get, &at.get, &after.get]),
        ("insert", [&before.insert, &at.insert, &after.insert]),
    ];
    let mut longest: u64 = 0;
    for (kind, histograms) in kinds {
        for (phase, histogram) in ["before", "at", "after"].iter().zip(histograms) {
            for (name, quantile) in [("p50", 0.5), ("p99.9", 0.999), ("max", 1.0)] {
                let value = histogram.value_at_quantile(quantile) as f64 / 1e3;
                outcome.value(format!("{kind} {name}, {phase}"), value);
            }
        }
        let p999 = |phase: usize| histograms[phase].value_at_quantile(0.999) as f64;
        outcome.value(format!("{kind} p99.9, at over before"), p999(1) / p999(0));
        longest = longest.max(histograms[1].max()).max(histograms[2].max());
    }
    outcome.value("longest stall", longest as f64 / 1e6);
}

fn traffic<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    phases: &Phases,
    stop: &AtomicBool,
) -> Seen {
    let mut seen =
        Seen { phases: [Latencies::new(), Latencies::new(), Latencies::new()], line: Line::new() };
    let ticks = phases.ticks;
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        for &access in chunk {
            let (key, kind) = sequence.access(access);
            let value = value(key.id);
            let start = ticks.now();
            match kind {
                Access::Get => tally.add(subject.get(key.bytes(), digest)),
                Access::Insert => subject.insert(key.bytes(), &value, Some(super::LONG)),
            }
            let end = ticks.now();
            let nanos = ticks.nanos(start, end).max(1);
            seen.line.record(ticks.nanos(phases.origin, end), kind, nanos);
            let phase = match () {
                () if end < phases.begin => continue,
                () if end < phases.due => 0,
                () if start < phases.at_end => 1,
                () => 2,
            };
            let latencies = &mut seen.phases[phase];
            match kind {
                Access::Get => latencies.get.saturating_record(nanos),
                Access::Insert => latencies.insert.saturating_record(nanos),
            }
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    super::check_reads::<S>(sequence, accesses, tally);
    seen
}
