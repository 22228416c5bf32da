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
//! - **Limbo lists that others can take.** Crossbeam keeps up to 64 retired objects in a bag that only its own
//!   thread can reach; a thread that goes idle keeps them for ever. Ours wait in a *limbo* that any thread may
//!   take over with one swap ([`collect`]).
//! - **Bytes, not objects**: a limbo is handed on when it holds [`real::LIMBO_BYTES`], and [`retired_bytes`] says
//!   what waits.
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
#[cfg(not(purekv_loom))]
mod real;
#[cfg(any(not(purekv_loom), test))]
mod retired;
#[cfg(any(not(purekv_loom), test))]
mod ring;

#[cfg(all(purekv_loom, crossbeam_loom))]
pub(crate) use crossbeam::*;
#[cfg(all(purekv_loom, not(crossbeam_loom)))]
pub(crate) use model::*;
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
