//! The only door to atomics, threads and reclamation.
//!
//! Everything below `engine` imports its atomics from here, so that one cfg turns the real source into a
//! loom model: [`real`] is `std`, [`model`] is loom. Nothing outside this module may name
//! `std::sync::atomic`; `clippy.toml` and `tests/layering.rs` hold that.

pub(crate) mod epoch;
pub(crate) mod failpoint;
pub(crate) mod hint;
mod prefetch;

#[cfg(purekv_loom)]
mod model;
#[cfg(not(purekv_loom))]
mod real;

pub(crate) use prefetch::prefetch;

#[cfg(purekv_loom)]
pub(crate) use model::*;
#[cfg(not(purekv_loom))]
pub(crate) use real::*;
