//! The same names under loom, for `--cfg purekv_loom`.

pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

#[cfg(test)]
pub(crate) use loom::alloc::Track;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::thread;
/// Loom knows nothing of it: models fill theirs before they start a thread.
pub(crate) use std::sync::OnceLock;

/// As the real one; loom's atomics must be made one by one.
pub(crate) fn zeroed_words<const LEN: usize>() -> Box<[AtomicU64; LEN]> {
    Box::new(std::array::from_fn(|_| AtomicU64::new(0)))
}

/// As the real one.
#[cfg(feature = "dump")]
pub(crate) fn zeroed_slice(len: usize) -> Box<[AtomicU64]> {
    (0..len).map(|_| AtomicU64::new(0)).collect()
}

/// Everybody's: a model wants its threads to meet.
pub(crate) fn thread_index() -> usize {
    usize::MAX
}

/// Runs `body` under every schedule that has at most `preemption_bound` preemptions, each execution with a fresh model
/// of reclamation.
///
/// `body` joins the threads it spawns and leaves nothing pinned.
#[cfg(test)]
pub(crate) fn check(preemption_bound: usize, body: impl Fn() + Sync + Send + 'static) {
    use crate::sync::epoch;

    let mut builder = loom::model::Builder::new();
    // LOOM_MAX_PREEMPTIONS asks for a deeper look.
    builder.preemption_bound = builder.preemption_bound.max(Some(preemption_bound));
    builder.max_branches = 10_000;
    builder.check(move || {
        epoch::begin_execution();
        body();
        epoch::end_execution();
    });
}
