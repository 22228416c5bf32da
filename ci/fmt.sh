#!/usr/bin/env bash
# Formatting, of the fuzz targets too.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml
