#!/usr/bin/env bash
# Nobody waits for a thread that stands still, at full length: 100,000 operations of each other thread, at every site.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --release --features failpoints --test stall --test races -- --nocapture
