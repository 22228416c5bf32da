//! Atomics that models do not look at: numbers that are added up, or read as advice, and never order anything.
//!
//! Loom tries every value that a relaxed load may return, and a switch of threads at each. For a count of entries, a clock of the policy or a
//! ghost that is time lost: whatever it says is right. So these are `std`'s under loom, too; they always show the latest value.

pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
