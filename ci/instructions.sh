#!/usr/bin/env bash
# No operation takes 3 % more instructions than benches/instructions.toml says; skipped without valgrind.
# Usage: ci/instructions.sh [--update] [--profiles DIR] [NAME...]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --locked --release --quiet --target-dir "${CARGO_TARGET_DIR:-target}" --manifest-path benches/instructions/Cargo.toml -- "$@"
