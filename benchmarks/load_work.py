"""What a spoken turn and a stream of the API cost the server, in ms of its own CPU time, whatever else the machine does.

    uv run python benchmarks/load_work.py                    60 spoken turns, then 60 streams
    uv run python benchmarks/load_work.py --profile FOLDER   under cProfile: FOLDER/server.prof for pstats

A profile slows what it looks at: its figures are not to be compared with others. Compare two versions in turns, A B A B.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hayakuchi.benchmarks.first_audio import cpu_s
from hayakuchi.benchmarks.load import Stand, clients, finish, stand

AT_A_TIME = 60
TURNS = 1
STREAMS = 4
"""Of each client."""


@contextmanager
def counted(here: Stand, found: dict[str, float], kind: str, turns: int) -> Iterator[None]:
    """Put down what ``kind`` cost each time that it was done."""
    before = cpu_s(here.server)
    yield
    found[f"cpu_ms_per_{kind}"] = (cpu_s(here.server) - before) * 1000 / turns


def work(at_a_time: int, token_ms: float, profile: Path | None) -> dict[str, float]:
    """Spoken turns, then streams, each kind by itself."""
    found: dict[str, float] = {}
    with stand(2 * at_a_time + 10, token_ms, 60_000, profile) as here:
        finish(clients("sse", here.url, 1, 1, first=9500))
        with counted(here, found, "turn", at_a_time * TURNS):
            spoken = finish(clients("calm", here.url, at_a_time, TURNS))
        with counted(here, found, "stream", at_a_time * STREAMS):
            streamed = finish(clients("sse", here.url, at_a_time, STREAMS, first=10_000))
        log = here.log()
    tokens = sum(len(log[stream["key"]]["tokens"]) for stream in streamed) / max(len(streamed), 1)
    found["cpu_us_per_token"] = found["cpu_ms_per_stream"] * 1000 / tokens
    found["tokens_per_stream"] = tokens
    found["errors"] = sum(entry["errors"] for entry in (*spoken, *streamed))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-a-time", type=int, default=AT_A_TIME, help="sessions, and streams, at a time")
    parser.add_argument("--token", type=float, default=40, help="ms per token of the scripted model")
    parser.add_argument("--profile", type=Path, help="folder for the server's profile")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = work(given.at_a_time, given.token, given.profile)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:28} {value:>10.2f}")


if __name__ == "__main__":
    main()
