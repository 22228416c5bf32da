//! What the listener of a bounded cache was told. A listener belongs to one cache, this to all of the process: so there is only one
//! such cache at a time, and whoever makes it begins anew.
#![allow(clippy::disallowed_types, reason = "the counters are the test's own, not the crate's")]

use std::sync::atomic::{AtomicUsize, Ordering};

use purekv::RemovalCause;

use crate::values::check_tag;

const CAUSES: usize = RemovalCause::ALL.len();

static TOLD: [AtomicUsize; CAUSES] = [const { AtomicUsize::new(0) }; CAUSES];

/// A listener for a new cache.
pub(crate) fn begin() -> impl Fn(&Vec<u8>, &Vec<u8>, RemovalCause) + Send + Sync {
    // Relaxed, all: looked at when nothing moves.
    TOLD.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    |key, value, cause| {
        check_tag(key, value);
        TOLD[cause as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// How often, by cause.
pub(crate) fn told() -> [usize; CAUSES] {
    TOLD.each_ref().map(|count| count.load(Ordering::Relaxed))
}
