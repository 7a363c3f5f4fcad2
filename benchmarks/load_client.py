"""Clients of a load test, in a process of their own: python benchmarks/load_client.py KIND URL FIRST COUNT TURNS SECONDS

    stage      speaking sessions, every second one of which interrupts its turns
    calm       speaking sessions that hear all of it
    sse        streams of /v1/chat/completions, one after the other
    crowd      viewers that come to sessions of their own, turns included, for so many seconds; those refused come again
    speaking   sessions that speak until the server closes them

Prints a JSON list of what each turn, stream, refusal or session came to; times are monotonic seconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import random
import struct
import sys
import time
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from hayakuchi.benchmarks.first_audio import SAMPLE_RATE, SPREAD_S, Client, Turn
from hayakuchi.benchmarks.light_client import LightStreams

AGAIN_S = 1.0
"""Who is refused comes again after this on average."""


async def stages(url: str, first: int, count: int, turns: int, seconds: float, every: int = 2) -> list[dict[str, Any]]:
    chance = random.Random(first)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                _speaking(url, first + number, turns, chance.random() * SPREAD_S * (count > 1), number % every == 1)
            )
            for number in range(count)
        ]
    return [turn for task in tasks for turn in task.result()]


async def calm(url: str, first: int, count: int, turns: int, seconds: float) -> list[dict[str, Any]]:
    return await stages(url, first, count, turns, seconds, every=1)


async def _speaking(url: str, number: int, turns: int, after_s: float, interrupts: bool) -> list[dict[str, Any]]:
    client = Client(number, url, interrupts=interrupts, hasty=False, random_=random.Random(number))
    try:
        await asyncio.sleep(after_s)
        await client.run(turns, 0.0)
    except (OSError, TimeoutError, WebSocketException):
        broken = Turn(f"k{number}x{len(client.turns)}", time.monotonic(), errors=1)
        return [asdict(turn) for turn in (*client.turns, broken)]
    return [asdict(turn) for turn in client.turns]


async def streams(url: str, first: int, count: int, turns: int, seconds: float) -> list[dict[str, Any]]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_streaming(url, first + number, turns)) for number in range(count)]
    return [stream for task in tasks for stream in task.result()]


async def _streaming(url: str, number: int, turns: int) -> list[dict[str, Any]]:
    chance = random.Random(number)
    await asyncio.sleep(chance.random() * 3)
    connection = LightStreams(url)
    return [await _stream(connection, f"k{number}x{count}") for count in range(turns)]


async def _stream(connection: LightStreams, key: str) -> dict[str, Any]:
    """When each token came; ``errors`` 1 when the stream did not end as it should, which ``status`` may tell of."""
    asked = time.monotonic()
    whole = await connection.stream(f"Question {key}")
    if not whole:
        await asyncio.sleep(1)
    return {
        "key": key,
        "asked": asked,
        "tokens": connection.tokens,
        "errors": int(not whole),
        "status": connection.status,
    }


async def crowd(url: str, first: int, count: int, turns: int, seconds: float) -> list[dict[str, Any]]:
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_comer(url, first + number, turns, end)) for number in range(count)]
    return [entry for task in tasks for entry in task.result()]


async def _comer(url: str, number: int, turns: int, end: float) -> list[dict[str, Any]]:
    chance, refusals = random.Random(number), []
    await asyncio.sleep(chance.random() * AGAIN_S)
    address = f"{url.replace('http', 'ws', 1)}/stage/ws?session=bench{number}&sound=1"
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            async with connect(address, compression=None, proxy=None, open_timeout=30) as socket:
                client = Client(number, url, interrupts=False, hasty=False, random_=chance)
                await client.talk(socket, turns)
                return [*refusals, *(asdict(turn) for turn in client.turns)]
        except InvalidStatus as refused:
            took = time.monotonic() - began
            refusals.append({"refused": took, "status": refused.response.status_code})
            await asyncio.sleep(chance.uniform(0.5, 1.5) * AGAIN_S)
    return refusals


async def speaking(url: str, first: int, count: int, turns: int, seconds: float) -> list[dict[str, Any]]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_until_closed(url, f"bench{first + number}", number)) for number in range(count)]
    return [task.result() for task in tasks]


async def _until_closed(url: str, name: str, number: int) -> dict[str, Any]:
    """One turn, played in real time until the server closes the connection: what was told of its end."""
    found: dict[str, Any] = {"session": name, "status": None, "reply": "", "told": False}
    turn, end_ms, began = 0, 0.0, math.inf
    address = f"{url.replace('http', 'ws', 1)}/stage/ws?session={name}&sound=1"
    async with connect(address, compression=None, proxy=None, open_timeout=30) as socket, asyncio.TaskGroup() as group:

        async def play() -> None:
            while True:
                await asyncio.sleep(0.1)
                played_ms = min(end_ms, max(time.monotonic() - began, 0) * 1000)
                await socket.send(json.dumps({"type": "playback", "turn": turn, "played_ms": played_ms}))

        await socket.send(json.dumps({"type": "input.text", "text": f"Question k{number}x0"}))
        player = group.create_task(play())
        async for message in socket:
            if isinstance(message, bytes):
                _, _, _, turn, position, samples = struct.unpack_from("<BBHIII", message)
                end_ms, began = (position + samples) * 1000 / SAMPLE_RATE, min(began, time.monotonic())
                continue
            event = json.loads(message)
            if event["type"] == "turn.ended":
                found |= {"status": event["status"], "reply": event["heard_reply"]}
            elif event["type"] == "session.closing":
                found["told"] = True
        player.cancel()
        return found | {"code": socket.close_code}


KINDS = {"stage": stages, "calm": calm, "sse": streams, "crowd": crowd, "speaking": speaking}


def main() -> None:
    kind, url, first, count, turns, seconds = sys.argv[1:]
    # What is measured is the server: no client is to stop for its own garbage, nor for others' work.
    gc.disable()
    running: Awaitable[list[dict[str, Any]]] = KINDS[kind](url, int(first), int(count), int(turns), float(seconds))

    async def run() -> list[dict[str, Any]]:
        return await running

    try:
        import uvloop
    except ImportError:  # not on Windows
        print(json.dumps(asyncio.run(run())))
    else:
        print(json.dumps(uvloop.run(run())))


if __name__ == "__main__":
    main()
