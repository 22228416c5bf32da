#!/usr/bin/env bash
# Every test: units, conformance, models, corpora, layering, doctests.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --all-features
# What a program says of a compressed dump that cannot read one.
cargo test --locked --features dump --test dump old::
