"""Whatever is sent to any WebSocket: documented close codes, bounded memory, no broken task, a server that goes on serving."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import random
from dataclasses import replace
from typing import Any

import psutil
import pytest
from listening import EARS
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import ending, settings_for, viewing
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hayakuchi.live2d_bridge.client_messages import MIC_MODES
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

FRAMES = 25_000 if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1" else 10_000
CLIENTS = 8
PATHS = ("/stage/ws", "/chat/ws", "/ws", "/ws_asr", "/client-ws", "/proxy-ws", "/tts-ws")
CLOSE_CODES = {1000, 1001, 1003, 1007, 1008, 1009, 1011, 1013}
BROKEN_FRAME = 1002
"""What RFC 6455 has for bytes that are no WebSocket frames."""
GROWTH = 20_000_000

SEEDS = (
    '{"type":"input.text","text":"Hi there","viewer":"Ann"}',
    '{"type":"input.text","text":"Hi","whole_reply":true,"disable_quick_response":true}',
    '{"type":"input.typing"}',
    '{"type":"interrupt"}',
    '{"type":"greet"}',
    '{"type":"playback","turn":1,"played_ms":120.5}',
    '{"type":"playback","turn":1,"played_ms":NaN}',
    '{"type":"playback","turn":1e999,"played_ms":-Infinity}',
    '{"type":"sound.claim"}',
    '{"type":"sound.release"}',
    *(f'{{"type":"mic.start","mode":"{mode}","half_duplex":false}}' for mode in MIC_MODES),
    '{"type":"mic.talk","down":true}',
    '{"type":"mic.stop"}',
    '{"type":"ping","id":"x"}',
    '{"type":"edit","message":1,"text":"other words"}',
    '{"type":"rollback","count":1}',
    '{"type":"text-input","text":"Hi"}',
    '{"type":"text-input","text":"Hi","images":[{"source":"camera","data":"data:image/png;base64,AAAA"}],"request_id":"1"}',
    '{"type":"interrupt-signal","text":"Hello"}',
    '{"type":"audio-play-start","display_text":{"text":"Hello you."},"forwarded":true}',
    '{"type":"frontend-playback-complete"}',
    '{"type":"request-audio-stream","enabled":true}',
    '{"type":"mic-audio-data","audio":[0.1,-0.5,NaN,1e999]}',
    '{"type":"mic-audio-end"}',
    '{"type":"raw-audio-data","audio":[0.0]}',
    '{"type":"ai-speak-signal","idle_time":5}',
    *(f'{{"type":"{kind}","history_uid":"x"}}' for kind in ("fetch-and-set-history", "delete-history")),
    *(f'{{"type":"{kind}"}}' for kind in ("create-new-history", "fetch-history-list", "fetch-configs", "heartbeat")),
    *(f'{{"type":"{kind}"}}' for kind in ("fetch-backgrounds", "request-init-config", "request-group-info")),
    '{"type":"switch-config","file":"../conf.yaml"}',
    '{"type":"add-client-to-group","invitee_uid":"x"}',
    '{"type":"remove-client-from-group","target_uid":"x"}',
    '{"text":"Hello there. How are you?"}',
    '{"op":"config","sampleRate":48000,"language":"en"}',
    '{"op":"config","sampleRate":8000}',
    '{"messages":[{"role":"user","content":"Hi"}],"model":"x"}',
    "[" * 5000,
    '{"a":' * 3000,
    "9" * 6000,
    '"\\ud800"',
    "",
    "null",
)
BITS = ('"', "{", "}", "[", ":", ",", "\x00", "é", "0", "-", "1e9", "NaN", "null", "true", "\ud7ff", "")


def mutated(text: str, chance: random.Random) -> str:
    chars = list(text)
    for _ in range(chance.choice((0, 0, 1, 2, 5))):
        place = chance.randrange(len(chars) + 1)
        chars[place : place + chance.randrange(4)] = chance.choice(BITS)
    return "".join(chars)


def binary(chance: random.Random) -> bytes:
    """Often the head of a microphone's frame; never much sound, which would be waited for as long as it lasts."""
    head = bytes((2, 0, 0, 0)) + chance.randbytes(4) if chance.random() < 0.9 else chance.randbytes(chance.randrange(9))
    return head + chance.randbytes(chance.randrange(40))


