//! The stores that are compared, and the comparison.

use std::fmt;
use std::time::Duration;

use super::{Options, Outcome, ReplayError, Report, Workload, replay};
use crate::baseline::MutexCache;
use crate::{Cache, Kv, Store};

/// How often the mutex baseline collects what is due. Its default of a minute is longer than most replays.
const COLLECTOR: Duration = Duration::from_millis(100);

/// Every store this crate has, in the order of the report's columns.
pub fn subjects() -> Vec<Subject> {
    vec![
        Subject::new("cache", || Cache::<Vec<u8>, Vec<u8>>::builder().build()),
        Subject::new("store", || Store::builder().build()),
        baseline(),
    ]
}

/// As [`subjects`], the cache and the store holding `capacity` entries at most. The baseline has no bound.
pub fn bounded_subjects(capacity: u64) -> Vec<Subject> {
    vec![
        Subject::new("cache", move || {
            Cache::<Vec<u8>, Vec<u8>>::builder().max_capacity(capacity).build()
        }),
        Subject::new("store", move || Store::builder().max_capacity(capacity).build()),
        baseline(),
    ]
}

fn baseline() -> Subject {
    Subject::new("mutex", || MutexCache::builder().ttl_garbage_timeout(COLLECTOR).build())
}

type Run = dyn Fn(&Workload, &Options, &(dyn Fn(u64) + Sync)) -> Result<Outcome, ReplayError>;

/// A kind of store that workloads can be replayed against.
pub struct Subject {
    name: &'static str,
    run: Box<Run>,
}

impl Subject {
    /// A store called `name`; each run gets a new and empty one from `make`.
    pub fn new<S: Kv>(name: &'static str, make: impl Fn() -> S + 'static) -> Self {
        Self {
            name,
            run: Box::new(move |workload, options, progress| {
                replay(&make(), workload, options, progress)
            }),
        }
    }

    /// What the report calls it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One [`replay`] against a new store.
    ///
    /// # Errors
    ///
    /// As [`replay`].
    pub fn run(
        &self,
        workload: &Workload,
        options: &Options,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Outcome, ReplayError> {
        (self.run)(workload, options, progress)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Replays `workload` against each of `subjects`, `repeat` times (0 counts as 1), in turn: A B C A B C, so that
/// what disturbs the machine disturbs all of them. Blocks until all is done; `progress` as for [`replay`].
///
/// # Errors
///
/// That of the first [`replay`] that fails.
pub fn compare(
    subjects: &[Subject],
    workload: &Workload,
    options: &Options,
    repeat: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report, ReplayError> {
    let mut report = Report::new(workload, options, subjects.iter().map(Subject::name));
    for _ in 0..repeat.max(1) {
        for (column, subject) in subjects.iter().enumerate() {
            report.add(column, subject.run(workload, options, progress)?);
        }
    }
    Ok(report)
}
