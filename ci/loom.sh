#!/usr/bin/env bash
# The model checks: all of them on the small model of epochs, and a few on the real crossbeam-epoch.
# Each model sets how many preemptions it is explored with; `LOOM_MAX_PREEMPTIONS=4 ci/loom.sh loom_split` looks deeper, for hours if need be.
# Arguments go to the tests of the first run.
set -euo pipefail
cd "$(dirname "$0")/.."
# Other target folders: a cfg would rebuild everything back and forth.
RUSTFLAGS="--cfg purekv_loom" \
    cargo test --locked --profile loom --target-dir target/loom --features dump,server --lib loom_ -- "$@"
RUSTFLAGS="--cfg purekv_loom --cfg crossbeam_loom" \
    cargo test --locked --profile loom --target-dir target/loom-crossbeam --lib loom_epoch_
