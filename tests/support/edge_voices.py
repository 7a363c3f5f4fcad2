"""Edge voices made for a test, and closed after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fake_edge import FakeEdge

from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts.edge import EdgeTTS
from hayakuchi.tts.edge_settings import EdgeConfig

TEXT = "one two three four"


@asynccontextmanager
async def voices(server: FakeEdge) -> AsyncIterator[Callable[..., EdgeTTS]]:
    """``make(**block)``: a voice that asks ``server``, opened already."""
    made: list[EdgeTTS] = []

    def make(**block: Any) -> EdgeTTS:
        made.append(EdgeTTS(EdgeConfig.model_validate({"endpoint": server.url, **block})))
        return made[-1]

    yield make
    for voice in made:
        await voice.aclose()


async def say(voice: EdgeTTS, text: str = TEXT, *, final: bool = True, into: list[Audio] | None = None) -> list[Audio]:
    pieces = [] if into is None else into
    async with asyncio.timeout(20):
        async for piece in voice.synthesize(SpeechRequest(text, final)):
            pieces.append(piece)
    return pieces


def pcm_of(pieces: list[Audio]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


def words_of(pieces: list[Audio], text: str = TEXT) -> list[tuple[float, str]]:
    return [(mark.at_ms, text[mark.start : mark.start + mark.length]) for piece in pieces for mark in piece.marks]
