//! Epoch-based reclamation: a façade over crossbeam-epoch.
//!
//! A thread *pins* itself before it loads a pointer out of a shared structure, and whoever unlinks an object
//! *retires* it; the object is freed when every thread that was pinned at that moment has unpinned.
//!
//! What the façade adds to the crate, and why:
//!
//! - **A collector of our own** ([`real`]), so that a pin held by some other user of crossbeam's default
//!   collector does not hold back our memory. One for the process and not one per cache: finding a thread's
//!   handle per cache would cost more than a look-up.
//! - **Rings that anybody can empty** ([`ring`]). Crossbeam keeps up to 64 retired objects in a bag that only its own thread can reach;
//!   a thread that goes idle keeps them for ever, and what it does hand on is freed by whoever comes by, hundreds in one operation. So
//!   crossbeam is not given objects but a message: *what this thread had retired before its n-th is safe now*. The objects wait
//!   in a ring of their thread, which frees them itself, after unpinning, a few for each that it retires. What a thread
//!   leaves in its ring that has ended or come to rest is freed by [`collect`], and bit by bit by those that go on retiring.
//! - **Bytes, not objects**, say when a grace period begins, and [`retired_bytes`] says what waits.
//! - **Giving way**: a thread that was preempted while it was pinned lets the memory of all others pile up until it runs again. Who sees
//!   a thousand objects of its own pile up gives the processor away. It yields, it does not wait.
//!
//! Under `--cfg purekv_loom` this is a small model that frees nothing early and reports any use after its
//! object *could* have been freed ([`model`]); with `--cfg crossbeam_loom` besides, the real crate under loom.

use std::ptr::NonNull;

#[cfg(all(purekv_loom, crossbeam_loom))]
mod crossbeam;
#[cfg(all(purekv_loom, not(crossbeam_loom)))]
mod model;
#[cfg(not(purekv_loom))]
mod participant;
mod quietly;
#[cfg(not(purekv_loom))]
mod real;
#[cfg(any(not(purekv_loom), test))]
#[cfg_attr(purekv_loom, expect(dead_code, reason = "the models free nothing"))]
mod retired;
#[cfg(any(not(purekv_loom), test))]
#[cfg_attr(purekv_loom, expect(dead_code, reason = "the models know what is in it"))]
mod ring;

#[cfg(all(purekv_loom, crossbeam_loom))]
pub(crate) use crossbeam::*;
#[cfg(all(purekv_loom, not(crossbeam_loom)))]
pub(crate) use model::*;
pub(crate) use quietly::free_quietly;
#[cfg(not(purekv_loom))]
pub(crate) use real::*;

/// A heap object that can be retired.
///
/// # Safety
///
/// `free` must be sound from any thread, and `ptr` must stay valid until then.
pub(crate) unsafe trait Retire {
    /// Frees the object.
    ///
    /// # Safety
    ///
    /// `ptr` came from this type's own allocation, is freed once, and nobody can reach it any more.
    unsafe fn free(ptr: NonNull<Self>);
}
