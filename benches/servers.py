#!/usr/bin/env python3
"""purekv's server beside redis-server, valkey-server and memcached, as far as they are there, under the same load in turns, as a table in Markdown.

    cargo build --release --features cli
    python3 benches/servers.py [--repeat 3] [--duration 2s] [--depths 1,16,64] [--rate 20000] [--into docs/benchmarks.md ...]

Starts the servers that there are on free ports of the loopback interface, and runs `purekv bench server` on all of them at once, for gets and for sets: at each depth of the
pipeline as fast as they answer, and at a rate that is given, where a request counts from the instant when it was due. With --into the table takes the place of what lies between `<!-- servers -->` and `<!-- servers: end -->` in that document.
"""

import argparse
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- servers -->", "<!-- servers: end -->"
FIGURES = [
    ("CPU-s a million ↓", "server_cpu_seconds_per_million", 1),
    ("1,000 a second ↑", "requests_per_second", 1e3),
    ("p50, ms ↓", "{}_p50_ns", 1e6),
    ("p99.9, ms ↓", "{}_p999_ns", 1e6),
    ("longest, ms ↓", "{}_max_ns", 1e6),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, port):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    sys.exit(f"it does not come up: {' '.join(command)}")


def commands(purekv, folder):
    """Name, command line and port of each server that there is."""
    for threads in (1, 2):
        port = free_port()
        yield f"purekv-{threads}", [purekv, "serve", "--port", str(port), "--threads", str(threads), "--log-level", "off"], port
    for name in ("redis", "valkey"):
        port = free_port()
        if shutil.which(f"{name}-server"):
            yield name, [f"{name}-server", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder], port
    port = free_port()
    if shutil.which("memcached"):
        yield "memcached", ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "2048"], port


def cell(figure, scale):
    if not figure:
        return "–"
    # Three digits that mean something, and no exponent.
    median, least, most = (f"{float(f'{figure[part] / scale:.3g}'):,g}" for part in ("median", "min", "max"))
    return f"{median} ({least}–{most})"


def measure(options, targets, command, pace, arguments):
    load = ["--command", command, *arguments, "--duration", options.duration, "--repeat", str(options.repeat)]
    call = [options.purekv, "bench", "server", *targets, *load, "--value-size", "64", "--keys", "1000000", "--json"]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    for target in json.loads(done.stdout)["targets"]:
        cells = [cell(target["figures"].get(key.format(command)), scale) for _, key, scale in FIGURES]
        yield f"| {command} | {pace} | {target['name']} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--duration", default="2s")
    parser.add_argument("--depths", default="1,16,64")
    parser.add_argument("--rate", type=int, default=20000, help="requests a second of the open loop; 0: none")
    parser.add_argument("--into", action="append", default=[])
    parser.add_argument("--purekv", default=str(ROOT / "target/release/purekv"))
    options = parser.parse_args()
    rows = [f"| command | depth, or rate | server | {' | '.join(name for name, _, _ in FIGURES)} |", "|---|---|---|" + "---:|" * len(FIGURES)]
    paces = [(depth, ["--pipeline", depth]) for depth in options.depths.split(",")]
    if options.rate:
        # As many of a connection may be under way as come while one is slow, so that it is the server that is late.
        paces.append((f"{options.rate:,} a second", ["--rate", str(options.rate), "--pipeline", "64"]))
    running = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            targets = []
            for name, command, port in commands(options.purekv, folder):
                running.append(start(command, port))
                targets += ["--target", f"{name}=127.0.0.1:{port}"]
            for command in ("get", "set"):
                for pace, arguments in paces:
                    rows += measure(options, targets, command, pace, arguments)
                    print(rows[-1], file=sys.stderr)
        finally:
            for process in running:
                process.terminate()
                process.wait()
    table = "\n".join(rows)
    if not options.into:
        print(table)
    for document in map(pathlib.Path, options.into):
        text = document.read_text()
        before, rest = text.split(BEGIN, 1)
        document.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END, 1)[1]}")


if __name__ == "__main__":
    main()
