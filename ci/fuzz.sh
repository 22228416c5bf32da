#!/usr/bin/env bash
# Runs every fuzz target for the given number of seconds, one on each core: ci/fuzz.sh 60
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:?usage: ci/fuzz.sh SECONDS}"
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzz: skipped, there is no nightly toolchain"
    exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    # It only starts the compiler and the targets, so it is not worth a long build.
    cargo install cargo-fuzz --locked --debug
fi
# Built for a short run.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1
cargo +nightly fuzz build
fuzz() {
    # What is found goes into a folder of its own; the one that is checked in is only read.
    local found="fuzz/target/found/$1" log="fuzz/target/$1.log" failed=0
    mkdir -p "$found"
    cargo +nightly fuzz run "$1" "$found" "fuzz/corpus/$1" -- \
        -max_total_time="$seconds" -max_len=1024 -len_control=0 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 >"$log" 2>&1 || failed=1
    # In one piece, for another one is running.
    echo "-- $1"$'\n'"$(tail -n 100 "$log")"
    return $failed
}
export -f fuzz
export seconds
cargo +nightly fuzz list | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}'
