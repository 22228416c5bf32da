//! Pushing, advancing and sweeping the timing wheel, compared with a map of deadlines.
#![no_main]

libfuzzer_sys::fuzz_target!(|scenario: purekv::fuzzing::WheelScenario| scenario.check());
