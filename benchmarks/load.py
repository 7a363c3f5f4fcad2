"""What many at a time cost: 200 streams of the API and 200 speaking sessions; three times too many; the end in mid-speech.

    uv run python benchmarks/load.py               200 SSE streams beside 200 stage sessions, half of them interrupted
    uv run python benchmarks/load.py --overload    three times as many viewers as there may be sessions
    uv run python benchmarks/load.py --drain       SIGTERM while 50 sessions speak

Processes on loopback: scripted models, ``hayakuchi run``, and clients. All read the same monotonic clock, and only what is not
the scripted models' own time counts; see ``first_audio.py``. For a stream it is (request sent → request at the model) +
(token left the model → token at the client). The load of the machine by others is printed with the results: it counts, too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from hayakuchi.benchmarks.first_audio import CHARACTER, Turn, added_ms, cpu_s, process
from hayakuchi.benchmarks.peers.figures import percentile

CONF = """\
character: ./bench.yaml
llm: {{openai_llm: {{base_url: "{models}/v1", model: scripted, warm_up: false}}}}
tts: {{openai_tts: {{base_url: "{models}/v1", model: scripted, voice: scripted, chunk_timeout: 5}}}}
gateway:
  max_sessions: {sessions}
  max_turns: 1000
  shed_lag_ms: {shed_ms}
  limits: {{requests_per_minute: 0, concurrent_turns: 0}}
sessions: {{file: ./store.sqlite3}}
cache: {{folder: ./phrases}}
"""
PER_PROCESS = 50
"""Clients in one process, so that it is not they who are measured."""
HERE = Path(__file__).resolve().parent


@dataclass
class Stand:
    """The server with its models, and what it costs."""

    server: psutil.Process
    url: str
    models: str
    folder: Path

    def log(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.models}/log", timeout=30) as answer:
            return json.load(answer)

    @property
    def memory_mb(self) -> float:
        return self.server.memory_info().rss / 1e6


@contextmanager
def stand(sessions: int, token_ms: float, shed_ms: float, profile: Path | None = None) -> Iterator[Stand]:
    scripted = (sys.executable, str(HERE / "scripted_models.py"), "--token", str(token_ms))
    with process(*scripted) as (_, models), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "conf.yaml").write_text(CONF.format(models=models, sessions=sessions, shed_ms=shed_ms))
        (folder / "bench.yaml").write_text(CHARACTER)
        profiler = () if profile is None else ("-m", "cProfile", "-o", str(profile.resolve() / "server.prof"))
        command = (
            sys.executable,
            *profiler,
            "-m",
            "hayakuchi",
            "run",
            "-c",
            "conf.yaml",
            "--port",
            "0",
            "--no-browser",
        )
        with process(*command, folder=folder) as (server, url):
            finish(clients("stage", url, 1, 1, first=9000))  # the first turn loads what is loaded when it is used
            yield Stand(server, url, models, folder)


@dataclass
class Clients:
    """A process of clients, and the file that it writes what it found to: more than a pipe holds."""

    process: subprocess.Popen[bytes]
    found: IO[bytes]


def clients(kind: str, url: str, count: int, turns: int, *, first: int = 0, seconds: float = 0) -> list[Clients]:
    """Processes with so many clients in all, numbered from ``first``."""
    running: list[Clients] = []
    for start in range(0, count, PER_PROCESS):
        found = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
        numbers = [str(one) for one in (first + start, min(PER_PROCESS, count - start), turns, seconds)]
        command = [sys.executable, str(HERE / "load_client.py"), kind, url, *numbers]
        running.append(Clients(subprocess.Popen(command, stdout=found), found))
    return running


def finish(running: Sequence[Clients]) -> list[dict[str, Any]]:
    """What they found. SystemExit when one of them broke."""
    if sum(client.process.wait() != 0 for client in running):
        raise SystemExit("a client broke")
    entries: list[dict[str, Any]] = []
    for client in running:
        with client.found as found:
            found.seek(0)
            entries += json.load(found)
    return entries


def side_by_side(sessions: int, streams: int, turns: int, token_ms: float) -> dict[str, float]:
    """Streams and speaking sessions at the same time."""
    with stand(2 * (sessions + streams) + 10, token_ms, 60_000) as here:
        before, began = cpu_s(here.server), time.monotonic()
        speaking = clients("stage", here.url, sessions, turns)
        # A stream takes a fraction of the time of a spoken turn; so many of them last as long.
        streaming = clients("sse", here.url, streams, turns * 4, first=10_000) if streams else []
        spoken, streamed = finish(speaking), finish(streaming)
        cores, memory = (cpu_s(here.server) - before) / (time.monotonic() - began), here.memory_mb
        log = here.log()
    added = [one["added"] for turn in spoken if (one := _added(turn, log)) is not None]
    first, later = _stream_delays(streamed, log)
    silence = [(turn["silent"] - turn["interrupted"]) * 1000 for turn in spoken if not math.isnan(turn["silent"])]
    return {
        "sessions": sessions,
        "streams": streams,
        "turns": len(spoken),
        "streamed": len(streamed),
        "errors": sum(entry["errors"] for entry in (*spoken, *streamed)),
        **_failed(streamed),
        **_spread("added", added),
        **_spread("stream_first_token", first),
        **_spread("stream_token", later),
        "interrupt_p99_ms": percentile(silence, 0.99),
        "server_cores": cores,
        "memory_mb": memory,
    }


def _added(turn: dict[str, Any], log: dict[str, Any]) -> dict[str, float] | None:
    return None if math.isnan(turn["first_audio"]) else added_ms(Turn(**turn), log[turn["key"]])


def _stream_delays(streamed: list[dict[str, Any]], log: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Added until the first token; and by which each token of streams that pass them on one by one was late."""
    first: list[float] = []
    later: list[float] = []
    for stream in streamed:
        if stream["errors"]:
            continue
        told = log[stream["key"]]
        if stream["tokens"] and told["tokens"]:
            to_model, to_client = told["llm_request"] - stream["asked"], stream["tokens"][0] - told["tokens"][0]
            first.append((to_model + to_client) * 1000)
        if len(stream["tokens"]) == len(told["tokens"]):
            later += [(came - left) * 1000 for came, left in zip(stream["tokens"], told["tokens"], strict=True)]
    return first, later


