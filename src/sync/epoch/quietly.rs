//! Destructors that panic.

use std::mem;
use std::panic::{self, AssertUnwindSafe};

/// Frees an object by `free`, which may run a destructor of the user's that panics.
///
/// The panic hook reports it; it goes no further. For the objects freed after this one are not to blame, and this thread
/// (the ticker of another cache, or one that is ending) need not have anything to do with that value.
pub(crate) fn free_quietly(free: impl FnOnce()) {
    if cfg!(purekv_loom) {
        // There it is a model that complains.
        return free();
    }
    let freed = panic::catch_unwind(AssertUnwindSafe(free));
    // What it was thrown with may panic in turn.
    freed
        .or_else(|payload| panic::catch_unwind(AssertUnwindSafe(|| drop(payload))))
        .unwrap_or_else(mem::forget);
}
