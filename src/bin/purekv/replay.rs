//! `purekv replay`: stores side by side, under the requests of a trace or of a generated workload.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};
use purekv::replay::{
    self, Capacity, Options, ReplayError, Report, SizeTable, Subject, TtlChoice, ValueSize,
    Workload,
};

/// Replay requests against each store of this crate, and compare them side by side.
///
/// Each request is a get; a miss inserts the value (cache-aside). Requests the trace marks as set insert at once.
/// Without FILE a zipf workload is generated. With --capacity the cache and the store are bounded, and the table has a line for each FILE and
/// capacity: misses and requests per second.
#[derive(Args)]
pub(crate) struct Replay {
    /// Trace: text, or zstd-compressed text if its name ends in .zst. Its first line names the columns: key, and any
    /// of size, ttl, op, timestamp; each further line is one request.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Bounds, in entries, or in percent of the different keys, as in 0.1%,1%,10%
    #[arg(long, value_delimiter = ',', value_name = "ENTRIES|PERCENT%,…", visible_alias = "sizes")]
    capacity: Vec<Capacity>,
    /// Threads that replay [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Bytes of a value (at most 1 MiB), or "trace": as the trace says
    #[arg(long, default_value = "64", value_name = "BYTES")]
    value_size: ValueSize,
    /// Time-to-live of what is inserted: none, a duration, MIN..MAX (uniformly at random), or "trace": as the trace
    /// says, in seconds of this run [default: 50ms..2s, or none with --capacity]
    #[arg(long)]
    ttl: Option<TtlChoice>,
    /// Requests to replay [default: all of FILE, or 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    requests: Option<u32>,
    /// Keys of the generated workload
    #[arg(long, default_value = "100000", conflicts_with = "files", value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// Exponent of the generated workload: 0 is uniform, 0.99 usual
    #[arg(long, default_value = "0.99", conflicts_with = "files", value_name = "S", allow_negative_numbers = true, value_parser = exponent)]
    zipf: f64,
    /// Runs of each store, in turn; with more than one the table shows median (min–max)
    #[arg(long, default_value = "5", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Time one get and one insert in so many
    #[arg(long, default_value = "8", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: u32,
    /// Only these stores
    #[arg(long, value_delimiter = ',', value_name = "STORE,…", value_parser = stores())]
    only: Vec<String>,
    /// Seed of the generated workload and of the random TTLs
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn stores() -> PossibleValuesParser {
    PossibleValuesParser::new(replay::subjects().iter().map(Subject::name))
}

fn exponent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(exponent) if exponent.is_finite() && exponent >= 0.0 => Ok(exponent),
        _ => Err("expected a number from 0".to_owned()),
    }
}

impl Replay {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        let is_missing = self.files.len() > 1 && self.capacity.is_empty();
        is_missing.then_some("several traces make a table of sizes: give --capacity, too")
    }

    /// What is to be printed.
    pub(crate) fn run(self) -> Result<String, ReplayError> {
        let mut options = Options::default();
        options.threads = self.threads.map_or(options.threads, usize::from);
        options.value_size = self.value_size;
        options.ttl = match self.ttl {
            Some(ttl) => ttl,
            None if self.capacity.is_empty() => options.ttl,
            None => TtlChoice::None,
        };
        options.sample = self.sample as usize;
        options.seed = self.seed;
        if self.capacity.is_empty() {
            let workload = self.workload(self.files.first())?;
            let report = self.compare(replay::subjects(), &workload, &options)?;
            return Ok(match self.json {
                true => format!("{:#}\n", report.to_json()),
                false => report.to_string(),
            });
        }
        let mut table = SizeTable::new();
        for file in 0..self.files.len().max(1) {
            let workload = self.workload(self.files.get(file))?;
            for &size in &self.capacity {
                let entries = size.of(&workload);
                let subjects = replay::bounded_subjects(entries);
                table.add(size, entries, self.compare(subjects, &workload, &options)?);
            }
        }
        Ok(if self.json { format!("{:#}\n", table.to_json()) } else { table.to_string() })
    }

    fn compare(
        &self,
        mut subjects: Vec<Subject>,
        workload: &Workload,
        options: &Options,
    ) -> Result<Report, ReplayError> {
        if !self.only.is_empty() {
            subjects.retain(|subject| self.only.iter().any(|name| name == subject.name()));
        }
        let repeat = usize::from(self.repeat);
        let bar = progress_bar(workload, &subjects, repeat);
        let report = replay::compare(&subjects, workload, options, repeat, &|done| bar.inc(done));
        bar.finish_and_clear();
        report
    }

    fn workload(&self, file: Option<&PathBuf>) -> Result<Workload, ReplayError> {
        let limit = self.requests.map(|requests| requests as usize);
        match file {
            Some(file) => replay::read_trace(file, limit.unwrap_or(usize::MAX)),
            None => replay::zipf(limit.unwrap_or(1_000_000), self.keys, self.zipf, self.seed),
        }
    }
}

/// Over all runs, on standard error; it stays silent where that is no terminal.
fn progress_bar(workload: &Workload, subjects: &[Subject], repeat: usize) -> ProgressBar {
    let total = workload.requests().len() * subjects.len() * repeat;
    let bar = ProgressBar::new(total as u64);
    let template = "{wide_bar} {human_pos}/{human_len} requests, {eta} left";
    // A template that were not valid would leave the bar as it is.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        // Draws from a thread of its own; else the threads that are being measured would do it.
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}
