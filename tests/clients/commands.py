"""How the tests talk to a client in an environment of its own: a JSON line in, a JSON line out. Needs nothing but Python."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import traceback
from array import array
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Any

Command = Callable[..., Awaitable[dict[str, Any]]]
DEADLINE_S = 30.0


async def obey(commands: Mapping[str, Command]) -> None:
    """stdin: {"do": name, …arguments}; stdout: {"done": {…}} or {"failed": traceback}. The first line says ``ready``."""
    _say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = {"done": await commands[wanted.pop("do")](**wanted)}
        except Exception:  # noqa: BLE001 - whatever it is, the test that asked is told
            answer = {"failed": traceback.format_exc()}
        _say(json.dumps(answer))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tone(ms: float, rate: int, hz: float = 440.0) -> bytes:
    """What is said to recognisers; its RMS is 8192."""
    count = round(ms * rate / 1000)
    samples = (round(11585 * math.sin(2 * math.pi * hz * n / rate)) for n in range(count))
    return array("h", samples).tobytes()


def sound(pcm: bytes, rate: int) -> dict[str, float]:
    """What is to be known of sound: how long, how loud (RMS in 16-bit samples), how high (by its zero crossings)."""
    samples = array("h", pcm)
    if not samples:
        return {"ms": 0.0, "rms": 0.0, "hz": 0.0}
    energy = sum(sample * sample for sample in samples)
    crossings = sum((one < 0) != (other < 0) for one, other in pairwise(samples))
    seconds = len(samples) / rate
    return {"ms": seconds * 1000, "rms": math.sqrt(energy / len(samples)), "hz": crossings / 2 / seconds}
