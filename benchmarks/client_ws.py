"""How soon a frontend of Open-LLM-VTuber hears the first sound of a reply over ``WS /client-ws``, and whether all of it comes.

    uv run python benchmarks/client_ws.py                   a fast voice, a slow one, and 40 clients at a time
    uv run python benchmarks/client_ws.py --clients 40      one case

Processes on loopback: scripted models, ``hayakuchi run``, and clients that behave as their web client does: they play item
after item in real time with 20 ms between two of them, tell of each that begins, and when all was played.

    first_audio     from the message to the first item with sound, models included
    holes           how often a client that was not at the end had nothing to play, beyond those 20 ms
    lost            replies in which the sound of a letter is missing
    disordered      replies in which it comes after that of a later one
    texts_wrong     replies whose items do not add up to the text
    stolen          how much of the cores' time that this machine asked for its host gave to others
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import os
import random
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from hayakuchi.benchmarks.first_audio import CHARACTER, cpu_s, process
from hayakuchi.benchmarks.light_client import LightSocket, light_socket
from hayakuchi.benchmarks.peers.figures import percentile
from hayakuchi.benchmarks.script import replies

CONF = """\
character: ./bench.yaml
llm: {{openai_llm: {{base_url: "{models}/v1", model: scripted, warm_up: false}}}}
tts: {{openai_tts: {{base_url: "{models}/v1", model: scripted, voice: scripted, chunk_timeout: 5}}}}
gateway: {{max_sessions: 1000, shed_lag_ms: 60000, limits: {{requests_per_minute: 0, concurrent_turns: 0}}}}
sessions: {{file: ./store.sqlite3}}
cache: {{folder: ./phrases}}
"""
LEVEL = 8000
BETWEEN_S = 0.02
HEAD = 44
"""Bytes before the samples of a plain WAV file."""
LIMIT_S = 60.0


@dataclass(frozen=True)
class Case:
    """Times of the models in ms; ``turns`` of each client."""

    name: str
    clients: int
    turns: int
    first_token: float
    token: float
    first_byte: float
    rtf: float

    @property
    def options(self) -> list[str]:
        times = {"first-token": self.first_token, "token": self.token, "first-byte": self.first_byte, "rtf": self.rtf}
        return [part for name, value in times.items() for part in (f"--{name}", str(value))]


CASES = (
    Case("fast", 1, 24, 150, 15, 80, 0.05),
    Case("slow", 1, 24, 400, 30, 150, 0.5),
    Case("many", 40, 2, 150, 15, 80, 0.05),
)


@dataclass
class Turn:
    """Monotonic times in s. ``items``: when each came, its text, and its samples."""

    reply: str
    asked: float
    items: list[tuple[float, str, bytes]] = field(default_factory=list)
    errors: int = 0

    @property
    def first_audio_ms(self) -> float:
        return next(((at - self.asked) * 1000 for at, _, pcm in self.items if pcm), math.nan)

    def holes_ms(self, rate: int) -> list[float]:
        """How long there was nothing to play before an item, each time."""
        found: list[float] = []
        dry = math.inf
        for at, _, pcm in self.items:
            if not pcm:
                continue
            if at > dry + BETWEEN_S:
                found.append((at - dry - BETWEEN_S) * 1000)
            begins = at if dry == math.inf else max(at, dry + BETWEEN_S)
            dry = begins + len(pcm) / 2 / rate
        return found

    def problems(self) -> list[str]:
        """What is wrong with the sound and the words. A sample's loudness is the level and the place of its letter."""
        found: list[str] = []
        if "".join("".join(text for _, text, _ in self.items).split()) != "".join(self.reply.split()):
            found.append("texts_wrong")
        loudness = np.abs(np.frombuffer(b"".join(pcm for _, _, pcm in self.items), np.int16).astype(int))
        places = loudness[loudness >= LEVEL] - LEVEL
        if (np.diff(places) < 0).any():
            found.append("disordered")
        letters = {place for place, char in enumerate(self.reply) if char.isalnum()}
        if letters - set(places.tolist()):
            found.append("lost")
        return found


