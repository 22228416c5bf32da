//! The real thing: `std`'s atomics, and its locks for the loads.

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};

pub(crate) use std::thread;

#[cfg(test)]
pub(crate) use track::Track;

use std::cell::Cell;

/// A zeroed, lazily committed array of atomic words: the pages of it that nobody writes cost no memory.
pub(crate) fn zeroed_words<const LEN: usize>() -> Box<[AtomicU64; LEN]> {
    // SAFETY: all-zero bytes are a valid AtomicU64.
    unsafe { Box::new_zeroed().assume_init() }
}

/// As [`zeroed_words`], for a number that is known when it runs.
#[cfg(feature = "dump")]
pub(crate) fn zeroed_slice(len: usize) -> Box<[AtomicU64]> {
    // SAFETY: all-zero bytes are a valid AtomicU64.
    unsafe { Box::new_zeroed_slice(len).assume_init() }
}

thread_local! {
    // Const and without a destructor: a plain load.
    static THREAD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// This thread's number: no other living thread has it, and it is used again when this one has ended, so that they stay small. From
/// when it is first pinned; until then, and once its thread-locals are gone, `usize::MAX`, which is everybody's.
#[inline]
pub(crate) fn thread_index() -> usize {
    THREAD.get()
}

/// For who gives out the numbers.
pub(super) fn set_thread_index(index: usize) {
    THREAD.set(index);
}

/// A cell that is entered through a closure only, so that loom sees each access and how long it lasts.
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Hands a pointer to the content to `read`, which must not write through it.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Hands a pointer to the content to `write`.
    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// Outside the model: runs `body` a hundred times or more, as a short stress test with real threads.
#[cfg(test)]
pub(crate) fn check(_preemption_bound: usize, body: impl Fn() + Sync + Send + 'static) {
    // An interpreter is a thousand times slower.
    const RUNS: usize = if cfg!(miri) {
        3
    } else if cfg!(debug_assertions) {
        100
    } else {
        300
    };
    for _ in 0..RUNS {
        body();
    }
}

#[cfg(test)]
mod track {
    /// Under loom: something that must have been dropped when an execution ends.
    pub(crate) struct Track<T>(#[allow(dead_code, reason = "loom's has content")] T);

    impl<T> Track<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(value)
        }
    }
}
