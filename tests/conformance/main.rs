//! What each method of [`purekv::Kv`] promises, written once and run over every implementation.
//!
//! Time is a manual clock's and expiry is driven by hand, so nothing here waits, and "from its very instant" is meant
//! to the nanosecond.

#[path = "../common/mod.rs"]
mod common;

mod basics;
mod compute;
mod concurrent;
mod expiry;
mod instant;
mod iteration;

use std::time::{Duration, SystemTime};

pub(crate) use common::subject::{Subject, instantiate_tests, tests};
pub(crate) use purekv::{Clock, Computed, Expiration, Kv, Op, Ttl};

pub(crate) const NANOSECOND: Duration = Duration::from_nanos(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The key of a number.
pub(crate) fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

/// What is stored, sorted by key, each entry as often as it was visited.
pub(crate) fn contents(cache: &impl Kv) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut contents = Vec::new();
    cache.for_each(|key, value| contents.push((key.to_vec(), value.to_vec())));
    contents.sort();
    contents
}
