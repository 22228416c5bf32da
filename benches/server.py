#!/usr/bin/env python3
"""What a server's processor time, throughput and latency are, beside a redis-server under the same load, in one run.

    cargo build --release --features cli
    python3 benches/server.py [--reps 5] [--threads 2] [--depths 1,16,64]

redis-benchmark is the load: 50 connections over TCP loopback, 64-byte values, a million keys, at each depth of the pipeline. The servers take
turns, cell by cell. Processor time is the server's own, of all its threads, from /proc/PID/task/*/schedstat. Prints, for each cell, the median of the repetitions
and what they lie between. Linux; needs redis-server and redis-benchmark.
"""

import argparse
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
REQUESTS = {1: 200_000, 16: 1_000_000, 64: 2_000_000}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, command):
        self.name, self.port = name, free_port()
        command = [word.replace("PORT", str(self.port)) for word in command]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit(f"{name} does not come up: {command}")
                time.sleep(0.02)

    def cpu(self):
        """Seconds, of all threads that there are."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def load(self, test, depth, requests):
        """Processor time a million requests, requests a second, p50, p99.9 and longest in ms."""
        command = f"redis-benchmark -p {self.port} -t {test} -n {requests} -c 50 -d 64 -r 1000000 -P {depth}"
        before = self.cpu()
        out = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
        cost = (self.cpu() - before) / requests * 1e6
        rate = float(re.search(r"throughput summary: ([\d.]+)", out)[1])
        tail = next(float(ms) for share, ms in re.findall(r"([\d.]+)% <= ([\d.]+) milliseconds", out) if float(share) >= 99.9)
        row = re.search(r"avg +min +p50 +p95 +p99 +max\s+([\d. ]+)", out)[1].split()
        return cost, rate / 1e3, float(row[2]), tail, float(row[5])


def show(values):
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--threads", default="1,2", help="purekv's, a server for each")
    parser.add_argument("--depths", default="1,16,64")
    parser.add_argument("--purekv", default=str(ROOT / "target/release/purekv"))
    options = parser.parse_args()
    if not shutil.which("redis-benchmark"):
        sys.exit("there is no redis-benchmark")
    servers = [
        Server(f"purekv, threads {threads}", [options.purekv, "serve", "--port", "PORT", "--threads", threads, "--log-level", "off"])
        for threads in options.threads.split(",")
    ]
    if shutil.which("redis-server"):
        servers.append(Server("redis-server", ["redis-server", "--port", "PORT", "--save", "", "--appendonly", "no"]))
    cells = {}
    try:
        for server in servers:
            server.load("set", 64, 3_000_000)
        for _ in range(options.reps):
            for test in ["get", "set", "ping_mbulk"]:
                for depth in map(int, options.depths.split(",")):
                    for server in servers:
                        found = server.load(test, depth, REQUESTS.get(depth, 1_000_000))
                        cells.setdefault((test, depth, server.name), []).append(found)
    finally:
        for server in servers:
            server.process.kill()
    print(f"{os.cpu_count()} processors, {options.reps} repetitions: median (least-most)")
    print("| command | depth | server | CPU-s a million | 1,000/s | p50 ms | p99.9 ms | longest ms |")
    print("|---|---|---|---|---|---|---|---|")
    for (test, depth, name), found in cells.items():
        print(f"| {test} | {depth} | {name} | " + " | ".join(show(column) for column in zip(*found)) + " |")


if __name__ == "__main__":
    main()
