//! What the others complete while one thread is parked.
//!
//! A thread reads and inserts like all others, until a signal stops it, wherever it happens to be, for some time: as a scheduler does, or a page fault, or a
//! debugger. That asks nothing of the subject, so all are stopped alike. The handler sleeps, and touches nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Distribution, Random, Sequence};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{Raise, ended};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Subject, Visit};
use crate::bench::{machine, park};

/// `stall`.
pub(crate) struct Stall {
    keys: usize,
    workers: usize,
    parks: usize,
    reps: usize,
    sequences: Vec<Sequence>,
}

/// How long the thread is parked.
const PARKED: Duration = Duration::from_millis(20);
/// Of it, what is left out at both ends, until the signal has come and before the thread goes on.
const EDGE: Duration = Duration::from_millis(2);
/// Between two parks.
const BETWEEN: Duration = Duration::from_millis(10);
/// Workers have stopped that get less than this share of their usual work done.
const STOPPED: f64 = 0.1;

impl Stall {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            keys: settings.one_keys(10_000),
            workers: settings.most_threads(machine::cores()),
            parks: settings.pick(15, 60, 200),
            reps: settings.reps(1, 3, 5),
            sequences: vec![],
        }
    }
}

impl Comparison for Stall {
    fn name(&self) -> &'static str {
        "stall"
    }

    fn title(&self) -> &'static str {
        "What the others complete while one thread is parked"
    }

    fn about(&self) -> String {
        format!(
            "Half gets, half inserts that replace, of {} keys by zipf 0.99. One thread is stopped {} times by a signal, wherever it happens to be, for {} ms; {} others go on, and what they complete meanwhile is held against what they complete when nobody is parked.",
            short(self.keys),
            self.parks,
            PARKED.as_millis(),
            self.workers
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("parks in ascending order, %", Scale::Linear);
        let y = Axis::new("work of the others meanwhile, % of their usual", Scale::Linear);
        vec![Chart::lines("stall", "what the others complete while one is parked", x, y)]
    }

    fn notes(&self) -> Vec<String> {
        vec![format!(
            "Usual: of the same run, between the parks, when the thread that is parked takes its part of the processors; so the others may reach more than 100 %. They count as stopped below {:.0} %. A parked thread may hold back the memory of what is removed meanwhile; for {} ms that is not much.",
            STOPPED * 100.0,
            PARKED.as_millis()
        )]
    }

    fn obstacle(&self) -> Option<String> {
        park::obstacle().map(str::to_owned)
    }

    fn prepare(&mut self) {
        let threads = self.workers + 1;
        self.sequences = Sequence::for_threads(threads, self.keys, Distribution::Zipf, 50);
    }

    fn takes_part(&self, _: &str) -> bool {
        true
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        0.1 + self.parks as f64 * (PARKED + BETWEEN).as_secs_f64() * 1.2
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let (mut parks, longest) = subjects::with(subject, Trial(self));
        parks.sort_by(f64::total_cmp);
        let mut outcome = Outcome::default();
        let percent = |share: f64| share * 100.0;
        let mean = parks.iter().sum::<f64>() / parks.len() as f64;
        let stopped = parks.iter().filter(|share| **share < STOPPED).count();
        let mut row = |label, unit, better, value| {
            outcome.figure(RowName::new(label, unit, better), value);
        };
        row("work of the others, mean", "% of usual", Better::Higher, percent(mean));
        row("work of the others, worst park", "% of usual", Better::Higher, percent(parks[0]));
        let share = percent(stopped as f64 / parks.len() as f64);
        row("parks that stopped the others", "%", Better::Lower, share);
        row("longest wait of one of the others", "ms", Better::Lower, longest);
        for tenth in 0..=20 {
            let rank = (parks.len() - 1) * tenth / 20;
            outcome.point("stall", tenth as f64 * 5.0, percent(parks[rank]));
        }
        super::note_misses(&mut outcome);
        outcome
    }
}

struct Trial<'a>(&'a Stall);

/// Operations of one worker; a cache line pair of its own.
#[repr(align(128))]
#[derive(Default)]
struct Count(AtomicU64);

/// Of the threads, who only stops when all do.
struct Worker {
    /// The longest that a few operations took, in nanoseconds.
    longest: u64,
}

/// Operations between two counts.
const STEP: usize = 16;

impl Visit for Trial<'_> {
    /// For each park, the work of the others over their usual; and their longest wait, in milliseconds.
    type Output = (Vec<f64>, f64);

    fn visit<S: Subject>(self) -> Self::Output {
        let Stall { keys, workers, parks, ref sequences, .. } = *self.0;
        let subject: S = super::filled(keys, Some(super::LONG));
        let (stop, counts) =
            (AtomicBool::new(false), Vec::from_iter((0..workers).map(|_| Count::default())));
        let victim = park::Victim::new();
        let (parks, longest) = thread::scope(|scope| {
            let parked = scope.spawn(|| {
                victim.register();
                let mut accesses = 0;
                while !ended(&stop) {
                    super::loops::steps(&subject, &sequences[workers], accesses, STEP);
                    accesses += STEP as u64;
                }
            });
            let works: Vec<_> = (0..workers)
                .map(|worker| {
                    let (subject, sequence) = (&subject, &sequences[worker]);
                    let (count, stop) = (&counts[worker].0, &stop);
                    scope.spawn(move || work(subject, sequence, count, stop))
                })
                .collect();
            let ends = Raise(&stop);
            let parks =
                watch(&victim, parks, || counts.iter().map(|count| count.0.load(Relaxed)).sum());
            drop(ends);
            parked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let works = works.into_iter().map(|work| {
                work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).longest
            });
            (parks, works.max().unwrap_or(0))
        });
        super::check_len(&subject, keys);
        super::check_overwrites(&subject, keys);
        (parks, longest as f64 / 1e6)
    }
}

fn work<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    count: &AtomicU64,
    stop: &AtomicBool,
) -> Worker {
    let (mut accesses, mut longest) = (0, 0);
    let mut last = Instant::now();
    while !ended(stop) {
        super::loops::steps(subject, sequence, accesses, STEP);
        accesses += STEP as u64;
        count.store(accesses, Relaxed);
        let now = Instant::now();
        longest = longest.max((now - last).as_nanos() as u64);
        last = now;
    }
    Worker { longest }
}

/// Parks the victim again and again; the work of the others meanwhile, over their usual.
fn watch(victim: &park::Victim, parks: usize, work: impl Fn() -> u64) -> Vec<f64> {
    let mut random = Random::new(3);
    victim.wait_for();
    let rate = |time: Duration| {
        let (from, start) = (work(), Instant::now());
        thread::sleep(time);
        (work() - from) as f64 / start.elapsed().as_secs_f64()
    };
    // Warm by then.
    rate(Duration::from_millis(50));
    let (mut meanwhile, mut usual) = (vec![], vec![]);
    for _ in 0..parks {
        // Not in step with anything.
        usual.push(rate(BETWEEN + Duration::from_micros(random.below(1000) as u64)));
        victim.park(PARKED);
        thread::sleep(EDGE);
        meanwhile.push(rate(PARKED - 2 * EDGE));
        victim.wait_until_it_goes_on();
    }
    usual.sort_by(f64::total_cmp);
    let usual = usual[usual.len() / 2].max(1.0);
    meanwhile.into_iter().map(|rate| rate / usual).collect()
}
