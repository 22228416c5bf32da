//! Replays what the fuzzer has found worth keeping, so that every `cargo test` has it, without a nightly compiler.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use common::op::Scenario;
use common::run::check_all;

/// Calls `replay` with the bytes of each file that `fuzz/corpus` has for a target.
fn replay_corpus(target: &str, replay: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let start = Instant::now();
    for (place, file) in files.iter().enumerate() {
        // A fuzzer at work here fills the folder with far more than is checked in.
        if start.elapsed() > Duration::from_secs(30) {
            println!("{target}: out of time after {place} of {} files", files.len());
            break;
        }
        println!("{}", file.display());
        replay(&std::fs::read(file).unwrap());
    }
}

#[test]
fn operations() {
    replay_corpus("operations", |bytes| {
        // As the fuzz target decodes them; what it cannot decode it skips.
        if let Ok(scenario) = Scenario::arbitrary_take_rest(Unstructured::new(bytes)) {
            check_all(&scenario);
        }
    });
}
