//! The workloads, one a file, and what several of them do alike.

pub(crate) mod churn;
pub(crate) mod dump;
pub(crate) mod evictions;
pub(crate) mod expiry_lag;
pub(crate) mod growth;
pub(crate) mod hit_ratio;
pub(crate) mod latency;
mod loops;
pub(crate) mod mass_expiry;
mod mass_expiry_line;
pub(crate) mod max_memory;
pub(crate) mod memory;
pub(crate) mod seed;
pub(crate) mod size;
pub(crate) mod stall;
pub(crate) mod throughput;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::bench::compare::Outcome;
use crate::bench::keys::{Key, Sequence, Tally, shuffled, value};
use crate::bench::subjects::{Config, Subject};

/// A time-to-live that is long enough never to matter.
const LONG: Duration = Duration::from_secs(3600);

/// Builds a subject and fills it with the ids `0..keys`, in random order.
fn filled<S: Subject>(keys: usize, ttl: Option<Duration>) -> S {
    let subject = S::build(&Config::sized(keys, ttl.is_some()));
    for id in shuffled(keys) {
        subject.insert(Key::of(id).bytes(), &value(id), ttl);
    }
    check_len(&subject, keys);
    subject
}

/// Panics unless `subject` holds `entries`: then the figures mean nothing.
fn check_len<S: Subject>(subject: &S, entries: usize) {
    if S::STORES {
        let len = subject.len();
        assert_eq!(len, entries, "the subject lost or made up entries");
    }
}

/// Gets that missed a key while it was replaced.
static MISSES: AtomicU64 = AtomicU64::new(0);

/// Panics unless every get found its key, with the value that belongs to it; but for the misses of a subject of which they are known.
fn check_reads<S: Subject>(sequence: &Sequence, accesses: u64, got: Tally) {
    if !S::STORES {
        return;
    }
    let expected = sequence.expected(accesses);
    if S::REPLACES_ATOMICALLY {
        assert_eq!(got, expected, "gets missed, or read what was never written");
        return;
    }
    let missed = expected.hits.saturating_sub(got.hits);
    assert!(missed * 1000 <= expected.hits, "more than one get in a thousand missed");
    MISSES.fetch_add(missed, Relaxed);
}

/// Says so if gets missed.
fn note_misses(outcome: &mut Outcome) {
    let missed = MISSES.swap(0, Relaxed);
    if missed > 0 {
        outcome.note("scc-index: some gets missed a key that was there, while it was being replaced: fewer than one in a thousand, or it would have failed.");
    }
}
