"""The voices that are held to their contract. A further one is one more entry in ``SUBJECTS``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

from fake_edge import FakeEdge
from fake_openai import FakeOpenAI

from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio, ProviderFailure, SpeechRequest
from hayakuchi.tts import TTS
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.edge import EdgeTTS
from hayakuchi.tts.edge_settings import EdgeConfig
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.openai import OpenAITTS, OpenAITTSConfig
from hayakuchi.tts.phrase_cache import CachedTTS

REQUEST = SpeechRequest("Once upon a time there was a small fox that lived in the mountains.")
KEY = "sk-0123456789abcdef"


def openai_tts(server: FakeOpenAI) -> OpenAITTS:
    block = {"base_url": server.url, "model": "test", "voice": "alloy", "api_key": KEY}
    return OpenAITTS(OpenAITTSConfig.model_validate(block))


@asynccontextmanager
async def served_openai_tts() -> AsyncIterator[TTS]:
    async with FakeOpenAI() as server:
        yield openai_tts(server)


@asynccontextmanager
async def served_edge_tts() -> AsyncIterator[TTS]:
    async with FakeEdge() as server:
        yield EdgeTTS(EdgeConfig(endpoint=server.url))


@asynccontextmanager
async def espeak_tts() -> AsyncIterator[TTS]:
    yield EspeakTTS(EspeakConfig())


class Remembering(CachedTTS):
    """Has spoken REQUEST before it is asked for anything: tests that speak it hear it from memory."""

    async def open(self) -> None:
        await super().open()
        await collect(self, REQUEST)


def cached_espeak(settings: CacheSettings, kind: type[CachedTTS] = CachedTTS) -> CachedTTS:
    voice = EspeakTTS(EspeakConfig())
    voice.deadlines = Deadlines(first_s=20, next_s=20)  # many at once, on a machine that is busy with other tests
    return kind(FallbackTTS([voice]), settings)


@asynccontextmanager
async def cached_tts() -> AsyncIterator[TTS]:
    yield cached_espeak(CacheSettings())


@asynccontextmanager
async def remembering_tts() -> AsyncIterator[TTS]:
    yield cached_espeak(CacheSettings(max_chars=100), Remembering)


@asynccontextmanager
async def trimming_tts() -> AsyncIterator[TTS]:
    yield cached_espeak(CacheSettings(enabled=False))


SUBJECTS: dict[str, Callable[[], AbstractAsyncContextManager[TTS]]] = {
    "edge_tts": served_edge_tts,
    "openai_tts": served_openai_tts,
    "espeak_tts": espeak_tts,
    "phrase_cache": cached_tts,
    "phrase_cache, remembering": remembering_tts,
    "phrase_cache, only trimming": trimming_tts,
}
"""Providers that are not open yet, and can say a sentence."""

SERVED: dict[str, Callable[[FakeOpenAI], TTS]] = {"openai_tts": openai_tts}
"""Those among them that ask a server over HTTP."""


async def collect(
    provider: TTS, request: SpeechRequest = REQUEST, into: list[Audio | ProviderFailure] | None = None
) -> list[Audio]:
    """A whole clip; ``into`` also holds what came before an error."""
    pieces = [] if into is None else into
    async for piece in provider.synthesize(request):
        pieces.append(piece)
    return [piece for piece in pieces if isinstance(piece, Audio)]


def pcm_of(pieces: Sequence[Audio | ProviderFailure]) -> bytes:
    return b"".join(piece.pcm for piece in pieces if isinstance(piece, Audio))


def closing(stream: Any) -> aclosing[Any]:
    return aclosing(stream)
