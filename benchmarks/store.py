"""How long an exchange takes to be written: one conversation alone, and 200 that are written to at a time.

uv run python benchmarks/store.py
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.conversation import Conversation
from hayakuchi.orchestrator.conversations import Conversations
from hayakuchi.orchestrator.gateway_settings import SessionsSettings

TURN_S = 3.0
"""How often a conversation is added to where many are: about as often as turns end."""
REPLY = "Once upon a time there was a lighthouse whose keeper had lost the key. " * 8


async def measure(folder: Path, exchanges: int, sessions: int, seconds: float) -> dict[str, list[float]]:
    """ms per exchange; ``loop``: how late a timer of 1 ms came meanwhile, and while nobody talked."""
    conversations = Conversations(SessionsSettings(file=folder / "bench.sqlite3"))
    await conversations.start()
    crowd = f"{sessions} at a time"
    took: dict[str, list[float]] = {"alone": [], crowd: [], "loop": [], "loop, silent": [], "open": []}
    alone = await conversations.open("", "alone", "Kiyo")
    for _ in range(exchanges):
        took["alone"].append(await _add(alone))
    many = [await conversations.open("", f"s{number}", "Kiyo") for number in range(sessions)]
    async with asyncio.TaskGroup() as group:
        silent = group.create_task(_watch(took["loop, silent"]))
        await asyncio.sleep(seconds)
        silent.cancel()
        watching = group.create_task(_watch(took["loop"]))
        talking = [
            group.create_task(_talk(one, index / sessions * TURN_S, seconds, took[crowd]))
            for index, one in enumerate(many)
        ]
        await asyncio.wait(talking)
        watching.cancel()
    await conversations.aclose()
    del alone, many
    await _open(folder, took["open"])
    return took


async def _open(folder: Path, took: list[float]) -> None:
    conversations = Conversations(SessionsSettings(file=folder / "bench.sqlite3"))
    await conversations.start()
    for _ in range(20):
        began = time.perf_counter()
        assert len(await conversations.open("", "alone", "Kiyo")) == 200
        took.append((time.perf_counter() - began) * 1000)
    await conversations.aclose()


async def _add(conversation: Conversation) -> float:
    began = time.perf_counter()
    ids = await conversation.add(UserInput("Tell me a story about the sea, please"), REPLY)
    assert None not in ids
    return (time.perf_counter() - began) * 1000


async def _talk(conversation: Conversation, after_s: float, seconds: float, took: list[float]) -> None:
    await asyncio.sleep(after_s)
    for _ in range(round(seconds / TURN_S)):
        took.append(await _add(conversation))
        await asyncio.sleep(TURN_S)


async def _watch(late: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - began) * 1000 - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=5000)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), asked.exchanges, asked.sessions, asked.seconds))
    for name, took in found.items():
        print(f"{name:>15}: {_told(sorted(took))} of {len(took)}")


def _told(took: Sequence[float]) -> str:
    shares = " ".join(
        f"p{share * 100:.0f} {took[max(math.ceil(share * len(took)) - 1, 0)]:.2f}" for share in (0.5, 0.99)
    )
    return f"{shares} max {took[-1]:.2f} ms"


if __name__ == "__main__":
    main()
