//! Random sequences of operations, on a manual clock, against the naive model.

mod common;

use common::op::{Decision, Key, Lapse, Operation, Scenario, Span, Value};
use common::row::{LENGTH, row_keys};
use common::run::check;
use common::subject::{Bytes, Subject, Typed, for_each_subject};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Key> {
    any::<u8>().prop_map(Key)
}

fn value() -> impl Strategy<Value = Value> {
    any::<u8>().prop_map(Value)
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        1 => Just(Span::Zero),
        2 => (1..5_u8).prop_map(Span::Nanos),
        2 => (1..3000_u16).prop_map(Span::Micros),
        6 => (1..300_u16).prop_map(Span::Millis),
        6 => (1..300_u16).prop_map(Span::Seconds),
        2 => (1..1000_u16).prop_map(Span::Days),
        1 => any::<u8>().prop_map(Span::Years),
        1 => Just(Span::Max),
    ]
}

fn lapse() -> impl Strategy<Value = Lapse> {
    (any::<u8>(), 0..300_u16).prop_map(|(unit, count)| Lapse { unit, count })
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        value().prop_map(Decision::Put),
        (value(), span()).prop_map(|(value, ttl)| Decision::PutWithTtl(value, ttl)),
        value().prop_map(Decision::PutKeepTtl),
        Just(Decision::Keep),
        Just(Decision::Remove),
        any::<u8>().prop_map(Decision::Append),
        value().prop_map(Decision::Toggle),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    prop_oneof![
        3 => (key(), value()).prop_map(|(key, value)| Insert(key, value)),
        6 => (key(), value(), span()).prop_map(|(key, value, ttl)| InsertWithTtl(key, value, ttl)),
        2 => (key(), value()).prop_map(|(key, value)| InsertIfAbsent(key, value)),
        3 => (key(), value(), span())
            .prop_map(|(key, value, ttl)| InsertIfAbsentWithTtl(key, value, ttl)),
        3 => key().prop_map(Get),
        1 => key().prop_map(Read),
        1 => vec(key(), 0..40).prop_map(GetMany),
        1 => key().prop_map(ContainsKey),
        3 => key().prop_map(Remove),
        6 => (key(), decision()).prop_map(|(key, decision)| Compute(key, decision)),
        2 => key().prop_map(Ttl),
        4 => (key(), span()).prop_map(|(key, ttl)| SetTtl(key, ttl)),
        2 => key().prop_map(Persist),
        1 => Just(Len),
        1 => Just(ForEach),
        1 => (0..8_u8).prop_map(Retain),
        4 => Just(Advance),
        8 => lapse().prop_map(Pass),
        1 => (0..4_u8, 0..=LENGTH, option::of(span()))
            .prop_map(|(row, count, ttl)| Fill { row, count, ttl }),
        1 => (0..4_u8, 0..=LENGTH).prop_map(|(row, count)| Drain { row, count }),
    ]
}

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