class Frontend:
    """One client, which asks for one reply after the other."""

    def __init__(self, url: str, number: int) -> None:
        self._url, self._number = f"{url.replace('http', 'ws', 1)}/client-ws", number
        self.turns: list[Turn] = []
        self.rate = 0

    async def run(self, turns: int, after_s: float) -> None:
        with closing(await light_socket(self._url)) as socket:
            for kind in ("fetch-backgrounds", "fetch-configs", "fetch-history-list", "create-new-history"):
                await socket.send(json.dumps({"type": kind}))
            while json.loads(await socket.recv()).get("text") != "start-mic":
                pass
            await asyncio.sleep(after_s)
            for count in range(turns):
                async with asyncio.timeout(LIMIT_S):
                    await self._turn(socket, count)

    async def _turn(self, socket: LightSocket, count: int) -> None:
        number = (self._number * 7 + count) % len(replies())
        reply = replies()[number]
        turn = Turn(reply.text, time.monotonic())
        self.turns.append(turn)
        await socket.send(json.dumps({"type": "text-input", "text": f"Question k{self._number}x{count} r{number}"}))
        queue: asyncio.Queue[tuple[dict[str, Any], int] | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._play(socket, queue))
            while True:
                message = json.loads(await socket.recv())
                if message["type"] == "audio":
                    queue.put_nowait((message["display_text"], self._keep(turn, message)))
                elif message["type"] == "error":
                    turn.errors += 1
                    print(message["message"], file=sys.stderr)
                elif message["type"] == "backend-synth-complete":
                    queue.put_nowait(None)
                elif message["type"] == "control" and message["text"] == "conversation-chain-end":
                    return

    def _keep(self, turn: Turn, message: dict[str, Any]) -> int:
        """How many samples there are in an item."""
        wav = base64.b64decode(message["audio"] or "")
        self.rate = int.from_bytes(wav[24:28], "little") or self.rate
        turn.items.append((time.monotonic(), message["display_text"]["text"], wav[HEAD:]))
        return len(wav[HEAD:]) // 2

    async def _play(self, socket: LightSocket, queue: asyncio.Queue[tuple[dict[str, Any], int] | None]) -> None:
        while (item := await queue.get()) is not None:
            shown, samples = item
            await socket.send(json.dumps({"type": "audio-play-start", "display_text": shown, "forwarded": True}))
            if samples:
                await asyncio.sleep(samples / self.rate)
            await asyncio.sleep(BETWEEN_S)
        await socket.send('{"type":"frontend-playback-complete"}')


async def _talk(url: str, case: Case) -> list[Frontend]:
    chance = random.Random(1)
    clients = [Frontend(url, number) for number in range(case.clients)]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run(case.turns, chance.random() * 0.2 if case.clients > 1 else 0.0))
    return clients


def wanted_s() -> tuple[float, float]:
    """CPU time that this machine has asked for since its start, and what of it its host gave to others (0 where unknown)."""
    times = psutil.cpu_times()
    stolen = getattr(times, "steal", 0.0)
    return sum(times) - times.idle - getattr(times, "iowait", 0.0), stolen


def run_case(case: Case, warm_up: int = 1) -> dict[str, Any]:
    """Run one case; times in ms."""
    here = Path(__file__).resolve().parent
    scripted = (sys.executable, str(here / "scripted_models.py"), "--level", str(LEVEL), *case.options)
    with process(*scripted) as (_, models), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "conf.yaml").write_text(CONF.format(models=models))
        (folder / "bench.yaml").write_text(CHARACTER)
        command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--port", "0", "--no-browser")
        with process(*command, folder=folder) as (server, url):
            asyncio.run(_talk(url, Case("warm-up", 1, warm_up, 0, 0, 0, 0)))
            before, began, taken = cpu_s(server), time.monotonic(), wanted_s()
            clients = asyncio.run(_talk(url, case))
            cores = (cpu_s(server) - before) / (time.monotonic() - began)
            wanted, stolen = (after - then for after, then in zip(wanted_s(), taken, strict=True))
    turns = [turn for client in clients for turn in client.turns]
    rate = clients[0].rate
    first = [turn.first_audio_ms for turn in turns]
    holes = [hole for turn in turns for hole in turn.holes_ms(rate)]
    problems = [problem for turn in turns for problem in turn.problems()]
    sounding = sum(bool(pcm) for turn in turns for _, _, pcm in turn.items)
    return {
        "case": case.name,
        "clients": case.clients,
        "turns": len(turns),
        **{f"first_audio_p{share}_ms": percentile(first, share / 100) for share in (50, 95, 100)},
        "errors": sum(turn.errors for turn in turns),
        **{name: problems.count(name) for name in ("lost", "disordered", "texts_wrong")},
        "items": sounding,
        "holes": len(holes),
        "longest_hole_ms": max(holes, default=0.0),
        "server_cores": cores,
        "load_of_the_machine": os.getloadavg()[0],
        "stolen": stolen / wanted,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=[case.name for case in CASES], action="append", help="only this one")
    parser.add_argument("--clients", type=int, help="so many at a time, with the fast voice; nothing else")
    parser.add_argument("--turns", type=int, help="replies that each client asks for")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    cases = [case for case in CASES if not given.case or case.name in given.case]
    if given.clients:
        cases = [Case(f"{given.clients} clients", given.clients, 2, 150, 15, 80, 0.05)]
    results = []
    for case in cases:
        turns = given.turns or case.turns
        results.append(run_case(Case(**{**vars(case), "turns": turns})))
    if given.json:
        print(json.dumps(results, indent=2))
        return
    for name in results[0]:
        values = (result[name] for result in results)
        print(f"{name:20}", *(f"{value:>10.2f}" if isinstance(value, float) else f"{value:>10}" for value in values))


if __name__ == "__main__":
    main()
