//! Caches on top of dump files with changes, with checksums that are right or not: whatever the file says, what was changed since is as it was changed.
#![no_main]

libfuzzer_sys::fuzz_target!(|scenario: purekv::fuzzing::WarmScenario| scenario.check());
