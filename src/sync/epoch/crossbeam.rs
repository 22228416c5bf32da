//! The real crossbeam-epoch under loom (`--cfg purekv_loom --cfg crossbeam_loom`): slow, so only for a few models.

use std::ptr::NonNull;

use crossbeam_epoch::{Collector, LocalHandle};

use super::Retire;

loom::lazy_static! {
    static ref COLLECTOR: Collector = Collector::new();
}

loom::thread_local! {
    static HANDLE: LocalHandle = COLLECTOR.register();
}

#[derive(Debug)]
pub(crate) struct Guard(crossbeam_epoch::Guard);

pub(crate) fn pin() -> Guard {
    Guard(HANDLE.with(LocalHandle::pin))
}

impl Guard {
    /// # Safety
    ///
    /// As the real one.
    pub(crate) unsafe fn retire<T: Retire>(&self, object: NonNull<T>, _bytes: usize) {
        // SAFETY: nobody is left who can reach it when this runs, and it runs once.
        let free = move || unsafe { T::free(object) };
        // SAFETY: the caller promises that the object is unlinked and retired once; `Retire::free` may run on any thread.
        unsafe { self.0.defer_unchecked(free) };
        self.0.flush();
    }

    pub(crate) fn repin(&mut self) {
        self.0.repin();
    }
}

pub(crate) fn collect() {
    pin().0.flush();
}

pub(crate) fn collect_idle() {
    collect();
}

pub(crate) fn retired_bytes() -> usize {
    0
}

pub(crate) fn assert_live<T>(_object: NonNull<T>) {}

#[cfg(test)]
pub(crate) fn begin_execution() {}

#[cfg(test)]
pub(crate) fn end_execution() {}
