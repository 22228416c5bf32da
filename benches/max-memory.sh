#!/bin/sh
# A cache that is given 256 MiB: what the process takes, on mimalloc and on the system's allocator; in minutes.
# Usage: benches/max-memory.sh [OPTIONS OF purekv-compare max-memory, such as --only store --reps 3]
set -eu
cd "$(dirname "$0")/compare"

# The default last, so that it is what is left in the target directory.
for features in system ""; do
    cargo build --release --locked --quiet --features "$features"
    "${CARGO_TARGET_DIR:-target}/release/purekv-compare" max-memory "$@"
done
