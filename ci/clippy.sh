#!/usr/bin/env bash
# Lints, of the benchmarks and the fuzz targets too; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --locked --all-features --all-targets -- -D warnings
# Packages of their own. What they share with the crate is not built again: they use its target directory.
for package in benches/compare fuzz; do
    cargo clippy --locked --all-targets --target-dir target --manifest-path "$package/Cargo.toml" -- -D warnings
done
