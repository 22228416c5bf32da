#!/usr/bin/env bash
# Lints; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --locked --all-features --all-targets -- -D warnings
