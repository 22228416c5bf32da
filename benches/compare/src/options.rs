//! The options that all workloads share.

use std::path::PathBuf;
use std::time::Duration;

use crate::subjects;

/// What to measure, how often, how long. What a workload has no use for is ignored.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Only these subjects, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = subjects::parse)]
    only: Vec<&'static str>,
    /// Numbers of threads, separated by commas.
    #[arg(long, value_delimiter = ',')]
    threads: Vec<usize>,
    /// Numbers of keys, separated by commas.
    #[arg(long, value_delimiter = ',')]
    keys: Vec<usize>,
    /// Repetitions, interleaved: every subject once, then every subject again.
    #[arg(long, default_value_t = 5)]
    pub(crate) reps: usize,
    /// Seconds per cell.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Also write the result here, as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Run this subject alone and print its figures as JSON: what a parent process asks for.
    #[arg(long, hide = true, value_parser = subjects::parse)]
    pub(crate) child: Option<&'static str>,
}

impl Options {
    /// The subjects to measure in repetition `rep`: each time another one begins, so that none always follows the same.
    pub(crate) fn subjects(&self, rep: usize, wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let asked = |name: &&str| match self.only.is_empty() {
            true => !subjects::WHERE_NAMED.contains(name),
            false => self.only.contains(name),
        };
        let asked = |name: &&str| asked(name) && wanted(name);
        let mut names: Vec<&'static str> = subjects::NAMES.iter().copied().filter(asked).collect();
        if !names.is_empty() {
            let begin = rep % names.len();
            names.rotate_left(begin);
        }
        names
    }

    /// With these subjects, where none were named.
    pub(crate) fn or_only(&self, names: &[&'static str]) -> Self {
        let mut options = self.clone();
        if options.only.is_empty() {
            options.only = names.to_vec();
        }
        options
    }

    pub(crate) fn threads(&self, default: &[usize]) -> Vec<usize> {
        let threads = if self.threads.is_empty() { default } else { &self.threads };
        threads.iter().map(|threads| (*threads).max(1)).collect()
    }

    pub(crate) fn keys(&self, default: &[usize]) -> Vec<usize> {
        let keys = if self.keys.is_empty() { default } else { &self.keys };
        // The high bit of an index is taken, and a zipf distribution needs two keys.
        keys.iter().map(|keys| (*keys).clamp(2, 1 << 30)).collect()
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.clamp(0.01, 3600.0))
    }
}

/// `10_000` as `10 k`, `2_000_000` as `2 M`.
pub(crate) fn short(count: usize) -> String {
    match count {
        count if count >= 1_000_000 && count % 100_000 == 0 => {
            format!("{} M", count as f64 / 1_000_000.0)
        }
        count if count >= 1000 && count % 100 == 0 => format!("{} k", count as f64 / 1000.0),
        count => count.to_string(),
    }
}
