"""The real server with its listening sockets, where what is loud is speech."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from microphone import LoudIsSpeech
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.orchestrator.engine import Engine

EARS = EarsSettings(vad="energy", end_silence_ms=300, short_pause_ms=150, adaptive=False)


@asynccontextmanager
async def hearing(asr: Any, ears: EarsSettings = EARS, **gateway: Any) -> AsyncIterator[tuple[str, Engine]]:
    """The server's address for sockets. What is loud is speech."""
    settings = settings_for(lambda: ScriptedLLM(["Hi"]), ScriptedTTS, asr=asr, ears=ears, **gateway)
    async with serving(settings) as (url, engine):

        async def loud() -> type[LoudIsSpeech]:
            return LoudIsSpeech

        engine.hearing.detectors.activity = loud
        yield url.replace("http", "ws", 1), engine


@asynccontextmanager
async def listening(url: str, path: str = "/ws") -> AsyncIterator[ClientConnection]:
    async with connect(url + path, proxy=None, compression=None) as socket:
        yield socket


async def told_until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """What comes up to the next message of this kind."""
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not messages or messages[-1]["type"] != kind:
            messages.append(json.loads(await socket.recv()))
    return messages


async def close_code(socket: ClientConnection) -> int | None:
    try:
        async with asyncio.timeout(10):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def send_sound(socket: ClientConnection, pcm: bytes, frame: int = 640, pause_s: float = 0.0) -> None:
    for start in range(0, len(pcm), frame):
        await socket.send(pcm[start : start + frame])
        await asyncio.sleep(pause_s)
