"""Kill the server while turns are written, again and again: what is lost, and how soon a session goes on.

uv run python benchmarks/store_crash.py
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from crashing import crash_rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        findings = asyncio.run(crash_rounds(Path(folder), rounds))
    took = sorted(findings.resumed_ms)
    print(f"{findings.rounds} times killed, {findings.turns} turns acknowledged")
    print(f"lost {len(findings.lost)}, damaged {len(findings.damaged)}")
    for line in (*findings.lost, *findings.damaged):
        print(f"  {line}")
    p99 = took[max(math.ceil(0.99 * len(took)) - 1, 0)]
    print(f"a session goes on after: p50 {took[len(took) // 2]:.1f} ms, p99 {p99:.1f} ms, max {took[-1]:.1f} ms")
    sys.exit(bool(findings.lost or findings.damaged))


if __name__ == "__main__":
    main()
