"""Two real voices in a chain; the process of the first is killed, or stopped, in the middle of a text."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import psutil
import pytest

from hayakuchi.core.errors import Category
from hayakuchi.core.types import Audio, MarkKind, ProviderFailure, SpeechRequest
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL, no SIGSTOP")

WORDS = [
    f"{adjective} {noun}" for adjective in ("red", "green", "small", "quiet") for noun in ("houses", "rivers", "dogs")
]
TEXT = " and ".join(WORDS * 3)


@pytest.fixture
async def voices() -> AsyncIterator[list[EspeakTTS]]:
    patient = {"first_chunk_timeout": 10, "chunk_timeout": 1}
    blocks = (patient, {**patient, "voice": "en-gb+m3", "rate": 200})
    voices = [EspeakTTS(EspeakConfig.model_validate(block)) for block in blocks]
    yield voices
    for voice in voices:
        await voice.aclose()


async def say(chain: FallbackTTS, then: Callable[[], object]) -> tuple[list[str], list[ProviderFailure]]:
    """The words that were said and the failures; ``then`` is called at the first sound."""
    words: list[str] = []
    failures: list[ProviderFailure] = []
    begin = 0.0
    async with aclosing(chain.synthesize(SpeechRequest(TEXT))) as clip:
        async for item in clip:
            if isinstance(item, Audio):
                if not begin:
                    then()
                assert all(mark.at_ms >= begin - 0.1 for mark in item.marks)
                begin += item.duration_ms
                words += [TEXT[m.start : m.start + m.length] for m in item.marks if m.kind is MarkKind.WORD]
            else:
                failures.append(item)
    return words, failures


@pytest.mark.parametrize(("stop", "category"), [("kill", Category.CRASHED), ("suspend", Category.TIMEOUT)])
async def test_the_text_is_said_whole(voices: list[EspeakTTS], stop: str, category: Category) -> None:
    chain = FallbackTTS(voices)
    await chain.open()
    first = voices[0]._process
    assert first is not None
    worker = psutil.Process(first.pid)
    words, failures = await say(chain, getattr(worker, stop))
    assert [(failure.error.category, failure.fallback) for failure in failures] in ([(category, "espeak_tts")], [])
    # A word that had just begun when the voice failed is begun again; nothing else is said twice, and nothing is missing.
    doubled = len(words) - len(TEXT.split())
    assert doubled in (0, 1)
    if doubled:
        again = next(index for index, pair in enumerate(itertools.pairwise(words)) if pair[0] == pair[1])
        del words[again]
    assert words == TEXT.split()
    if stop == "suspend":
        worker.resume()
    async with asyncio.timeout(30):
        assert (await say(chain, lambda: None)) == (TEXT.split(), [])
