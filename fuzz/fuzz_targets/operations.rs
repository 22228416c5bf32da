//! Operations on every implementation of `Kv`, compared with the naive model.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|scenario: common::op::Scenario| common::run::check_all(&scenario));
