"""Whatever is sent to ``/ws``: clear errors, documented close codes, bounded memory, and a server that goes on serving."""

from __future__ import annotations

import asyncio
import json
import os
import random

import psutil
from listening import hearing, listening, send_sound, told_until
from microphone import Voice
from scripted_asr import ScriptedASR
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

FRAMES = 10_000 if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1" else 600
CLIENTS = 8
CLOSE_CODES = {1008, 1009}
GROWTH = 150_000_000

SEEDS = (
    '{"op":"config","sampleRate":16000}',
    '{"op":"config","sampleRate":48000,"language":"en"}',
    '{"op":"config","language":"auto"}',
    '{"op":"config","sampleRate":NaN}',
    '{"op":"config","sampleRate":-Infinity}',
    '{"op":"config","sampleRate":1e999}',
    '{"op":"config","sampleRate":[16000]}',
    '{"op":"config","sampleRate":8001,"op":"config"}',
    '{"op":"stop"}',
    '"\\ud800"',
    "[" * 3000,
    "9" * 6000,
    "",
)


def mutated(text: str, chance: random.Random) -> str:
    chars = list(text)
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(chars) + 1)
        chars[place : place + chance.randrange(3)] = chance.choice(
            ['"', "{", "}", ":", "\x00", "é", "0", "-", "NaN", "\ud7ff", ""]
        )
    return "".join(chars)


def frame(chance: random.Random, voice: Voice) -> str | bytes:
    kind = chance.random()
    if kind < 0.03:
        return mutated(chance.choice(SEEDS), chance)
    if kind < 0.06:
        return f'{{"op":"config","sampleRate":{chance.randrange(8000, 48_001)}}}'
    if kind < 0.07:
        return bytes(chance.randrange(60_000, 70_000))
    if kind < 0.2:
        return voice.says("word")[: chance.randrange(2000)]
    return chance.randbytes(chance.choice([0, 1, 2, 3, 319, 640, chance.randrange(1300)]))


async def reading(socket: ClientConnection) -> int | None:
    """Check what comes; the close code."""
    try:
        while True:
            message = json.loads(await socket.recv())
            fields = {"partial": {"text", "language"}, "final": {"text", "segments"}, "error": {"message"}}
            assert message.keys() == {"type"} | fields[message["type"]]
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def fuzz(url: str, count: int, chance: random.Random, voice: Voice) -> None:
    sent = 0
    while sent < count:
        async with listening(url) as socket, asyncio.TaskGroup() as group:
            reader = group.create_task(reading(socket))
            while sent < count and not reader.done():
                sent += 1
                try:
                    await socket.send(frame(chance, voice))
                except ConnectionClosed:
                    break
                if chance.random() < 0.01:
                    break
            if not reader.done() and chance.random() < 0.5:
                await socket.close()
            else:
                socket.transport.abort()
            code = await reader
            assert code in CLOSE_CODES | {1000, None}, code


async def test_random_and_mutated_frames() -> None:
    voice = Voice()
    voice.says("word")
    asr = ScriptedASR(lambda clip: "anything at all", takes_ms=1)
    async with hearing(lambda: asr) as (url, engine):
        before = psutil.Process().memory_info().rss
        async with asyncio.timeout(600), asyncio.TaskGroup() as group:
            for client in range(CLIENTS):
                group.create_task(fuzz(url, FRAMES // CLIENTS, random.Random(client), Voice()))
        asr.clips.clear()
        assert psutil.Process().memory_info().rss - before < GROWTH
        asr.script = voice.understands
        async with listening(url, "/ws_asr") as socket:
            await send_sound(socket, voice.says("still alive.", 600))
            assert (await told_until(socket, "final"))[-1]["text"] == "still alive."
        assert engine.hearing.asr is not None
