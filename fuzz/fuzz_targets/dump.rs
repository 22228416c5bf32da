//! Dump files: any bytes, and good dumps with changes, with checksums that are right or not. Opened, looked up in, walked through and copied out of.
#![no_main]

libfuzzer_sys::fuzz_target!(|scenario: purekv::fuzzing::DumpScenario| scenario.check());
