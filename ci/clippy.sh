#!/usr/bin/env bash
# Lints, of the benchmarks and the fuzz targets too; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --locked --all-features --all-targets -- -D warnings
# Packages of their own. What they share with the crate is not checked twice: they use its target directory.
alone() {
    cargo clippy --locked --all-targets --target-dir target --manifest-path "$1/Cargo.toml" "${@:2}" -- -D warnings
}
alone benches/hitratio
alone benches/instructions
# As `cargo fuzz` compiles them, for the door that is open to them alone.
# Nothing is linked here, so libFuzzer need not be compiled.
RUSTFLAGS="--cfg fuzzing" CUSTOM_LIBFUZZER_PATH=/dev/null alone fuzz
