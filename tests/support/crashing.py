"""Kills a server while its viewers talk, again and again, and looks for what was told to be over and is gone.

``rounds`` is for tests and for ``benchmarks/store_crash.py`` alike.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from serving import Viewer, viewing
from websockets.exceptions import ConnectionClosed, InvalidMessage

SUPPORT = Path(__file__).parent
START_S = 30.0


@dataclass(slots=True)
class Findings:
    """``acknowledged``: what was said, by session, in turns whose end was told."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    resumed_ms: list[float] = field(default_factory=list)
    """From the request for the snapshot of a session until it is there, with its history, in a server that was started anew."""
    rounds: int = 0

    @property
    def turns(self) -> int:
        return sum(map(len, self.acknowledged.values()))


async def crash_rounds(folder: Path, rounds: int, sessions: int = 4, seed: int = 1) -> Findings:
    """Start a server, have viewers talk, kill it at a random moment, look at the file; ``rounds`` times, and once more."""
    random_, findings = random.Random(seed), Findings({f"s{number}": [] for number in range(sessions)})
    for _ in range(rounds):
        process, url = await _started(folder)
        async with asyncio.TaskGroup() as group:
            for name in findings.acknowledged:
                group.create_task(_talk(url, name, findings))
            await asyncio.sleep(random_.uniform(0.05, 0.6))
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        findings.rounds += 1
        _look(folder, findings)
    process, url = await _started(folder)
    for name in findings.acknowledged:
        await _resume(url, name, findings)
    process.terminate()
    await process.wait()
    return findings


async def _started(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SUPPORT / "store_server.py"), str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        url = (await process.stdout.readline()).decode().strip()
    assert url, "the server did not start"
    return process, url


async def _talk(url: str, name: str, findings: Findings) -> None:
    """Talk until the server dies. What was acknowledged before must be in the snapshot."""
    said = findings.acknowledged[name]
    with suppress(ConnectionClosed, ConnectionError, InvalidMessage, EOFError, AssertionError):
        began = time.perf_counter()
        async with viewing(url, f"session={name}&sound=1") as viewer:
            findings.resumed_ms.append((time.perf_counter() - began) * 1000)
            _compare(viewer, name, findings)
            while True:
                text = f"{name} says {len(said)} {random.random()}"
                await viewer.send(type="input.text", text=text)
                await _played(viewer)
                said.append(text)


async def _resume(url: str, name: str, findings: Findings) -> None:
    began = time.perf_counter()
    async with viewing(url, f"session={name}") as viewer:
        findings.resumed_ms.append((time.perf_counter() - began) * 1000)
        _compare(viewer, name, findings)


def _compare(viewer: Viewer, name: str, findings: Findings) -> None:
    there = {entry["content"] for entry in viewer.snapshot["history"]}
    expected = findings.acknowledged[name][-20:]  # a snapshot holds no more than 50 messages
    findings.lost += [f"not in the snapshot: {text}" for text in expected if text not in there]


async def _played(viewer: Viewer) -> None:
    turn = (await viewer.next("turn.started"))["turn"]
    while (await viewer.next("audio", "turn.ended"))["type"] != "turn.ended":
        last = viewer.frames[-1]
        await viewer.played((last.position + last.samples) / 8, turn)
    viewer.frames.clear()


def _look(folder: Path, findings: Findings) -> None:
    """What is in the file, read by another program than ours."""
    connection = sqlite3.connect(folder / "crash.sqlite3")
    try:
        (check,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows = connection.execute("SELECT content FROM messages WHERE role = 'user'")
        there = {row[0] for row in rows}
    finally:
        connection.close()
    if check != "ok":
        findings.damaged.append(check)
    for said in findings.acknowledged.values():
        findings.lost += [f"not in the file: {text}" for text in said if text not in there]
