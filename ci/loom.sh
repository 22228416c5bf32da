#!/usr/bin/env bash
# The model checks. LOOM_MAX_PREEMPTIONS says how deep; 3 unless it is set. Arguments go to the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTFLAGS="--cfg purekv_loom"
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
# Another target folder: the cfg would rebuild everything back and forth.
cargo test --locked --release --target-dir target/loom --lib loom_ -- "$@"
