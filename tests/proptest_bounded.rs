//! Random sequences of operations on a bounded cache, on a manual clock, against a naive model that is told what has left.

mod common;
#[path = "support/operations.rs"]
mod operations;

use common::bounded::op::{Capacity, Scenario, Step};
use common::bounded::run::check;
use common::bounded::subject::{Counted, OneHash, TwoHashes, Weighed};
use common::op::Operation;
use common::row::LENGTH;
use operations::{key, operation, span, value};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn capacity() -> impl Strategy<Value = Capacity> {
    any::<u8>().prop_map(Capacity)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => operation().prop_map(Step::Do),
        8 => (key(), value(), option::weighted(0.3, span()))
            .prop_map(|(key, value, ttl)| Step::TryInsert(key, value, ttl)),
        3 => capacity().prop_map(Step::SetMaxCapacity),
        1 => (0..4_u8, 0..=LENGTH, 0..40_u8)
            .prop_map(|(row, count, times)| Step::Churn { row, count, times }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(prop_oneof![100 => step(), 1 => Just(Step::Do(Operation::Clear))], 1..250)
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (option::weighted(0.3, span()), capacity(), any::<bool>(), steps()).prop_map(
        |(default_ttl, capacity, looks, steps)| Scenario { default_ttl, capacity, looks, steps },
    )
}

macro_rules! property {
    ($name:ident, $subject:ty) => {
        proptest! {
            // As in `proptest_model.rs`.
            #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
            #[test]
            fn $name(scenario in scenario()) {
                check::<$subject>(&scenario);
            }
        }
    };
}

property!(store, Counted);
property!(cache_with_weigher, Weighed);
property!(store_with_one_hash, OneHash);
property!(cache_with_two_hashes_and_weigher, TwoHashes);
