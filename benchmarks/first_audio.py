"""What Hayakuchi adds to the models' own time until the first audio reaches the listener.

    uv run python benchmarks/first_audio.py             one session, then 200 of which half are interrupted
    uv run python benchmarks/first_audio.py --json

Three processes on loopback: scripted models, ``hayakuchi run``, and this client. All read the same monotonic clock, so

    added = (message sent → request at the model) + (cut possible at the model → request at the voice)
          + (first audio left the voice → first audio at the client)

and nothing that the scripted models take themselves, late timers included, counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from hayakuchi.benchmarks.light_client import light_socket
from hayakuchi.benchmarks.peers.figures import added, percentile

CONF = """\
character: ./bench.yaml
llm: {{openai_llm: {{base_url: "{models}/v1", model: scripted, warm_up: false}}}}
tts: {{openai_tts: {{base_url: "{models}/v1", model: scripted, voice: scripted, chunk_timeout: 5}}}}
gateway: {{max_sessions: 1000, shed_lag_ms: 60000}}
cache: {{folder: ./phrases}}
"""
CHARACTER = "{name: Bench, persona: You answer., opening_line: Hello.}\n"
SAMPLE_RATE = 24000
SPREAD_S = 15.0
"""Conversations begin over this time: about as long as a turn takes, so that turns begin at any moment."""


@dataclass
class Turn:
    """Monotonic times in s."""

    key: str
    asked: float
    first_audio: float = math.nan
    interrupted: float = math.nan
    silent: float = math.nan
    errors: int = 0


class Speaker(Protocol):
    """A WebSocket."""

    async def send(self, message: str, /) -> None: ...
    async def recv(self) -> str | bytes: ...


class Client:
    """One viewer that holds the sound, plays in real time and reports every 100 ms."""

    def __init__(self, number: int, url: str, *, interrupts: bool, hasty: bool, random_: random.Random) -> None:
        self.number, self.url, self.interrupts, self.hasty, self.random = number, url, interrupts, hasty, random_
        self.turns: list[Turn] = []
        self._turn = 0
        self._end_ms = self._played_ms = 0.0

    async def run(self, turns: int, spread_s: float) -> None:
        await asyncio.sleep(self.random.random() * spread_s)
        address = f"{self.url.replace('http', 'ws', 1)}/stage/ws?session=bench{self.number}&sound=1"
        with closing(await light_socket(address)) as socket:
            await self.talk(socket, turns, rests=bool(spread_s))

    async def talk(self, socket: Speaker, turns: int, *, rests: bool = True) -> None:
        for count in range(turns):
            await self.one_turn(socket, f"k{self.number}x{count}")
            await asyncio.sleep(self.random.uniform(0.5, 3.0) if rests else 0.05)

    async def one_turn(self, socket: Speaker, key: str) -> None:
        turn = Turn(key, time.monotonic())
        self.turns.append(turn)
        self._end_ms = self._played_ms = 0.0
        stop_at = turn.asked + self.random.uniform(0.1, 3.0) if self.interrupts else math.inf
        report_at = math.inf
        await socket.send(json.dumps({"type": "input.text", "text": f"Question {key}"}))
        while True:
            wake_at = min(stop_at, report_at, turn.asked + 60)
            try:
                async with asyncio.timeout(max(wake_at - time.monotonic(), 0)):
                    message = await socket.recv()
            except TimeoutError:
                now = time.monotonic()
                if now >= stop_at:
                    stop_at, turn.interrupted = math.inf, now
                    await socket.send('{"type":"interrupt"}')
                elif now >= report_at:
                    report_at += 0.1
                    await self._report(socket, min(self._end_ms, self._played_ms + 100))
                elif now >= turn.asked + 60:
                    turn.errors += 1
                    return
                continue  # uvloop counts whole ms, and may be one early
            if isinstance(message, bytes):
                if math.isnan(turn.first_audio):
                    turn.first_audio = time.monotonic()
                    report_at = turn.first_audio + 0.1
                _, _, _, self._turn, position, samples = struct.unpack_from("<BBHIII", message)
                self._end_ms = (position + samples) * 1000 / SAMPLE_RATE
                if self.hasty:
                    await self._report(socket, self._end_ms)
                continue
            event = json.loads(message)
            if event["type"] in ("provider.failed", "error"):
                turn.errors += 1
            elif event["type"] == "turn.ended":
                if not math.isnan(turn.interrupted):
                    turn.silent = time.monotonic()
                return

    async def _report(self, socket: Speaker, played_ms: float) -> None:
        self._played_ms = played_ms
        await socket.send(json.dumps({"type": "playback", "turn": self._turn, "played_ms": played_ms}))


@contextmanager
def process(*command: str, folder: Path | None = None) -> Iterator[tuple[psutil.Process, str]]:
    """A child process and the last word of the first line it prints."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise SystemExit(f"{command} did not start")
        yield psutil.Process(child.pid), line.split()[-1]
    finally:
        child.terminate()
        child.wait(10)


