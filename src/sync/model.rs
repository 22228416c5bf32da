//! The same names under loom, for `--cfg purekv_loom`.

pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// As the real one; loom's atomics must be made one by one.
pub(crate) fn zeroed_words(len: usize) -> Box<[AtomicU64]> {
    (0..len).map(|_| AtomicU64::new(0)).collect()
}

/// One stripe for all: a model wants its threads to meet.
pub(crate) fn thread_index() -> usize {
    0
}
