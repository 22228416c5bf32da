//! An embedded, lock-free cache.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod baseline;
mod cache;
mod clock;
mod engine;
mod hash;
mod histogram;
mod kv;
#[cfg(feature = "cli")]
pub mod replay;
mod sync;
mod table;
mod wheel;

pub use cache::{Builder, Cache, Expiry, Pinned, PinnedStore, Stats, Store};
pub use clock::{Clock, ManualClock};
pub use histogram::Histogram;
pub use kv::{Computed, Kv, Op, Ttl};
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub mod failpoint {
    //! Hooks for the stall and linearizability tests; no part of the API.
    pub use crate::sync::failpoint::{Unhook, set_hook};
}
