//! The workloads, one a file, and what several of them do alike.

pub(crate) mod churn;
pub(crate) mod dump;
pub(crate) mod evictions;
pub(crate) mod expiry_lag;
pub(crate) mod growth;
pub(crate) mod hit_ratio;
pub(crate) mod instructions;
pub(crate) mod latency;
mod loops;
pub(crate) mod mass_expiry;
mod mass_expiry_line;
pub(crate) mod max_memory;
pub(crate) mod memory;
pub(crate) mod seed;
pub(crate) mod single;
pub(crate) mod size;
pub(crate) mod stall;
pub(crate) mod throughput;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::bench::compare::Outcome;
use crate::bench::keys::{Key, Sequence, Tally, digest, shuffled, value};
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

/// Panics unless the entry of `id` is there, and is what was written.
fn check_value<S: Subject>(subject: &S, id: u32) {
    let got = subject.get(Key::of(id).bytes(), digest);
    assert!(!S::STORES || got == Some(2 * u64::from(id)), "an entry is not what was written");
}

/// Keys that are written over by [`check_overwrites`].
const OVERWRITTEN: usize = 1000;

/// Panics unless an insert replaces what is there. The timed loops write what is there already, and could not tell.
fn check_overwrites<S: Subject>(subject: &S, keys: usize) {
    for id in 0..keys.min(OVERWRITTEN) as u32 {
        let key = Key::of(id);
        for new in [id + 1, id] {
            subject.insert(key.bytes(), &value(new), Some(LONG));
            let got = subject.get(key.bytes(), digest);
            let is_new = !S::STORES || got == Some(2 * u64::from(new));
            assert!(is_new, "an insert has not replaced what was there");
        }
    }
}

/// Panics unless a cache, which may hold any of these ids, has nearly all that it says it has, and what it has is what was written: one in a
/// hundred may come and go meanwhile.
fn check_held<S: Subject>(subject: &S, ids: impl Iterator<Item = u32>, key: impl Fn(u32) -> Key) {
    if !S::STORES {
        return;
    }
    let mut found = 0;
    for id in ids {
        if let Some(got) = subject.get(key(id).bytes(), digest) {
            assert_eq!(got, 2 * u64::from(id), "an entry is not what was written");
            found += 1;
        }
    }
    let len = subject.len();
    assert!(
        found + found / 100 + 1 >= len,
        "of {len} entries that it says it has {found} are found"
    );
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
    assert!(missed * 100 <= expected.hits, "more than one get in a hundred missed");
    MISSES.fetch_add(missed, Relaxed);
}

/// Says so if gets missed.
fn note_misses(outcome: &mut Outcome) {
    let missed = MISSES.swap(0, Relaxed);
    if missed > 0 {
        outcome.note("scc-index: some gets missed a key that was there, while it was being replaced: fewer than one in a hundred, or it would have failed.");
    }
}
