//! A cache that is given so many bytes: what the process takes, while several times as much passes through it.
//!
//! For purekv's store the bound is of memory; the others' is of keys and values alone, so they show what that leaves out.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, Random, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::run::{Raise, threads_to_end};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// Keys, in bytes, evenly spread.
const KEYS: std::ops::RangeInclusive<usize> = 8..=64;
/// Between two looks at memory.
const LOOK: Duration = Duration::from_millis(5);
/// What an entry is thought to take, for those who want to know how many there will be.
const USUAL: u64 = 800;

/// The smallest value and the largest, in bytes; in between as many of each order of magnitude.
const VALUES: [usize; 2] = [16, 4096];

/// `max-memory`.
pub(crate) struct MaxMemory {
    bound: u64,
    /// How many entries pass through.
    keys: usize,
    threads: usize,
    reps: usize,
}

impl MaxMemory {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            bound: settings.pick(32, 256, 256) << 20,
            keys: settings.pick(300_000, 3_000_000, 10_000_000),
            threads: settings.most_threads(machine::cores()),
            reps: settings.reps(1, 3, 5),
        }
    }
}

impl Comparison for MaxMemory {
    fn name(&self) -> &'static str {
        "max-memory"
    }

    fn title(&self) -> &'static str {
        "A cache that is given so many bytes: what the process takes"
    }

    fn about(&self) -> String {
        format!(
            "{} MiB; {} entries pass through by {} threads, keys of {} to {} bytes, values of {} to {}, evenly spread in their logarithm, with a time-to-live. The store's bound (`max_memory`) is of memory; that of the others is of keys and values alone, so they show what that leaves out.",
            self.bound >> 20,
            short(self.keys),
            self.threads,
            KEYS.start(),
            KEYS.end(),
            VALUES[0],
            VALUES[1]
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("", Scale::Steps);
        let x = x.named(0.0, "keys and values held").named(1.0, "resident, median");
        let x = x.named(2.0, "resident, most");
        let y = Axis::new("% of the bound", Scale::Linear);
        vec![Chart::bars("max-memory", "what the process takes of what it was given", x, y)]
    }

    fn notes(&self) -> Vec<String> {
        vec!["Resident: what the process has grown by, looked at every 5 ms, from when one and a half times the bound has passed. The rest: as it stood at the end of the traffic.".into()]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subjects::bounds(subject)
            && subject != "cache"
            && subject != "none"
            && !subject.ends_with("-bound")
    }

    fn also(&self) -> &[&'static str] {
        &["foyer"]
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        0.7 + self.keys as f64 * 2e-6
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        subjects::with(subject, Pass(self))
    }
}

struct Pass<'a>(&'a MaxMemory);

/// One entry: its key's length follows from its number, and its value's, too.
struct Sizes {
    smallest: f64,
    /// Of the largest value over the smallest.
    logarithm: f64,
}

impl Sizes {
    fn of(&self, number: u64) -> (usize, usize) {
        let mut random = Random::new(number ^ 0x0123_4567_89ab_cdef);
        let key = KEYS.start() + random.below(KEYS.end() - KEYS.start() + 1);
        let value = self.smallest * (random.unit() * self.logarithm).exp();
        (key, value as usize)
    }
}

/// As long as it is to be, and nobody else's.
fn write_key(buffer: &mut [u8; 64], number: u64, len: usize) -> &[u8] {
    let wide = Key::wide(number);
    buffer[..8].copy_from_slice(&wide.bytes()[..8]);
    &buffer[..len]
}

impl Visit for Pass<'_> {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        let MaxMemory { bound, keys, threads, .. } = *self.0;
        let ttl = Some(super::LONG);
        let [smallest, largest] = VALUES.map(|bytes| bytes as f64);
        let sizes = Sizes { smallest, logarithm: (largest / smallest).max(1.0).ln() };
        // Touched before the first look.
        let passed: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
        alloc::start_counting();
        let (allocated, resident) = (alloc::live(), machine::rss());
        let entries = (bound / USUAL) as usize;
        let config = Config::bounded(Bound::Bytes(bound), entries, ttl.is_some());
        let subject = S::build(&Config { presized: false, ..config });
        let done = AtomicBool::new(false);
        let count = (keys / threads) as u64;
        let (run, looks) = std::thread::scope(|scope| {
            let looks = scope.spawn(|| {
                let mut looks = Vec::with_capacity(1 << 16);
                while !done.load(Relaxed) {
                    std::thread::sleep(LOOK);
                    let passed: u64 = passed.iter().map(|bytes| bytes.load(Relaxed)).sum();
                    if passed > bound + bound / 2 {
                        looks.push(machine::rss());
                    }
                }
                looks
            });
            let ends = Raise(&done);
            let run = threads_to_end(threads, |thread| {
                let mut buffer = vec![0x5a; largest as usize];
                let mut key = [0x5a; 64];
                let mut bytes = 0;
                for index in 0..count {
                    let number = index * threads as u64 + thread as u64;
                    let (key_len, value_len) = sizes.of(number);
                    let key = write_key(&mut key, number, key_len);
                    let mark = value(number as u32);
                    buffer[..8].copy_from_slice(&mark[..8]);
                    subject.insert(key, &buffer[..value_len], ttl);
                    bytes += (key_len + value_len) as u64;
                    if index % 64 == 0 {
                        passed[thread].store(bytes, Relaxed);
                    }
                    if index % 1024 == 0 {
                        let id = |got: &[u8]| (got[..8] == mark[..8], got.len());
                        let got = subject.get(key, id);
                        assert!(got.is_none_or(|got| got == (true, value_len)), "a wrong value");
                    }
                }
            });
            drop(ends);
            let looks = looks.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (run, looks)
        });
        let mut outcome = Outcome::default();
        let percent = |bytes: f64| bytes / bound as f64 * 100.0;
        let mut grown: Vec<f64> =
            looks.iter().map(|rss| percent(*rss as f64 - resident as f64)).collect();
        grown.sort_by(f64::total_cmp);
        assert!(!grown.is_empty(), "less than the bound has passed");
        let mut row = |label: &str, better, x: Option<f64>, bytes: f64| {
            let row = RowName::new(label, "% of the bound", better);
            let row = x.into_iter().fold(row, |row, x| row.on("max-memory", x));
            outcome.sample(row, bytes, run.share);
        };
        row("resident, median", Better::Lower, Some(1.0), grown[grown.len() / 2]);
        row("resident, most", Better::Lower, Some(2.0), grown[grown.len() - 1]);
        row("allocated", Better::Lower, None, percent((alloc::live() - allocated) as f64));
        for (part, bytes) in subject.parts() {
            row(part, Better::Neither, None, percent(bytes as f64));
        }
        let (mut held, mut found) = (0, 0);
        for number in 0..count * threads as u64 {
            let ((key_len, _), mut key) = (sizes.of(number), [0x5a; 64]);
            let key = write_key(&mut key, number, key_len);
            if let Some(bytes) = subject.get(key, |got| key.len() + got.len()) {
                (held, found) = (held + bytes, found + 1);
            }
        }
        let len = subject.len();
        assert!(
            found + found / 100 + 1 >= len,
            "of {len} entries that it says it has {found} are found"
        );
        let held = percent(held as f64);
        assert!(held >= 25.0, "it holds {held:.0} % of what it may hold");
        row("keys and values held", Better::Higher, Some(0.0), held);
        let rate = (count * threads as u64) as f64 / run.wall.as_secs_f64() / 1e6;
        outcome.sample(RowName::new("speed", "Mops/s", Better::Higher), rate, run.share);
        outcome
    }
}
