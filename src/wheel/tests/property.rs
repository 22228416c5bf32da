//! The wheel against its naive twin: steps at random, and those that the fuzzer has found worth keeping.

use arbitrary::{Arbitrary, Unstructured};
use proptest::prelude::*;

use super::corpus::replay;
use crate::wheel::naive::{Distance, Scenario, Start, Step, Work};

fn distance() -> impl Strategy<Value = Distance> {
    (0..33_u8, any::<u32>()).prop_map(|(magnitude, part)| Distance { magnitude, part })
}

fn work() -> impl Strategy<Value = Work> {
    (0..200_u8, 0..9_u8).prop_map(|(budget, slices)| Work { budget, slices })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => distance().prop_map(Step::Push),
        4 => (0..130_u8).prop_map(Step::PushNear),
        1 => distance().prop_map(Step::PushLate),
        5 => (0..130_u8, work()).prop_map(|(ticks, work)| Step::AdvanceNear(ticks, work)),
        3 => (distance(), work()).prop_map(|(distance, work)| Step::Advance(distance, work)),
        1 => (2..9_u8, work()).prop_map(|(divisor, work)| Step::Sweep(divisor, work)),
    ]
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        Just(Start::Zero),
        any::<u64>().prop_map(Start::Anywhere),
        any::<u8>().prop_map(Start::BeforeTheTurn),
    ]
}

proptest! {
    // A failure becomes an example, not a file of seeds.
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn each_record_fires_at_the_first_advance_to_its_tick(
        start in start(),
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        Scenario { start, steps }.check();
    }
}

#[test]
fn corpus() {
    replay("wheel", |bytes| {
        // As the fuzz target decodes them; what it cannot decode it skips.
        if let Ok(scenario) = Scenario::arbitrary_take_rest(Unstructured::new(bytes)) {
            scenario.check();
        }
    });
}
