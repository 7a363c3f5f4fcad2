"""Warming the voice, in virtual time: when it begins, when it pauses, what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from scripted_tts import FakeTTS, Step, error, tone
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category
from hayakuchi.core.types import SpeechRequest
from hayakuchi.orchestrator.warming import TRIES, Progress, warm
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.phrase_cache import CachedTTS

PHRASES = [SpeechRequest(text) for text in ("hello.", "hmm.", "sorry.")]


def cached(*voices: FakeTTS) -> CachedTTS:
    return CachedTTS(FallbackTTS(voices), CacheSettings(disk_mb=0))


async def warmed(voice: CachedTTS, told: list[tuple[float, Progress]], phrases: Sequence[Any] = PHRASES) -> None:
    await warm(voice, phrases, lambda progress: told.append((loop_ms(), progress)))


def slow(*steps: Step) -> FakeTTS:
    return FakeTTS("a", *(steps or (0.5, tone(100))))


def test_one_after_another_once_the_voice_has_answered() -> None:
    speaker, told = slow(), []
    voice = cached(speaker)

    async def main() -> None:
        await voice.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(warmed(voice, told))
            await asyncio.sleep(7.5)
            assert speaker.asked == []
            await voice.probe_all()

    run_virtual(main())
    assert told == [(8500 + 500 * n, Progress(n + 1, 0, 3)) for n in range(3)]
    assert [progress.over for _, progress in told] == [False, False, True]
    assert speaker.asked == PHRASES


def test_it_leaves_the_voice_to_turns() -> None:
    speaker, told = slow(), []
    voice = cached(speaker)

    async def main() -> None:
        await voice.open()
        await voice.probe_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(warmed(voice, told))
            await asyncio.sleep(1.7)  # the second phrase is being made
            for number in range(10):
                async with aclosing(voice.synthesize(SpeechRequest(f"words of a turn {number}"))) as items:
                    async for _ in items:
                        await asyncio.sleep(0.2)
                await asyncio.sleep(0.2)

    run_virtual(main())
    last_word = 1700 + 9 * 900 + 700
    assert [at for at, _ in told] == pytest.approx([1500, last_word + 1000 + 500, last_word + 1000 + 1000])
    assert [request.text for request in speaker.asked].count("hmm.") == 2


def test_a_phrase_that_the_voice_cannot_say_is_left_out() -> None:
    speaker, told = slow(), []
    voice = cached(speaker)

    async def main() -> None:
        await voice.open()
        await voice.probe_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(warmed(voice, told))
            await asyncio.sleep(1.2)  # the first phrase is being made
            speaker.script = [error()]
            while len(told) < 2:
                await asyncio.sleep(30)
                await voice.probe_all(failing_only=True)
            speaker.script = [tone(100)]
            await voice.probe_all(failing_only=True)

    run_virtual(main())
    assert [progress for _, progress in told] == [Progress(1, 0, 3), Progress(1, 1, 3), Progress(2, 1, 3)]
    assert speaker.texts.count("hmm.") == TRIES


def test_it_waits_for_the_first_choice_and_troubles_no_other() -> None:
    first, second, told = slow(error(Category.AUTH)), FakeTTS("b"), []
    voice = cached(first, second)

    async def main() -> None:
        await voice.open()
        await voice.probe_all()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(warmed(voice, told))
            await asyncio.sleep(600)
            task.cancel()

    run_virtual(main())
    assert told == []
    assert len(first.asked) == 1
    assert second.asked == []


def test_nothing_to_say_is_told_to_nobody() -> None:
    told: list[tuple[float, Progress]] = []
    run_virtual(warmed(cached(slow()), told, []))
    assert told == []
