//! Everything that can have a column: a name, and how to count its misses.

use crate::peers;
use crate::policy::{self, Policy, belady};
use crate::trace::Trace;

type Misses = dyn Fn(&Trace, usize) -> u64 + Send + Sync;

/// One column.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) about: &'static str,
    /// Of a trace and a capacity, how many requests miss.
    pub(crate) misses: Box<Misses>,
}

impl Subject {
    /// A policy that `make` builds for so many different keys and such a capacity.
    pub(crate) fn policy<P: Policy>(
        name: impl Into<String>,
        about: &'static str,
        make: impl Fn(usize, usize) -> P + Send + Sync + 'static,
    ) -> Self {
        let misses = move |trace: &Trace, capacity| {
            let mut policy = make(trace.unique, capacity);
            trace.ids.iter().filter(|&&id| !policy.request(id)).count() as u64
        };
        Self { name: name.into(), about, misses: Box::new(misses) }
    }
}

/// What `--crates` chooses.
pub(crate) const CRATES: [&str; 10] = [
    "belady",
    "lru",
    "purekv-cache",
    "purekv-cache-8",
    "moka",
    "moka-8",
    "quick_cache",
    "quick_cache-8",
    "foyer-s3fifo",
    "foyer-s3fifo-8",
];

/// All of them, in the order of the columns.
fn all() -> Vec<Subject> {
    let mut subjects = vec![Subject {
        name: "belady".into(),
        about: "the optimum for caches that insert every miss",
        misses: Box::new(belady::misses),
    }];
    subjects.extend(policy::subjects());
    subjects.extend(peers::subjects());
    subjects
}

/// Those that `only` names; all if it is empty.
pub(crate) fn chosen(only: &[String]) -> Result<Vec<Subject>, String> {
    let mut subjects = all();
    subjects.retain(|subject| matches(only, &subject.name));
    match subjects.is_empty() {
        true => Err("no subject has such a name; --list shows them".into()),
        false => Ok(subjects),
    }
}

/// Whether `name` is among `patterns`, or they are none.
pub(crate) fn matches(patterns: &[String], name: &str) -> bool {
    patterns.is_empty()
        || patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}
