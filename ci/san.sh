#!/usr/bin/env bash
# The stress tests under AddressSanitizer, with its leak check.
#
# Not under ThreadSanitizer. It does not know fences, and crossbeam-epoch's pin is one; with `--cfg
# crossbeam_sanitize_thread` the crate uses none, but then it still needs a standard library that is instrumented too
# (`-Zbuild-std`, from the component rust-src): TSAN_NOTE
set -euo pipefail
cd "$(dirname "$0")/.."
target=x86_64-unknown-linux-gnu
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "san: skipped, there is no nightly toolchain"
    exit 0
fi
if [[ "$(rustc -vV | sed -n 's/^host: //p')" != "$target" ]]; then
    echo "san: skipped, it is for $target"
    exit 0
fi
# Only code that Rust compiles here is instrumented; the standard library as it comes still allocates through ASan.
export RUSTFLAGS="-Zsanitizer=address"
export ASAN_OPTIONS="detect_leaks=1"
cargo +nightly test --locked --target "$target" --target-dir target/san --features failpoints \
    --lib --test api --test conformance --test corpus --test linearizability
