"""From the start of the process to ``ready``, and the memory of the idle server.

uv run python benchmarks/startup.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

import psutil

COMMAND = (sys.executable, "-m", "hayakuchi", "run", "--no-browser", "--port", "0")
SETTLE_S = 3.0


def start() -> tuple[float, float, float]:
    """Seconds to ready, MB of the server, MB of its children, both when it has been idle for a while."""
    environment = {**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    began = time.monotonic()
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        took = time.monotonic() - began
        if not line.startswith("ready"):
            raise SystemExit("the server did not start")
        time.sleep(SETTLE_S)
        process = psutil.Process(server.pid)
        memory = process.memory_info().rss / 1e6
        children = sum(child.memory_info().rss for child in process.children(recursive=True)) / 1e6
        server.terminate()
    return took, memory, children


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    start()  # the first run compiles what was not compiled yet
    runs = [start() for _ in range(given.runs)]
    for name, values in zip(("ready_s", "server_mb", "children_mb"), zip(*runs, strict=True), strict=True):
        print(f"{name:12} min {min(values):6.2f}  median {statistics.median(values):6.2f}  max {max(values):6.2f}")


if __name__ == "__main__":
    main()
