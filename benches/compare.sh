#!/bin/sh
# Builds and runs every workload, one after the other, and leaves a Markdown file and a JSON file of each.
# Usage: benches/compare.sh [--quick] [DIRECTORY] [-- OPTIONS FOR ALL, such as --only store,papaya]
# FEATURES=jemalloc measures on another allocator. --quick takes minutes and proves only that all of it runs.
set -eu
cd "$(dirname "$0")/compare"

quick=
if [ "${1:-}" = --quick ]; then
    quick=yes
    shift
fi
results=target/results
if [ $# -gt 0 ] && [ "$1" != -- ]; then
    results=$1
    shift
fi
if [ "${1:-}" = -- ]; then shift; fi
features=${FEATURES:-}

cargo build --release --locked --features "$features"
program=${CARGO_TARGET_DIR:-target}/release/purekv-compare
mkdir -p "$results"

# One workload, with its options for a quick run after `--quick`.
workload() {
    name=$1
    shift
    [ -n "$quick" ] || set --
    echo "== $name" >&2
    "$program" "$name" --json "$results/$name.json" "$@" $extra | tee "$results/$name.md"
}

extra="$*"
workload get --reps 2 --seconds 0.1 --keys 10000,200001
workload batch --reps 2 --seconds 0.1 --keys 200001
workload mixed --reps 2 --seconds 0.1 --keys 10000
workload latency --reps 2 --seconds 0.5
workload memory --reps 1 --keys 200000
workload growth --reps 1 --keys 400000
workload mass-expiry --reps 1 --due 100000 --lead 5
workload expiry-lag --reps 1 --keys 100000 --patience 5
workload churn --reps 1 --operations 2000000 --keys 10000
workload bounded-churn --reps 2 --seconds 0.1 --keys 10000
workload max-memory --reps 1 --mebibytes 16 --keys 100000
