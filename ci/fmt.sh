#!/usr/bin/env bash
# Formatting, of the benchmarks and the fuzz targets too.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml
cargo fmt --check --manifest-path benches/hitratio/Cargo.toml
cargo fmt --check --manifest-path benches/instructions/Cargo.toml
