//! Replays what the fuzzer has found worth keeping, so that every `cargo test` has it, without a nightly compiler. The
//! wheel, which only the crate itself can reach, has the same in `src/wheel/tests/property.rs`.

mod common;
#[path = "support/corpus.rs"]
mod corpus;

use arbitrary::{Arbitrary, Unstructured};
use common::{bounded, op, run};

#[test]
fn operations() {
    corpus::replay("operations", |bytes| {
        // As the fuzz target decodes them; what it cannot decode it skips.
        if let Ok(case) = op::Case::arbitrary_take_rest(Unstructured::new(bytes)) {
            run::check_all(&case.scenario);
        }
    });
}

#[test]
fn bounded() {
    corpus::replay("bounded", |bytes| {
        if let Ok(case) = bounded::op::Case::arbitrary_take_rest(Unstructured::new(bytes)) {
            bounded::run::check_all(&case.scenario);
        }
    });
}
