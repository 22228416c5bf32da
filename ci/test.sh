#!/usr/bin/env bash
# Every test: units, conformance, models, corpora, layering, doctests.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --all-features
