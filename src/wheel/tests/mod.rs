//! The wheel as a whole: examples, its naive twin, models of its races, a stress test.

#[cfg(not(purekv_loom))]
#[path = "../../../tests/support/corpus.rs"]
mod corpus;
mod epochs;
#[cfg(not(purekv_loom))]
mod examples;
mod models;
#[cfg(not(purekv_loom))]
mod property;
#[cfg(not(purekv_loom))]
mod stress;

use super::{Due, Tick, Wheel};
use crate::hash::Signature;
use crate::sync::epoch::pin;

fn signature(number: u64) -> Signature {
    Signature::from_bits(number)
}

fn push(wheel: &Wheel, number: u64, fire: Tick) {
    wheel.push(signature(number), fire, &pin());
}

/// Advances until nothing is left to do, in slices of `budget`; returns what fired.
fn advance(wheel: &Wheel, now: Tick, budget: usize) -> Vec<Due> {
    let mut fired = Vec::new();
    while !wheel.advance(now, budget, |_, due| fired.extend_from_slice(due)).finished {}
    fired
}

/// The numbers of what fired, in order.
#[cfg(not(purekv_loom))]
fn numbers(fired: &[Due]) -> Vec<u64> {
    let mut numbers: Vec<_> = fired.iter().map(|due| due.signature.bits()).collect();
    numbers.sort_unstable();
    numbers
}
