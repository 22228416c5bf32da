//! A million entries due at one instant, while other keys are read and written.
//!
//! Gets and inserts of the live keys are timed one by one and sorted by when they happened: *before* the instant,
//! *at* it (until a second after), *after* (four more seconds). An operation that spans the instant counts as at it.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use super::mass_expiry_line::{Line, Memory};
use crate::bench::alloc;
use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Access, CHUNK, Distribution, Key, Sequence, Tally, digest, value};
use crate::bench::latencies::Latencies;
use crate::bench::machine;
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{Raise, ended, threads_for};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Config, Subject, Visit};
use crate::bench::ticks::Ticks;

/// `mass-expiry`.
pub(crate) struct MassExpiry {
    /// Those that live on.
    live: usize,
    /// How many entries are due at once.
    due: usize,
    /// From the first of them to the instant, at least: filling takes some of it.
    lead: Duration,
    /// How long *after* lasts.
    after: Duration,
    threads: usize,
    reps: usize,
}

/// How long *at* lasts.
const AT: Duration = Duration::from_secs(1);
/// How long the traffic must have run for a fair *before*, and is not recorded until then.
const WARM_UP: Duration = Duration::from_millis(500);
const MIN_BEFORE: Duration = Duration::from_millis(1000);

impl MassExpiry {
    pub(crate) fn new(settings: &Settings) -> Self {
        let live = settings.one_keys(100_000);
        Self {
            live,
            due: settings.pick(200_000, 1_000_000, 1_000_000).min(10 * live),
            lead: Duration::from_secs_f64(settings.pick(2.5, 8.0, 8.0)),
            after: Duration::from_secs_f64(settings.pick(0.5, 4.0, 4.0)),
            threads: settings.most_threads(machine::cores()),
            reps: settings.reps(1, 3, 5),
        }
    }
}

impl Comparison for MassExpiry {
    fn name(&self) -> &'static str {
        "mass-expiry"
    }

    fn title(&self) -> &'static str {
        "A mass expiry, under traffic"
    }

    fn about(&self) -> String {
        format!(
            "{} entries are due at one instant, while {} threads read and replace {} others. Stores without a time-to-live per entry are left out.",
            short(self.due),
            self.threads,
            short(self.live)
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("seconds after the instant", Scale::Linear);
        let chart = |id, title, y: &str, scale| {
            let chart = Chart::lines(id, title, x.clone(), Axis::new(y, scale));
            chart.marked(0.0, "due")
        };
        let speed = "million operations a second";
        vec![
            chart("mass-expiry-speed", "operations", speed, Scale::Linear),
            chart("mass-expiry-stall", "the longest operation", "milliseconds", Scale::Log),
            chart("mass-expiry-memory", "memory", "MiB allocated", Scale::Linear),
            chart("mass-expiry-resident", "memory, resident", "MiB resident", Scale::Linear),
        ]
    }

    fn notes(&self) -> Vec<String> {
        vec!["Before: until the instant; at: the second after it; after: what follows. `memory back`: from the instant until all but 1 % of what ever comes back is back; `came back`: how much of what the entries took that is (tables may stay).".into()]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subjects::expires(subject)
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        1.0 + (self.lead + AT + self.after).as_secs_f64()
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Storm(self))
    }
}

struct Storm<'a>(&'a MassExpiry);

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
        let MassExpiry { live, due: expiring, lead, after, threads, .. } = *self.0;
        let sequences = Sequence::for_threads(threads, live, Distribution::Zipf, 50);
        alloc::start_counting();
        let subject = S::build(&Config::growing(live + expiring, true));
        let start = Instant::now();
        for id in 0..live as u32 {
            subject.insert(Key::of(id).bytes(), &value(id), Some(super::LONG));
        }
        // A slow subject, or machine, has more time: three times what it took for these.
        let lead = lead.max(start.elapsed() * (3 * expiring / live) as u32 + 2 * MIN_BEFORE);
        super::check_len(&subject, live);
        let empty = (alloc::live(), machine::rss());

        let ticks = Ticks::new();
        let (origin, start) = (ticks.now(), Instant::now());
        let due = start + lead;
        for id in live as u32..(live + expiring) as u32 {
            let ttl = due.saturating_duration_since(Instant::now());
            subject.insert(Key::of(id).bytes(), &value(id), Some(ttl));
        }
        super::check_len(&subject, live + expiring);
        let full = (alloc::live(), machine::rss());
        let left = due.saturating_duration_since(Instant::now());
        assert!(left > MIN_BEFORE, "filling took too long");

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
            let ends = Raise(&watched);
            let run = threads_for(threads, left + AT + after, |thread, stop| {
                traffic(&subject, &sequences[thread], &phases, stop)
            });
            drop(ends);
            (run, watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });

        let mut outcome = Outcome::default();
        report(&mut outcome, &run.results, run.share);
        if S::STORES {
            memory.report(&mut outcome, empty, full, run.share);
            let left_over = subject.len() as f64 - live as f64;
            let row = RowName::new("entries left over", "entries", Better::Lower);
            outcome.sample(row, left_over, run.share);
        }
        let lines: Vec<&Line> = run.results.iter().map(|seen| &seen.line).collect();
        Line::draw(&lines, &memory, left, &mut outcome);
        super::check_overwrites(&subject, live);
        outcome
    }
}

fn report(outcome: &mut Outcome, seen: &[Seen], share: f64) {
    let mut row = |label: String, unit, value| {
        outcome.sample(RowName::new(label, unit, Better::Lower), value, share);
    };
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
            for (name, quantile) in [("p50", 0.5), ("p99.9", 0.999), ("longest", 1.0)] {
                let value = histogram.value_at_quantile(quantile) as f64 / 1e3;
                row(format!("{kind} {name}, {phase}"), "µs", value);
            }
        }
        let p999 = |phase: usize| histograms[phase].value_at_quantile(0.999) as f64;
        row(format!("{kind} p99.9, at over before"), "×", p999(1) / p999(0));
        longest = longest.max(histograms[1].max()).max(histograms[2].max());
    }
    row("longest stall".into(), "ms", longest as f64 / 1e6);
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
            seen.line.record(ticks.nanos(phases.origin, end), nanos);
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
