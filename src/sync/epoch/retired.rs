//! An object that waits for its end, without its type.

use std::mem;
use std::ptr::NonNull;

use super::{Retire, free_quietly};

/// What is known of an object after it was retired. Plain words: a copy that turns out to be out of date is thrown away unused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retired {
    pub(super) object: *mut (),
    /// A `Free`.
    pub(super) free: *mut (),
    /// What freeing it gives back.
    pub(super) bytes: usize,
}

type Free = unsafe fn(NonNull<()>);

impl Retired {
    #[inline]
    pub(super) fn new<T: Retire>(object: NonNull<T>, bytes: usize) -> Self {
        unsafe fn free<T: Retire>(object: NonNull<()>) {
            // SAFETY: `object` was a NonNull<T> in `new`; the rest is the caller's promise.
            unsafe { T::free(object.cast()) };
        }
        Self { object: object.as_ptr().cast(), free: free::<T> as Free as *mut (), bytes }
    }

    /// Runs the object's destructor and gives its memory back.
    ///
    /// # Safety
    ///
    /// It came from [`new`](Self::new), is freed once, and nobody can reach the object any more.
    unsafe fn free(self) {
        // SAFETY: `new` has made it from such a function.
        let free = unsafe { mem::transmute::<*mut (), Free>(self.free) };
        // SAFETY: `new` has made it from a NonNull.
        let object = unsafe { NonNull::new_unchecked(self.object) };
        // SAFETY: the caller's promise.
        unsafe { free(object) };
    }
}

/// Frees all of them, whatever their destructors do; how many bytes that gave back.
///
/// # Safety
///
/// As [`Retired::free`], for each.
pub(super) unsafe fn free_all(all: &[Retired]) -> usize {
    let mut bytes = 0;
    let mut done = 0;
    while done < all.len() {
        free_quietly(|| {
            for retired in &all[done..] {
                done += 1;
                bytes += retired.bytes;
                // SAFETY: the caller's promise; it is counted as done before, so it is freed once.
                unsafe { retired.free() };
            }
        });
    }
    bytes
}
