//! The loops that several workloads time. Each is a function of its own, so that all subjects are compiled alike.

use std::sync::atomic::AtomicBool;

use crate::bench::keys::{Access, CHUNK, Sequence, Tally, digest, value};
use crate::bench::run::ended;
use crate::bench::subjects::{Session, Subject};

/// Keys of a batch.
pub(super) const BATCH: usize = 32;

/// Gets, with a pin and a look at the clock for each.
#[inline(never)]
pub(super) fn single<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        for &access in chunk {
            tally.add(subject.get(sequence.access(access).0.bytes(), digest));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

/// Gets, with one of each for [`CHUNK`] of them, where there is such a thing.
#[inline(never)]
pub(super) fn pinned<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        let session = subject.session();
        for &access in chunk {
            tally.add(session.get(sequence.access(access).0.bytes(), digest));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

/// Gets of [`BATCH`] keys at a time; one by one in a session where there is nothing better, which is what such a subject would do for its user.
#[inline(never)]
pub(super) fn batches<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        let session = subject.session();
        for batch in chunk.as_chunks::<BATCH>().0 {
            let keys = batch.each_ref().map(|access| sequence.access(*access).0.bytes());
            session.get_many(&keys, |_, value| tally.add(value.map(digest)));
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

/// Gets and inserts of keys that are there, as the sequence says, one by one.
#[inline(never)]
pub(super) fn mixed<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for chunk in sequence.chunks() {
        for &access in chunk {
            match sequence.access(access) {
                (key, Access::Get) => tally.add(subject.get(key.bytes(), digest)),
                (key, Access::Insert) => {
                    subject.insert(key.bytes(), &value(key.id), Some(super::LONG));
                }
            }
        }
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

/// `steps` operations of the sequence from the `first` on, as [`mixed`]; each get checks its value by itself.
#[inline(never)]
pub(super) fn steps<S: Subject>(subject: &S, sequence: &Sequence, first: u64, steps: usize) {
    for &access in sequence.part(first, steps) {
        match sequence.access(access) {
            (key, Access::Get) => {
                let got = subject.get(key.bytes(), digest);
                let wanted = 2 * u64::from(key.id);
                let is_right =
                    got.map_or(!S::STORES || !S::REPLACES_ATOMICALLY, |got| got == wanted);
                assert!(is_right, "a get missed, or read what was never written");
            }
            (key, Access::Insert) => {
                subject.insert(key.bytes(), &value(key.id), Some(super::LONG));
            }
        }
    }
}
