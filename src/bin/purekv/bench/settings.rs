//! What is asked of a run: how thorough, of whom, where.

use std::path::PathBuf;
use std::time::Duration;

use super::compare::Comparison;
use super::subjects;

/// How thorough a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Standard,
    Full,
}

impl Effort {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// What applies to every comparison. What one has no use for is ignored.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Two minutes: short cells, few sizes, few repetitions
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Hours: every size, many repetitions
    #[arg(long)]
    full: bool,
    /// Only these stores; `--list` has their names
    #[arg(long, value_delimiter = ',', value_name = "STORE,…", value_parser = subjects::parse)]
    pub(crate) subjects: Vec<&'static str>,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    threads: Vec<usize>,
    /// Numbers of keys
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    keys: Vec<usize>,
    /// Repetitions, interleaved: every store once, then every store again
    #[arg(long, value_name = "N")]
    reps: Option<usize>,
    /// Seconds of each measurement
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
    /// Traces for `hit-ratio`, as `purekv replay` reads them: a directory of *.csv and *.csv.zst
    #[arg(long, value_name = "DIR")]
    pub(crate) traces: Option<PathBuf>,
    /// A checkout of pure-kv, the Go original, to measure beside ours in `seed`; needs `go`
    #[arg(long, value_name = "DIR")]
    pub(crate) pure_kv: Option<PathBuf>,
}

impl Settings {
    /// The least that runs at all.
    #[cfg(test)]
    pub(crate) fn least() -> Self {
        Self {
            quick: true,
            threads: vec![2],
            keys: vec![3000],
            reps: Some(1),
            seconds: Some(0.01),
            ..Self::default()
        }
    }

    pub(crate) fn effort(&self) -> Effort {
        match (self.quick, self.full) {
            (true, _) => Effort::Quick,
            (_, true) => Effort::Full,
            _ => Effort::Standard,
        }
    }

    /// What goes with the effort.
    pub(crate) fn pick<T>(&self, quick: T, standard: T, full: T) -> T {
        match self.effort() {
            Effort::Quick => quick,
            Effort::Standard => standard,
            Effort::Full => full,
        }
    }

    /// Repetitions, unless they are given.
    pub(crate) fn reps(&self, quick: usize, standard: usize, full: usize) -> usize {
        self.reps.unwrap_or(self.pick(quick, standard, full)).max(1)
    }

    /// Time of a measurement in seconds, unless it is given.
    pub(crate) fn time(&self, quick: f64, standard: f64, full: f64) -> Duration {
        let seconds = self.seconds.unwrap_or(self.pick(quick, standard, full));
        Duration::from_secs_f64(seconds)
    }

    /// Numbers of threads, unless they are given.
    pub(crate) fn threads(&self, default: &[usize]) -> Vec<usize> {
        let threads = if self.threads.is_empty() { default } else { &self.threads };
        let mut threads: Vec<usize> = threads.iter().map(|n| (*n).clamp(1, 1024)).collect();
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// The last of them: who measures with one number only takes the most.
    pub(crate) fn most_threads(&self, default: usize) -> usize {
        self.threads(&[default]).last().copied().unwrap_or(default)
    }

    /// Numbers of keys, unless they are given.
    pub(crate) fn keys(&self, default: &[usize]) -> Vec<usize> {
        let keys = if self.keys.is_empty() { default } else { &self.keys };
        // The high bit of an index is taken, and a zipf distribution needs two keys.
        let mut keys: Vec<usize> = keys.iter().map(|keys| (*keys).clamp(2, 1 << 30)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The first of them, for who needs one.
    pub(crate) fn one_keys(&self, default: usize) -> usize {
        self.keys(&[default]).first().copied().unwrap_or(default)
    }

    /// The stores of repetition `rep`, of those that take part: each time another one begins, so that none always follows the same.
    pub(crate) fn turn(&self, rep: usize, comparison: &dyn Comparison) -> Vec<&'static str> {
        let asked = |name: &&str| match self.subjects.is_empty() {
            true => !subjects::WHERE_NAMED.contains(name) || comparison.also().contains(name),
            false => self.subjects.contains(name),
        };
        let asked = |name: &&str| comparison.takes_part(name) && asked(name);
        let mut names: Vec<&'static str> = subjects::NAMES.iter().copied().filter(asked).collect();
        names.extend(comparison.visitors());
        if !names.is_empty() {
            let begin = rep % names.len();
            names.rotate_left(begin);
        }
        names
    }

    /// As arguments of this program again.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![];
        let mut list = |flag: &str, values: Vec<String>| {
            if !values.is_empty() {
                arguments.extend([flag.to_owned(), values.join(",")]);
            }
        };
        let numbers = |values: &[usize]| values.iter().map(usize::to_string).collect();
        let one = |value: Option<String>| value.into_iter().collect();
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        list("--subjects", self.subjects.iter().map(|name| (*name).to_owned()).collect());
        list("--threads", numbers(&self.threads));
        list("--keys", numbers(&self.keys));
        list("--reps", one(self.reps.map(|reps| reps.to_string())));
        list("--seconds", one(self.seconds.map(|seconds| seconds.to_string())));
        list("--traces", one(path(&self.traces)));
        list("--pure-kv", one(path(&self.pure_kv)));
        arguments.extend(self.quick.then(|| "--quick".to_owned()));
        arguments.extend(self.full.then(|| "--full".to_owned()));
        arguments
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, from 0.01 to 3600".to_owned()),
    }
}

/// `1 thread`, `8 threads`.
pub(crate) fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
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
