#!/usr/bin/env bash
# The documentation builds, and no link in it is broken.
set -euo pipefail
cd "$(dirname "$0")/.."
RUSTDOCFLAGS="-D warnings" cargo doc --locked --all-features --no-deps
