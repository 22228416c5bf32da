//! Random sequences of operations, on a manual clock, against the naive model.

mod common;
#[path = "support/operations.rs"]
mod operations;

use common::op::{Operation, Scenario};
use common::row::{LENGTH, row_keys};
use common::run::check;
use common::subject::{Bytes, Subject, Typed, for_each_subject};
use operations::{operation, span};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A clearing now and then: more often, and nothing would ever be old.
fn operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(prop_oneof![100 => operation(), 1 => Just(Operation::Clear)], 1..250)
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (option::weighted(0.3, span()), operations())
        .prop_map(|(default_ttl, operations)| Scenario { default_ttl, operations })
}

macro_rules! property {
    ($name:ident, $subject:ty, ()) => {
        proptest! {
            // A failure becomes a story in tests/regression.rs, not a file of seeds.
            #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
            #[test]
            fn $name(scenario in scenario()) {
                check::<$subject>(&scenario);
            }
        }
    };
}

for_each_subject! { property () }

#[test]
fn a_row_splits_shards() {
    let (store, _) = Bytes::fresh();
    let (cache, _) = Typed::fresh();
    row_keys(0, LENGTH).for_each(|key| store.insert(&key, b""));
    row_keys(1, LENGTH).for_each(|key| cache.insert(key.to_vec(), vec![]));
    let (store, cache) = (store.stats(), cache.stats());
    assert_eq!((store.entries, cache.entries), (LENGTH.into(), LENGTH.into()));
    assert!(store.shards > 4 && cache.shards > 4, "{} and {} shards", store.shards, cache.shards);
}
