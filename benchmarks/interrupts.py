"""From an interruption to the end of everything it ends, in process, with the offline model and voice.

What was said is written to a file before a turn is over, as a server does it.

uv run python benchmarks/interrupts.py
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from hayakuchi.cli.options import settings_from
from hayakuchi.core.events import SessionEvent, TurnEnded
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.engine import Engine


async def measure(interrupts: int, folder: Path) -> list[float]:
    """Milliseconds from each interruption, at a random point of a turn, until the turn was over."""
    random_ = random.Random(1)
    over = asyncio.Event()
    took: list[float] = []

    def observe(event: SessionEvent) -> None:
        if isinstance(event, TurnEnded):
            over.set()

    settings = settings_from(None, None)
    settings = replace(settings, sessions=settings.sessions.model_copy(update={"file": folder / "interrupts.sqlite3"}))
    async with Engine(settings) as engine, asyncio.TaskGroup() as group:
        await engine.warm_up()
        session = engine.new_session("interrupts", await engine.conversations.open("", "interrupts", "Kiyo"))
        session.observe(observe)
        group.create_task(session.run())
        for _ in range(interrupts):
            over.clear()
            session.say(UserInput("Tell me a story"))
            await asyncio.sleep(random_.random() * 0.4)
            began = time.perf_counter()
            session.interrupt()
            await over.wait()
            took.append((time.perf_counter() - began) * 1000)
        session.close()
    return sorted(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interrupts", type=int, default=1000)
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measure(parser.parse_args().interrupts, Path(folder)))
    for share in (0.5, 0.95, 0.99):
        print(f"p{share * 100:.0f} {took[max(math.ceil(share * len(took)) - 1, 0)]:7.2f} ms")
    print(f"max {took[-1]:7.2f} ms")


if __name__ == "__main__":
    main()
