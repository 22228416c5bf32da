//! Operations on a bounded cache, compared with a naive model that is told what has left.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use common::bounded::{op::Case, run::check_case};

libfuzzer_sys::fuzz_target!(|case: Case| check_case(&case));
