#!/usr/bin/env bash
# Replaces a target's checked-in corpus by some of what a minute of fuzzing finds: fuzz/seeds.sh operations
set -euo pipefail
cd "$(dirname "$0")/.."
target="${1:?usage: fuzz/seeds.sh TARGET}"
found="fuzz/target/seeds/$target"
rm -rf "$found"
mkdir -p "$found"
# Long random inputs to start from: left alone, the fuzzer spends its first hours on short ones.
for seed in {1..32}; do
    head -c 1024 /dev/urandom >"$found/random-$seed"
done
cargo +nightly fuzz run "$target" "$found" -- -max_total_time=60 -max_len=1024 -len_control=0
rm -rf "fuzz/corpus/$target"
mkdir -p "fuzz/corpus/$target"
# The fuzzer keeps what reaches something new. Of that, the longest: they do the most.
find "$found" -type f -printf '%s %p\n' | sort -rn | head -n 40 | cut -d' ' -f2 |
    while read -r file; do cp "$file" "fuzz/corpus/$target/$(sha1sum <"$file" | cut -d" " -f1)"; done
