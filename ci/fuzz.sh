#!/usr/bin/env bash
# Runs every fuzz target for the given number of seconds: ci/fuzz.sh 60
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:?usage: ci/fuzz.sh SECONDS}"
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzz: skipped, there is no nightly toolchain"
    exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked
fi
for target in $(cargo +nightly fuzz list); do
    # What is found goes into a folder of its own; the one that is checked in is only read.
    found="fuzz/target/found/$target"
    mkdir -p "$found"
    cargo +nightly fuzz run "$target" "$found" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=1024 -len_control=0 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1
done
