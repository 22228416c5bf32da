//! The loops that several workloads time. Each is a function of its own, so that all subjects are compiled alike.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::bench::keys::{Access, CHUNK, Sequence, Tally, digest, value};
use crate::bench::run::{Run, ended, threads_for};
use crate::bench::subjects::{Session, Subject};

/// Keys of a batch.
pub(super) const BATCH: usize = 32;

/// What the loops have in common: chunk by chunk until all is to end; how many accesses that were, and what they read.
#[inline(always)]
fn until(
    stop: &AtomicBool,
    sequence: &Sequence,
    mut chunk: impl FnMut(&[u32], &mut Tally),
) -> (u64, Tally) {
    let (mut accesses, mut tally) = (0, Tally::default());
    for part in sequence.chunks() {
        chunk(part, &mut tally);
        accesses += CHUNK as u64;
        if ended(stop) {
            break;
        }
    }
    (accesses, tally)
}

/// Gets, with a pin and a look at the clock for each.
#[inline(never)]
pub(super) fn single<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    until(stop, sequence, |chunk, tally| {
        for &access in chunk {
            tally.add(subject.get(sequence.access(access).0.bytes(), digest));
        }
    })
}

/// Gets, with one of each for [`CHUNK`] of them, where there is such a thing.
#[inline(never)]
pub(super) fn pinned<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    until(stop, sequence, |chunk, tally| {
        let session = subject.session();
        for &access in chunk {
            tally.add(session.get(sequence.access(access).0.bytes(), digest));
        }
    })
}

/// Gets of [`BATCH`] keys at a time; one by one in a session where there is nothing better, which is what such a subject would do for its user.
#[inline(never)]
pub(super) fn batches<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    until(stop, sequence, |chunk, tally| {
        let session = subject.session();
        for batch in chunk.as_chunks::<BATCH>().0 {
            let keys = batch.each_ref().map(|access| sequence.access(*access).0.bytes());
            session.get_many(&keys, |_, value| tally.add(value.map(digest)));
        }
    })
}

/// Gets and inserts of keys that are there, as the sequence says, one by one.
#[inline(never)]
pub(super) fn mixed<S: Subject>(
    subject: &S,
    sequence: &Sequence,
    stop: &AtomicBool,
) -> (u64, Tally) {
    until(stop, sequence, |chunk, tally| {
        for &access in chunk {
            match sequence.access(access) {
                (key, Access::Get) => tally.add(subject.get(key.bytes(), digest)),
                (key, Access::Insert) => {
                    subject.insert(key.bytes(), &value(key.id), Some(super::LONG));
                }
            }
        }
    })
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

/// One of the loops above.
pub(super) type Loop<S> = fn(&S, &Sequence, &AtomicBool) -> (u64, Tally);

/// A loop in as many threads as there are sequences, for so long; then, with the clock stopped, what they read is checked. Accesses of each thread.
pub(super) fn checked<S: Subject>(
    body: Loop<S>,
    subject: &S,
    sequences: &[Sequence],
    time: Duration,
) -> Run<u64> {
    let run =
        threads_for(sequences.len(), time, |thread, stop| body(subject, &sequences[thread], stop));
    for (sequence, &(accesses, tally)) in sequences.iter().zip(&run.results) {
        super::check_reads::<S>(sequence, accesses, tally);
    }
    run.map(|(accesses, _)| accesses)
}
