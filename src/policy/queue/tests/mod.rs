//! The queue by itself: examples, models of its races, who stops in its midst, a stress test.

mod epochs;
#[cfg(not(purekv_loom))]
mod examples;
mod models;
#[cfg(all(feature = "failpoints", not(purekv_loom)))]
mod stopped;
#[cfg(not(purekv_loom))]
mod stress;

use std::num::NonZeroU64;

use super::Queue;
use crate::sync::epoch::pin;

fn push(queue: &Queue, word: u64) {
    queue.push(NonZeroU64::new(word).expect("a word is not 0"), &pin());
}

fn pop(queue: &Queue) -> Option<u64> {
    queue.pop(&pin()).map(NonZeroU64::get)
}
