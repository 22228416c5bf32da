//! One story for each bug that was found, told step by step.
//!
//! And the races that were thought of before they were bugs: of loads, and of evictions.
//!
//! All of these are races, so the threads are led by the hand: one that is to be overtaken stops at a failpoint.

#[path = "races/evictions.rs"]
mod evictions;
#[path = "races/evictions_at_random.rs"]
mod evictions_at_random;
#[path = "races/evictions_by_combination.rs"]
mod evictions_by_combination;
#[cfg(feature = "dump")]
#[path = "support/folder.rs"]
mod folder;
#[path = "races/idle.rs"]
mod idle;
#[path = "races/loads.rs"]
mod loads;
#[path = "races/puppet.rs"]
mod puppet;
#[path = "support/random.rs"]
mod random;
#[path = "races/small.rs"]
mod small;
#[path = "races/timers.rs"]
mod timers;
#[path = "races/timers_at_random.rs"]
mod timers_at_random;
#[cfg(feature = "dump")]
#[path = "races/warm.rs"]
mod warm;
