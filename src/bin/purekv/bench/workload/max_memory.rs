//! A cache that is given so many bytes: what the process takes, while several times as much passes through it.
//!
//! For purekv's store the bound is of memory; the others' is of keys and values alone, so they show what that leaves out. On the
//! system's allocator: `--features system`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::child::{self, Outcome};
use crate::bench::keys::{Key, Random, value};
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName, Target};
use crate::bench::run::threads_to_end;
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// What `max-memory` takes; `--keys` is how many entries pass through.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// The bound, in MiB.
    #[arg(long, default_value_t = 256)]
    mebibytes: u64,
    /// Time-to-live in seconds; 0 for none.
    #[arg(long, default_value_t = 3600.0)]
    ttl: f64,
    /// The smallest value and the largest, in bytes; in between as many of each order of magnitude.
    #[arg(long, value_delimiter = ',', num_args = 2, default_values_t = [16, 4096])]
    values: Vec<usize>,
}

/// Keys, in bytes, evenly spread.
const KEYS: std::ops::RangeInclusive<usize> = 8..=64;
/// Between two looks at memory.
const LOOK: Duration = Duration::from_millis(5);
/// What an entry is thought to take, for those who want to know how many there will be.
const USUAL: u64 = 800;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = arguments.options.or_only(&["store", "moka", "quick_cache", "foyer"]);
    let keys = options.keys(&[10_000_000])[0];
    let threads = options.threads(&[2])[0];
    let row = |label: &str| match label {
        "speed" => RowName::new(label, "Mops/s", Better::Higher),
        "RSS, median" | "RSS, most" => {
            RowName::new(label, "% of the bound", Better::Lower).target(Target::AtMost(105.0))
        }
        _ => RowName::new(label, "% of the bound", Better::Lower),
    };
    let what = format!(
        "{} MiB; {} entries inserted by {threads} threads, TTL {} s, keys of {} to {} bytes, values of {} to {} bytes, evenly spread in their logarithm.",
        arguments.mebibytes,
        short(keys),
        arguments.ttl,
        KEYS.start(),
        KEYS.end(),
        arguments.values[0],
        arguments.values[1],
    );
    let pass = |subject| subjects::with(subject, Pass { arguments, keys, threads });
    let notes = [
        &what,
        "RSS: what the process has grown by, looked at every 5 ms, from when one and a half times the bound has passed. The rest: as it stood at the end of the traffic.",
    ];
    child::measure("max-memory", &options, subjects::bounds, pass, row, &notes)
}

struct Pass<'a> {
    arguments: &'a Arguments,
    keys: usize,
    threads: usize,
}

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
        let Arguments { mebibytes, ttl, ref values, .. } = *self.arguments;
        let bound = mebibytes << 20;
        let ttl = (ttl > 0.0).then(|| Duration::from_secs_f64(ttl));
        let (smallest, largest) = (values[0].max(16) as f64, values[1].max(16) as f64);
        let sizes = Sizes { smallest, logarithm: (largest / smallest).max(1.0).ln() };
        // Touched before the first look.
        let passed: Vec<AtomicU64> = (0..self.threads).map(|_| AtomicU64::new(0)).collect();
        alloc::start_counting();
        let (allocated, resident) = (alloc::live(), machine::rss());
        let entries = (bound / USUAL) as usize;
        let config = Config::bounded(Bound::Bytes(bound), entries, ttl.is_some());
        let subject = S::build(&Config { presized: false, ..config });
        let done = AtomicBool::new(false);
        let count = (self.keys / self.threads) as u64;
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
            let run = threads_to_end(self.threads, |thread| {
                let mut buffer = vec![0x5a; largest as usize];
                let mut key = [0x5a; 64];
                let mut bytes = 0;
                for index in 0..count {
                    let number = index * self.threads as u64 + thread as u64;
                    let (key_len, value_len) = sizes.of(number);
                    let key = write_key(&mut key, number, key_len);
                    let mark = value(number as u32);
                    buffer[..8].copy_from_slice(&mark[..8]);
                    subject.insert(key, &buffer[..value_len], ttl);
                    bytes += (key_len + value_len) as u64;
                    if index % 1024 == 0 {
                        passed[thread].store(bytes, Relaxed);
                        let id = |got: &[u8]| (got[..8] == mark[..8], got.len());
                        let got = subject.get(key, id);
                        assert!(got.is_none_or(|got| got == (true, value_len)), "a wrong value");
                    }
                }
            });
            done.store(true, Relaxed);
            let looks = looks.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (run, looks)
        });
        let mut outcome = Outcome { share: run.share, ..Outcome::default() };
        let percent = |bytes: f64| bytes / bound as f64 * 100.0;
        let mut grown: Vec<f64> =
            looks.iter().map(|rss| percent(*rss as f64 - resident as f64)).collect();
        grown.sort_by(f64::total_cmp);
        assert!(!grown.is_empty(), "less than the bound has passed");
        outcome.value("RSS, median", grown[grown.len() / 2]);
        outcome.value("RSS, most", grown[grown.len() - 1]);
        outcome.value("allocated", percent((alloc::live() - allocated) as f64));
        for (part, bytes) in subject.parts() {
            outcome.value(part, percent(bytes as f64));
        }
        let held = (0..count * self.threads as u64).filter_map(|number| {
            let ((key_len, _), mut key) = (sizes.of(number), [0x5a; 64]);
            let key = write_key(&mut key, number, key_len);
            subject.get(key, |got| key.len() + got.len())
        });
        outcome.value("keys and values", percent(held.sum::<usize>() as f64));
        outcome.value("speed", (count * self.threads as u64) as f64 / run.wall.as_secs_f64() / 1e6);
        outcome
    }
}
