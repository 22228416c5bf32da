//! Computes the cells, some at a time; a trace is loaded once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use crate::subjects::Subject;
use crate::trace::{Source, Trace};

/// A row: what all subjects missed of one trace at one size.
pub(crate) struct Row {
    pub(crate) trace: String,
    pub(crate) percent: f64,
    pub(crate) capacity: usize,
    pub(crate) requests: usize,
    pub(crate) unique: usize,
    /// In the order of the subjects.
    pub(crate) misses: Vec<u64>,
}

impl Row {
    pub(crate) fn ratio(&self, subject: usize) -> f64 {
        self.misses[subject] as f64 / self.requests as f64
    }
}

/// Below this a cell says more about rounding than about a policy.
const SMALLEST: usize = 10;

/// All rows, in the order of `sources` and `sizes`. Blocks until all is computed.
pub(crate) fn run(
    sources: &[Source],
    sizes: &[f64],
    subjects: &[Subject],
    threads: usize,
) -> Result<Vec<Row>, String> {
    let traces = load(sources, threads)?;
    let mut rows = Vec::new();
    for (source, trace) in sources.iter().zip(&traces) {
        for &percent in sizes {
            let capacity = (trace.unique as f64 * percent / 100.0).round() as usize;
            if capacity >= SMALLEST {
                let row = Row {
                    trace: source.name.clone(),
                    percent,
                    capacity,
                    requests: trace.ids.len(),
                    unique: trace.unique,
                    misses: Vec::new(),
                };
                rows.push((row, trace));
            }
        }
    }
    let mut jobs: Vec<_> = (0..rows.len() * subjects.len())
        .map(|job| (job / subjects.len(), job % subjects.len()))
        .collect();
    // The longest first, so that no thread is left alone with one at the end.
    jobs.sort_by_key(|&(row, _)| std::cmp::Reverse(rows[row].0.requests));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} cells, {eta} left");
    let bar =
        ProgressBar::new(jobs.len() as u64).with_style(style.map_err(|error| error.to_string())?);
    let counted = parallel(jobs.len(), threads, |job| {
        let (row, subject) = jobs[job];
        let misses = (subjects[subject].misses)(rows[row].1, rows[row].0.capacity);
        bar.inc(1);
        misses
    });
    bar.finish_and_clear();
    let mut misses = vec![vec![0; subjects.len()]; rows.len()];
    for (&(row, subject), counted) in jobs.iter().zip(counted) {
        misses[row][subject] = counted;
    }
    Ok(rows.into_iter().zip(misses).map(|((row, _), misses)| Row { misses, ..row }).collect())
}

fn load(sources: &[Source], threads: usize) -> Result<Vec<Trace>, String> {
    parallel(sources.len(), threads, |source| (sources[source].load)()).into_iter().collect()
}

/// `work(0)`, …, `work(count - 1)` by so many threads.
fn parallel<T: Send + Sync>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Vec<OnceLock<T>> = (0..count).map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // Relaxed: hands out numbers; the scope's end publishes the results.
                    let job = next.fetch_add(1, Relaxed);
                    let Some(result) = results.get(job) else { break };
                    let _ = result.set(work(job));
                }
            });
        }
    });
    results.into_iter().map(|result| result.into_inner().expect("every job was done")).collect()
}
