//! Replays what the fuzzer has found worth keeping, so that every `cargo test` has it, without a nightly compiler. The
//! wheel, which only the crate itself can reach, has the same in `src/wheel/tests/property.rs`.

mod common;
#[path = "support/corpus.rs"]
mod corpus;

use arbitrary::{Arbitrary, Unstructured};
use common::op::Case;
use common::run::check_all;

#[test]
fn operations() {
    corpus::replay("operations", |bytes| {
        // As the fuzz target decodes them; what it cannot decode it skips.
        if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(bytes)) {
            check_all(&case.scenario);
        }
    });
}
