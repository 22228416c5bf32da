//! Connections of hostile bytes, several at once, and one that means well.
#![no_main]

#[path = "../../tests/server/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| hostile::check(input));