async def send_one(socket: ClientConnection, chance: random.Random) -> bool:
    """Whether it was made of WebSocket frames."""
    kind = chance.random()
    if kind < 0.001:
        socket.transport.write(chance.randbytes(chance.randrange(1, 40)))
        return False
    if kind < 0.002:
        await socket.send(bytes(chance.randrange(65_530, 70_000)))
    elif kind < 0.006:
        await socket.send(chance.choice(SEEDS).encode() + b"\xff\xc0", text=True)
    elif kind < 0.01:
        await socket.send([mutated(chance.choice(SEEDS), chance) for _ in range(chance.randrange(1, 4))])
    elif kind < 0.3:
        await socket.send(binary(chance))
    else:
        await socket.send(mutated(chance.choice(SEEDS), chance))
    return True


async def reading(socket: ClientConnection) -> int | None:
    """Check that what comes can be read; the close code."""
    try:
        while True:
            message = await socket.recv()
            if isinstance(message, str):
                assert isinstance(json.loads(message), dict)
                assert "Traceback" not in message
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def fuzz(url: str, count: int, chance: random.Random) -> int:
    """How many frames were sent before a server that was to end the connection did, or this client."""
    sent = 0
    while sent < count:
        well = True
        async with connect(url, proxy=None, compression=None, max_size=None) as socket, asyncio.TaskGroup() as group:
            reader = group.create_task(reading(socket))
            while sent < count and not reader.done() and well:
                sent += 1
                try:
                    well = await send_one(socket, chance)
                except ConnectionClosed:
                    break
                if chance.random() < 0.005:
                    break
            if chance.random() < 0.5:
                await socket.close()
            else:
                socket.transport.abort()
            code = await reader
            assert code in CLOSE_CODES | {None} or (not well and code == BROKEN_FRAME), code
    return sent


def settings() -> Any:
    asr = ScriptedASR(lambda clip: "anything at all", takes_ms=1)
    made = settings_for(
        lambda: ScriptedLLM(["Hello", " you."], first_ms=1, token_ms=1),
        lambda: ScriptedTTS(first_ms=1, rtf=0.01),
        asr=lambda: asr,
        ears=EARS,
    )
    return replace(made, open_llm_vtuber=OpenLlmVtuberSettings(proxy=True))


def addressed(url: str, path: str, number: int) -> str:
    session = f"?session=fuzz{number % 3}&sound={number % 2}" if path == "/stage/ws" else ""
    return url.replace("http", "ws", 1) + path + session


async def all_of(url: str, path: str, frames: int, seed: int) -> None:
    async with asyncio.timeout(600), asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            chance = random.Random(seed * CLIENTS + number)
            group.create_task(fuzz(addressed(url, path, number), frames // CLIENTS, chance))


def sockets_of(app: Any) -> set[str]:
    return {route.path for route in app.routes if isinstance(route, WebSocketRoute)}


@pytest.mark.parametrize("path", PATHS)
async def test_random_and_mutated_frames(path: str, caplog: pytest.LogCaptureFixture) -> None:
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: broken.append(context))
    caplog.set_level(logging.WARNING)
    async with ending(settings()) as (url, engine, server, _):
        assert sockets_of(server.config.app) <= set(PATHS)
        await all_of(url, path, FRAMES // 5, seed=1)  # what is loaded when it is first used is loaded
        gc.collect()
        before = psutil.Process().memory_info().rss
        await all_of(url, path, FRAMES, seed=2)
        gc.collect()
        assert psutil.Process().memory_info().rss - before < GROWTH
        async with viewing(url, "session=well&sound=1") as viewer:
            await viewer.send(type="input.text", text="Are you well?")
            await viewer.next("audio")
        async with asyncio.timeout(10):
            while server.doors.admission.sockets:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert engine.hearing.asr is not None
    assert [str(context.get("exception")) for context in broken] == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert [record for record in caplog.records if record.exc_info] == []
