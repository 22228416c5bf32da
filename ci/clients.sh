#!/usr/bin/env bash
# What people have on their machines, with a server of ours: redis-cli, redis-benchmark, redis-py, ioredis, node-redis, the exporter for Prometheus. What is not there, and cannot be had, is
# skipped with a message.
set -euo pipefail
cd "$(dirname "$0")/.."
# As the tests have built it already.
cargo test --locked --all-features --test cli --no-run
folder="$(mktemp -d)"
server=
exporter=
finish() {
    [[ -z $exporter ]] || kill "$exporter" 2>/dev/null || true
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap finish EXIT
"${CARGO_TARGET_DIR:-target}/debug/purekv" serve --port 0 --bind 127.0.0.1 --log-level warn >"$folder/said" &
server=$!
for _ in {1..100}; do
    port="$(sed -n 's/.* serves at 127\.0\.0\.1:\([0-9]*\);.*/\1/p' "$folder/said")"
    [[ -z $port ]] || break
    sleep 0.1
done
[[ -n $port ]] || { echo "clients: the server does not start" >&2; exit 1; }

has() {
    command -v "$1" >/dev/null && return
    echo "clients: skipped, there is no $1"
    return 1
}
fail() {
    echo "clients: $1: $2" >&2
    exit 1
}
# A word that must be in what a command says.
says() {
    local word="$1" said
    shift
    said="$("$@" 2>&1)" || fail "$*" "$said"
    [[ $said == *"$word"* ]] || fail "$*" "no '$word' in: $said"
}

if has redis-cli; then
    cli=(redis-cli -p "$port")
    seq -f 'SET key:%g v' 1 5000 | "${cli[@]}" --pipe | grep -q 'errors: 0, replies: 5000' || fail redis-cli '--pipe'
    [[ "$("${cli[@]}" --scan --pattern 'key:49*' | wc -l)" == 111 ]] || fail redis-cli --scan
    says 'strings with 5000 bytes' "${cli[@]}" --bigkeys
    says '5000 strings with' "${cli[@]}" --memkeys
    says 'loading:0' "${cli[@]}" INFO
    says maxmemory "${cli[@]}" CONFIG GET '*'
    says '' "${cli[@]}" LATENCY LATEST
    says '' "${cli[@]}" SLOWLOG GET
    says OK "${cli[@]}" SELECT 0
    says OK "${cli[@]}" CLIENT SETINFO LIB-NAME here
    # Clients ask for it and go on without.
    says ERR "${cli[@]}" CLIENT MAINT_NOTIFICATIONS ON
    says purekv_version "${cli[@]}" -3 INFO server
    # These two go on until they are ended.
    stdbuf -oL timeout 2 "${cli[@]}" --stat >"$folder/stat" || true
    grep -q '^5000 ' "$folder/stat" || fail redis-cli --stat
    timeout 2 "${cli[@]}" --latency -i 1 --raw >"$folder/latency" || true
    [[ -s $folder/latency ]] || fail redis-cli --latency
    says OK "${cli[@]}" FLUSHALL
    echo "clients: redis-cli passed"
fi
if has redis-benchmark; then
    bench=(redis-benchmark -p "$port" -q -n 1000)
    for test in ping_inline ping_mbulk set get incr mset; do
        says 'requests per second' "${bench[@]}" -t "$test"
        says 'requests per second' "${bench[@]}" -P 16 -c 20 -t "$test"
    done
    # Of what there is not it says so, in Redis's words.
    for test in lpush rpush lpop rpop sadd hset spop zadd zpopmin lrange xadd; do
        said="$("${bench[@]}" -t "$test" 2>&1 || true)"
        [[ $said == *"ERR unknown command"* || -z ${said//[[:space:]]/} ]] || fail "redis-benchmark -t $test" "$said"
    done
    echo "clients: redis-benchmark passed"
fi

# An installation that fails, or takes long, is no failure of ours.
if has python3; then
    python=python3
    if ! python3 -c 'import redis.asyncio' 2>/dev/null; then
        python="$folder/venv/bin/python"
        timeout 20 python3 -m venv "$folder/venv" >/dev/null 2>&1 &&
            timeout 20 "$python" -m pip install --quiet --disable-pip-version-check redis >/dev/null 2>&1 || python=
    fi
    if [[ -n $python ]]; then
        timeout 60 "$python" tests/clients/with_redis_py.py "$port"
    else
        echo "clients: skipped, redis-py is not to be had"
    fi
fi
if has node && has npm; then
    if timeout 20 npm install --silent --no-audit --no-fund --prefix "$folder/node" ioredis redis >/dev/null 2>&1; then
        NODE_PATH="$folder/node/node_modules" timeout 60 node tests/clients/with_node.mjs "$port"
    else
        echo "clients: skipped, ioredis and node-redis are not to be had"
    fi
fi
if has prometheus-redis-exporter && has curl; then
    at=127.0.0.1:$((20000 + RANDOM % 10000))
    prometheus-redis-exporter -redis.addr "redis://127.0.0.1:$port" -web.listen-address "$at" >"$folder/exporter" 2>&1 &
    exporter=$!
    for _ in {1..50}; do
        curl --silent "http://$at/metrics" >"$folder/page" && break
        sleep 0.1
    done
    for word in 'redis_up 1' redis_connected_clients redis_memory_used_bytes redis_commands_processed_total redis_uptime_in_seconds 'redis_commands_total{cmd="get"}' redis_keyspace_hits_total redis_instance_info; do
        grep -q "^$word" "$folder/page" || fail prometheus-redis-exporter "no $word: $(grep -v '^#' "$folder/page" | head -n 40)"
    done
    ! grep -q 'redis_exporter_last_scrape_error{err="[^"]' "$folder/page" || fail prometheus-redis-exporter "$(grep last_scrape_error "$folder/page")"
    echo "clients: prometheus-redis-exporter passed"
fi
says '' kill -0 "$server"
