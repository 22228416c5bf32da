#!/bin/sh
# Instructions per operation, by callgrind: (I(N2) - I(N1)) / (N2 - N1), so that start-up and filling cancel out.
# The last column is the loop itself; `store-bound` and `cache-bound` have a capacity that all entries fit in, and insert-evict is
# an insertion into a full cache of each that can be bounded. Usage: benches/instructions.sh [--no-ttl] [SUBJECT...]
set -eu
cd "$(dirname "$0")/compare"

ttl=
if [ "${1:-}" = --no-ttl ]; then
    ttl=--no-ttl
    shift
fi
few=${FEW:-4000}
many=${MANY:-24000}
features=${FEATURES:-}

command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 1; }
cargo build --release --locked --quiet --features "$features"
program=${CARGO_TARGET_DIR:-target}/release/purekv-compare
[ $# -gt 0 ] || set -- $("$program" subjects)

# The total of one run.
count() {
    log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" single $ttl "$1" "$2" "$3" 2>&1) || {
        printf '%s\n' "$log" >&2
        return 1
    }
    printf '%s\n' "$log" | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

printf '| instructions per'
printf ' | %s' "$@"
printf ' |\n|---'
for subject in "$@"; do printf '|---:'; done
printf '|\n'
bounded=" $("$program" subjects --bounded | tr '\n' ' ')"
for operation in get-hit session-get-hit get-miss overwrite insert-remove insert-evict; do
    printf '| %s' "$operation"
    for subject in "$@"; do
        # Who cannot be bounded does not evict.
        case "$operation,$bounded" in
            insert-evict,*" $subject "*) ;;
            insert-evict,*) printf ' | –'; continue ;;
        esac
        low=$(count "$operation" "$subject" "$few")
        high=$(count "$operation" "$subject" "$many")
        printf ' | %d' $(((high - low) / (many - few)))
    done
    printf ' |\n'
done
