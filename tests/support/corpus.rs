//! The fuzzer's corpora, for `cargo test`; the crate's own tests include this file too.

use std::path::Path;
use std::time::{Duration, Instant};

/// Calls `check` with the bytes of each file that `fuzz/corpus` has for a target.
pub(crate) fn replay(target: &str, check: impl Fn(&[u8])) {
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
        check(&std::fs::read(file).unwrap());
    }
}
