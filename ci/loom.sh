#!/usr/bin/env bash
# The model checks: all of them on the small model of epochs, and a few on the real crossbeam-epoch.
# Each model sets how many preemptions it is explored with. Arguments go to the tests of the first run.
set -euo pipefail
cd "$(dirname "$0")/.."
# Other target folders: a cfg would rebuild everything back and forth.
RUSTFLAGS="--cfg purekv_loom" \
    cargo test --locked --release --target-dir target/loom --features dump,server --lib loom_ -- "$@"
# They are few and fast, so it is not worth a long build.
RUSTFLAGS="--cfg purekv_loom --cfg crossbeam_loom" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo test --locked --release --target-dir target/loom-crossbeam --lib loom_epoch_