def _failed(streamed: list[dict[str, Any]]) -> dict[str, float]:
    """How many streams did not end as they should, by status; 0: there was no answer."""
    statuses = Counter(stream["status"] for stream in streamed if stream["errors"])
    return {f"streams_failed_with_{status}": count for status, count in sorted(statuses.items())}


def _spread(name: str, values: list[float]) -> dict[str, float]:
    return {f"{name}_p{share}_ms": percentile(values, share / 100) for share in (50, 95, 99)}


def overload(sessions: int, seconds: float, token_ms: float) -> dict[str, float]:
    """Three times as many viewers as there may be sessions, beside the figures of just as many as there may be."""
    turns = max(round(seconds / 16), 1)
    with stand(sessions + 1, token_ms, 60_000) as here:
        alone = finish(clients("stage", here.url, sessions // 2, turns, first=20_000))
        calm = [one["added"] for turn in alone if (one := _added(turn, here.log())) is not None]
    with stand(sessions + 1, token_ms, 60_000) as here:
        memory = here.memory_mb
        entries = finish(clients("crowd", here.url, 3 * sessions, turns, seconds=seconds))
        log, grown = here.log(), here.memory_mb - memory
    refused = [entry for entry in entries if "refused" in entry]
    spoken = [entry for entry in entries if "key" in entry]
    return {
        "max_sessions": sessions,
        "viewers": 3 * sessions,
        "refused": len(refused),
        "refused_otherwise": sum(entry["status"] != 503 for entry in refused),
        "errors": sum(turn["errors"] for turn in spoken),
        **_spread("refusal", [entry["refused"] * 1000 for entry in refused]),
        "turns": len(spoken),
        **_spread("added", [one["added"] for turn in spoken if (one := _added(turn, log)) is not None]),
        **_spread("added_without_crowd", calm),
        "grown_mb": grown,
    }


def drained(sessions: int, token_ms: float) -> dict[str, float]:
    """SIGTERM while all of them speak."""
    with stand(sessions + 1, token_ms, 60_000) as here:
        speaking = clients("speaking", here.url, sessions, 1)
        time.sleep(4)
        began = time.monotonic()
        here.server.send_signal(signal.SIGTERM)
        code = here.server.wait(60)
        took = time.monotonic() - began
        told = finish(speaking)
        kept = _kept(here.folder / "store.sqlite3")
    return {
        "sessions": sessions,
        "exit_code": math.nan if code is None else code,
        "seconds": took,
        "completed": sum(one["status"] == "completed" for one in told),
        "interrupted": sum(one["status"] == "interrupted" for one in told),
        "without_end": sum(one["status"] is None for one in told),
        "untold": sum(not one["told"] for one in told),
        "closed_otherwise": sum(one["code"] != 1001 for one in told),
        "lost": sum(one["reply"] not in kept.get(one["session"], []) for one in told if one["reply"]),
    }


def _kept(file: Path) -> dict[str, list[str]]:
    """What was said in each session, as it is in the file."""
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT s.name, m.content FROM messages m JOIN sessions s ON s.id = m.session")
        found: dict[str, list[str]] = {}
        for name, content in rows:
            found.setdefault(name, []).append(content)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, help="stage sessions: 200; with --overload, --drain: 50")
    parser.add_argument("--streams", type=int, default=200, help="SSE streams beside them")
    parser.add_argument("--turns", type=int, default=3, help="turns of each session")
    parser.add_argument("--token", type=float, default=40, help="ms per token of the scripted model")
    parser.add_argument("--seconds", type=float, default=60, help="how long three times too many come")
    parser.add_argument("--overload", action="store_true")
    parser.add_argument("--drain", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.overload:
        found = overload(given.sessions or 50, given.seconds, given.token)
    elif given.drain:
        found = drained(given.sessions or 50, given.token)
    else:
        found = side_by_side(given.sessions or 200, given.streams, given.turns, given.token)
    found["load_of_the_machine"] = os.getloadavg()[0]
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:28} {value:>10.2f}")


if __name__ == "__main__":
    main()
