#!/usr/bin/env bash
# Unit tests, and the bodies of the models with real threads, under Miri; by hand, and not part of .ci/run, for it takes a quarter
# of an hour. `rustup component add --toolchain nightly miri rust-src` comes first. Arguments choose other tests.
#
# Tree borrows, because the lists of crossbeam-epoch are not made for stacked ones. Permissive provenance, because slots,
# directory cells and inheriting deadlines hold addresses as numbers. Participants of threads are kept for ever, so leaks are for ci/san.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
export MIRIFLAGS="-Zmiri-permissive-provenance -Zmiri-tree-borrows -Zmiri-disable-isolation -Zmiri-ignore-leaks"
if [[ $# -eq 0 ]]; then
    # Not the walks: a step in one reborrows a whole shard.
    set -- clock:: hash:: epoch::real table::control table::tags table::tests::models wheel::record wheel::tests::models engine:: loading:: \
        policy::queue::tests::models policy::queue::tests::examples::a_queue \
        --skip walk
fi
cargo +nightly miri test --locked --target-dir target/miri --lib -- "$@"
