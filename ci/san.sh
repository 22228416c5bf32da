#!/usr/bin/env bash
# The stress tests under AddressSanitizer, with its leak check, and under ThreadSanitizer.
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
run() {
    cargo +nightly test --locked --target "$target" --features failpoints "$@"
}

# Only code that is compiled here is instrumented; the standard library as it comes still allocates through ASan.
RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS="detect_leaks=1" run --target-dir target/san \
    --lib --test api --test conformance --test corpus --test linearizability

# ThreadSanitizer does not know fences. Crossbeam-epoch's build script sees the sanitizer and sets
# `crossbeam_sanitize_thread`, with which the crate does without them; table, wheel and engine have none.
# An instrumented standard library (-Zbuild-std, with the component rust-src; or the target
# x86_64-unknown-linux-gnutsan) would be better. Without one, what that library's locks and channels guard looks like a race:
# so the mutex baseline stays out, and ci/tsan.txt names the rest. Our own atomics are compiled here and seen.
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
export TSAN_OPTIONS="suppressions=$PWD/ci/tsan.txt"
run --target-dir target/tsan --lib --test api --test conformance -- --skip baseline
# The faulty stores of this test stand on the baseline.
run --target-dir target/tsan --test linearizability -- --skip baseline linearizable
