#!/usr/bin/env bash
# The stress tests under AddressSanitizer, with its leak check. ThreadSanitizer: see tsan.sh.
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
# Processes that are killed and values of a GiB have nothing to show to it, and take their time.
# Only code that is compiled here is instrumented; the standard library as it comes still allocates through ASan.
# The baseline has no unsafe code. Random cases are many elsewhere; here some of each do. Dump files and corpora have it in the fuzz targets.
RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS="detect_leaks=1" PROPTEST_CASES=32 \
    cargo +nightly test --locked --target "$target" --features failpoints,async,dump-zstd,server --target-dir target/san \
    --lib --test api --test bounded --test conformance --test linearizability --test loading \
    -- --skip kill:: --skip ::baseline::
