#!/usr/bin/env bash
# Weakens each atomic ordering of table, wheel, engine and loading, one at a time, and shows which loom model notices.
# See ci/ordering_mutants.py --help; a full run takes hours, `--only table/insert.rs` minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 ci/ordering_mutants.py "$@"
