#!/usr/bin/env bash
# The stress tests under ThreadSanitizer; by hand, and not part of .ci/run.
#
# Without an instrumented standard library (-Zbuild-std needs the component rust-src) whatever that library's locks, channels,
# Arcs and scoped threads order looks like a race. ci/tsan.txt names what we have seen of that, the mutex baseline and the
# linearizability test stay out, and still a report may be a false one: look at it, but it cannot hold up a change.
# What it does see is table, wheel and engine, whose atomics are compiled here and which have no fences; crossbeam-epoch's build
# script sees the sanitizer and sets `crossbeam_sanitize_thread`, with which that crate does without fences too.
set -euo pipefail
cd "$(dirname "$0")/.."
target=x86_64-unknown-linux-gnu
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
export TSAN_OPTIONS="suppressions=$PWD/ci/tsan.txt"
cargo +nightly test --locked --target "$target" --features failpoints --target-dir target/tsan \
    --lib --test api --test conformance -- --skip baseline