def cpu_s(one: psutil.Process) -> float:
    times = one.cpu_times()
    return times.user + times.system


async def load(
    url: str, sessions: int, turns: int, *, interrupted: int = 0, hasty: bool = False, first: int = 0
) -> list[Turn]:
    """``sessions`` clients at a time, numbered from ``first``, of which so many interrupt their turns at random.

    ``hasty``: all of them play what they get in no time.
    """
    seed = random.Random(1)
    clients = [
        Client(first + number, url, interrupts=number < interrupted, hasty=hasty, random_=random.Random(seed.random()))
        for number in range(sessions)
    ]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run(turns, SPREAD_S if sessions > 1 else 0.0))
    return [turn for client in clients for turn in client.turns]


def added_ms(turn: Turn, log: dict[str, Any]) -> dict[str, float] | None:
    """What was added on the way to the model, between model and voice, from the voice to the client, and in all."""
    parts = added(turn.asked, turn.first_audio, log)
    if parts is None:
        return None
    return {
        "to_model": parts.to_model,
        "to_voice": parts.to_voice,
        "to_client": parts.to_listener,
        "added": parts.total,
    }


def run_case(sessions: int, turns: int, interrupted: int, options: list[str]) -> dict[str, float]:
    """Run one load and return what was measured; times in ms, memory in MB, CPU in cores."""
    here = Path(__file__).resolve().parent
    with (
        process(sys.executable, str(here / "scripted_models.py"), *options) as (scripted, models),
        tempfile.TemporaryDirectory() as temporary,
    ):
        folder = Path(temporary)
        (folder / "conf.yaml").write_text(CONF.format(models=models))
        (folder / "bench.yaml").write_text(CHARACTER)
        command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--port", "0", "--no-browser")
        with process(*command, folder=folder) as (server, url):
            asyncio.run(load(url, 1, 3, hasty=True, first=sessions))
            processes = {"server": server, "models": scripted, "client": psutil.Process()}
            before, began = {name: cpu_s(one) for name, one in processes.items()}, time.monotonic()
            done = asyncio.run(load(url, sessions, turns, interrupted=interrupted, hasty=sessions == 1))
            took = time.monotonic() - began
            cores = {f"{name}_cores": (cpu_s(one) - before[name]) / took for name, one in processes.items()}
            memory = server.memory_info().rss / 1e6
        with urllib.request.urlopen(f"{models}/log", timeout=10) as answer:
            log = json.load(answer)
    found = [added_ms(turn, log[turn.key]) for turn in done if not math.isnan(turn.first_audio)]
    measured = [one for one in found if one is not None]
    silence = [(turn.silent - turn.interrupted) * 1000 for turn in done if not math.isnan(turn.silent)]
    return {
        "sessions": sessions,
        "turns": len(done),
        "measured": len(measured),
        "errors": sum(turn.errors for turn in done),
        **{
            f"{part}_p{share}_ms": percentile([one[part] for one in measured], share / 100)
            for part in ("to_model", "to_voice", "to_client", "added")
            for share in (50, 95, 99)
        },
        "interrupt_p99_ms": percentile(silence, 0.99),
        "memory_mb": memory,
        **cores,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, help="only one case, with so many sessions")
    parser.add_argument("--turns", type=int, default=4, help="turns of each session (20 when there is one session)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    cases = [given.sessions] if given.sessions else [1, 200]
    results = []
    for sessions in cases:
        turns = 20 if sessions == 1 else given.turns
        results.append(run_case(sessions, turns, sessions // 2, []))
    if given.json:
        print(json.dumps(results, indent=2))
        return
    for name in results[0]:
        print(f"{name:18}", *(f"{result[name]:>10.2f}" for result in results))


if __name__ == "__main__":
    main()
