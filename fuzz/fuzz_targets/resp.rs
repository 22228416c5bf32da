//! Any bytes as requests and as frames, at once and in pieces; what is decoded is encoded and decoded again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| purekv::fuzzing::resp_case(input));
