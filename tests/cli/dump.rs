//! `purekv dump`, but for `convert`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{complaint, file, path, printed, purekv};

/// A dump for a test of this name.
fn dump(name: &str) -> PathBuf {
    let dump = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let store = purekv::Store::new();
    store.insert(b"session:7", b"alice\0\xff");
    store.insert("\u{43a}\u{43b}\u{44e}\u{447}".as_bytes(), b"");
    store.dump(&dump).expect("the target directory takes files");
    dump
}

#[test]
fn a_dump_is_inspected_verified_and_looked_up_in() {
    let dump = dump("cli.dump");
    let file = path(&dump);
    let output = purekv(&["dump", "inspect", file]);
    let described = printed(&output);
    for line in
        ["format version  1", "kind            store", "entries         2", "sections        1"]
    {
        assert!(described.lines().any(|own| own == line), "{line}: {described}");
    }
    let output = purekv(&["dump", "verify", file]);
    assert_eq!(printed(&output), format!("{file}: 2 entries, whole\n"));
    let output = purekv(&["dump", "get", file, "session:7"]);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"alice\0\xff");
    let output = purekv(&["dump", "get", file, "session:8"]);
    assert!(complaint(&output).contains("no such key"));
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cache-v1.dump");
    let output = purekv(&["dump", "inspect", path(&cache)]);
    assert!(printed(&output).contains("cache of alloc::string::String to "));
    let output = purekv(&["dump", "verify", path(&cache)]);
    assert!(printed(&output).contains("2 entries, whole"));
    let output = purekv(&["dump", "get", path(&cache), "seven"]);
    assert!(complaint(&output).contains("opened as a Store"));
}

#[test]
fn a_damaged_dump_is_one_line() {
    let dump = dump("damaged.dump");
    let mut bytes = fs::read(&dump).expect("it was written");
    bytes[70] ^= 1;
    let damaged = file("cli-damaged.dump", &bytes);
    let output = purekv(&["dump", "verify", path(&damaged)]);
    assert!(complaint(&output).contains("section at 64: checksum"), "{output:?}");
    let output = purekv(&["dump", "inspect", path(&file("no.dump", b"something else"))]);
    assert!(complaint(&output).contains("not a dump"));
}
