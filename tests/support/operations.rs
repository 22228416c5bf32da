//! Operations at random, as strategies of proptest.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::common::op::{Decision, Due, Key, Lapse, Operation, Span, Value};
use crate::common::row::LENGTH;

pub(crate) fn key() -> impl Strategy<Value = Key> {
    any::<u8>().prop_map(Key)
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    any::<u8>().prop_map(Value)
}

pub(crate) fn span() -> impl Strategy<Value = Span> {
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

pub(crate) fn lapse() -> impl Strategy<Value = Lapse> {
    (any::<u8>(), 0..300_u16).prop_map(|(unit, count)| Lapse { unit, count })
}

pub(crate) fn due() -> impl Strategy<Value = Due> {
    prop_oneof![
        1 => Just(Due::Default),
        1 => Just(Due::Keep),
        4 => span().prop_map(Due::After),
        2 => Just(Due::Never),
        1 => Just(Due::LongAgo),
    ]
}

pub(crate) fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        value().prop_map(Decision::Put),
        (value(), span()).prop_map(|(value, ttl)| Decision::PutWithTtl(value, ttl)),
        value().prop_map(Decision::PutKeepTtl),
        Just(Decision::Keep),
        Just(Decision::Remove),
        any::<u8>().prop_map(Decision::Append),
        value().prop_map(Decision::Toggle),
        (value(), due()).prop_map(|(value, due)| Decision::PutFor(value, due)),
        due().prop_map(Decision::Retime),
    ]
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
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
