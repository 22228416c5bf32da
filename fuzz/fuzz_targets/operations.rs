//! Operations on an implementation of `Kv`, compared with the naive model.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|case: common::op::Case| common::run::check_case(&case));
