"""A voice that remembers, in virtual time and in memory: what is played from memory, in whose voice, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from scripted_tts import RATE, FakeTTS, Heard, Step, error, failures, length, sound, spoken, tone, word
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category
from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.phrase_cache import QUIET_MS, WARM_S, CachedTTS, Warmth
from hayakuchi.tts.trim import LEAD_MS

HELLO = SpeechRequest("hello there")


def cached(*voices: FakeTTS, **settings: Any) -> CachedTTS:
    return CachedTTS(FallbackTTS(voices), CacheSettings(disk_mb=0, **settings))


async def say(voice: CachedTTS, request: SpeechRequest = HELLO) -> list[Heard]:
    async with aclosing(voice.synthesize(request)) as items:
        return [item async for item in items]


async def down(voice: CachedTTS) -> None:
    """Let the first choice fail until it is left alone."""
    for index in range(3):
        await say(voice, SpeechRequest(f"what fails {index}"))


def in_time(main: Coroutine[Any, Any, None]) -> None:
    run_virtual(main)


def test_the_second_time_it_is_there_at_once() -> None:
    speaker = FakeTTS("a", 0.08, tone(150, word(0, 0, 5)), 0.1, tone(150, word(150, 6, 5)))
    voice = cached(speaker)

    async def main() -> None:
        first = await say(voice)
        began = loop_ms()
        again = await say(voice)
        assert loop_ms() == began
        assert b"".join(a.pcm for a in sound(again)) == b"".join(a.pcm for a in sound(first))
        assert spoken(again, HELLO.text) == spoken(first, HELLO.text) == [(0, "hello"), (150, "there")]
        assert max(audio.duration_ms for audio in sound(again)) <= 100

    in_time(main())
    assert speaker.texts == [HELLO.text]
    assert voice.snapshot() == {
        "enabled": True,
        "hits": 1,
        "disk_hits": 0,
        "misses": 1,
        "hit_rate": 0.5,
        "stored": 1,
        "evicted": 0,
        "phrases": 1,
        "bytes": 2 * 300 * RATE // 1000 + 2 * 100,
        "disk_bytes": 0,
    }


def test_before_anything_was_asked_there_is_no_rate() -> None:
    assert cached(FakeTTS("a")).snapshot()["hit_rate"] is None


def test_a_miss_is_passed_on_as_it_comes() -> None:
    voice = cached(FakeTTS("a", 0.08, tone(100), 0.2, tone(100), 0.2, tone(100)))
    came: list[float] = []

    async def main() -> None:
        async with aclosing(voice.synthesize(HELLO)) as items:
            came.extend([loop_ms() async for _ in items])

    in_time(main())
    assert came == pytest.approx([80, 280, 480])


@pytest.mark.parametrize("request_", [SpeechRequest("hello there!"), SpeechRequest("hello there", final=False)])
def test_another_text_or_ending_is_another_phrase(request_: SpeechRequest) -> None:
    speaker = FakeTTS("a")
    voice = cached(speaker)

    async def main() -> None:
        await say(voice)
        await say(voice, request_)

    in_time(main())
    assert speaker.asked == [HELLO, request_]


@pytest.mark.parametrize(("tail_ms", "ms"), [(None, 700), (0, 200), (60, 260)])
def test_every_clip_is_trimmed_kept_or_not(tail_ms: float | None, ms: float) -> None:
    request = SpeechRequest(HELLO.text, tail_ms=tail_ms)

    async def main() -> None:
        for settings in ({}, {"enabled": False}):
            voice = cached(FakeTTS("a", tone(300, amplitude=0), tone(200), tone(500, amplitude=0)), **settings)
            fresh, again = await say(voice, request), await say(voice, request)
            for got in (fresh, again):
                assert length(got) == pytest.approx(ms + LEAD_MS, abs=5)

    in_time(main())


def test_one_kept_clip_serves_all_tails() -> None:
    speaker = FakeTTS("a", tone(200), tone(500, amplitude=0))
    voice = cached(speaker)

    async def main() -> None:
        for tail_ms, ms in ((0, 200), (None, 700), (100, 300), (0, 200)):
            assert length(await say(voice, SpeechRequest("x", tail_ms=tail_ms))) == ms

    in_time(main())
    assert len(speaker.asked) == 1


@pytest.mark.parametrize(
    ("settings", "text"),
    [({"max_chars": 5}, "hello there"), ({"max_seconds": 0.3}, "hello there"), ({"enabled": False}, "hi")],
)
def test_what_is_too_long_is_not_kept(settings: dict[str, Any], text: str) -> None:
    speaker = FakeTTS("a")
    voice = cached(speaker, **settings)

    async def main() -> None:
        for _ in range(2):
            assert length(await say(voice, SpeechRequest(text))) == 200 * len(text.split())

    in_time(main())
    assert speaker.texts == [text, text]
    assert voice.snapshot()["stored"] == 0


def test_a_clip_that_was_left_early_is_not_kept() -> None:
    speaker = FakeTTS("a")
    voice = cached(speaker)

    async def main() -> None:
        async with aclosing(voice.synthesize(HELLO)) as items:
            await anext(items)
        await say(voice)

    in_time(main())
    assert len(speaker.asked) == 2


@pytest.mark.parametrize(
    "script", [(tone(100), error()), (error(),), (tone(100), 60.0), (tone(500, amplitude=0),), (tone(400), error())]
)
def test_a_clip_that_failed_is_not_kept(script: Sequence[Step]) -> None:
    speaker, second = FakeTTS("a", *script), FakeTTS("b")
    voice = cached(speaker, second)

    async def main() -> None:
        assert failures(await say(voice))
        speaker.script = None
        assert failures(await say(voice)) == []

    in_time(main())
    assert len(speaker.asked) == 2
    assert voice.snapshot()["hits"] == 0


def test_without_any_voice_the_failure_is_told() -> None:
    voice = cached(FakeTTS("a", error()))

    async def main() -> None:
        with pytest.raises(AllProvidersFailed):
            await say(voice)

    in_time(main())


def test_the_voice_that_stands_in_has_phrases_of_its_own() -> None:
    first, second = FakeTTS("a"), FakeTTS("b")
    voice = cached(first, second)

    async def main() -> None:
        await say(voice)
        first.script = [error()]
        await down(voice)
        for _ in range(2):
            await say(voice)
        assert second.texts.count(HELLO.text) == 1
        first.script = None
        await voice.probe_all()
        asked = len(first.asked)
        await say(voice)
        assert len(first.asked) == asked

    in_time(main())
    assert first.texts.count(HELLO.text) == 1


def test_a_voice_on_trial_counts_as_down() -> None:
    first, second = FakeTTS("a"), FakeTTS("b")
    voice = cached(first, second)

    async def main() -> None:
        await say(voice)
        first.script = [error()]
        await down(voice)
        await say(voice)
        await asyncio.sleep(40)
        before = len(second.asked)
        assert length(await say(voice)) == 400
        assert len(second.asked) == before

    in_time(main())


def test_when_no_voice_can_speak_the_first_one_is_remembered() -> None:
    first = FakeTTS("a")
    voice = cached(first)

    async def main() -> None:
        await say(voice)
        first.script = [error(Category.AUTH)]
        with pytest.raises(AllProvidersFailed):
            await say(voice, SpeechRequest("something else"))
        assert length(await say(voice)) == 400

    in_time(main())


def test_two_voices_of_one_name_are_told_apart_by_their_settings() -> None:
    first, second = FakeTTS("a"), FakeTTS("a")
    first.config, second.config = CacheSettings(size=1), CacheSettings(size=2)  # pyright: ignore[reportAttributeAccessIssue]
    voice = cached(first, second)

    async def main() -> None:
        await say(voice)
        first.script = [error(Category.AUTH)]
        await say(voice, SpeechRequest("something else"))
        await say(voice)

    in_time(main())
    assert second.texts.count(HELLO.text) == 1


def test_turns_do_not_wait_for_each_other() -> None:
    speaker = FakeTTS("a", 0.5, tone(100))
    voice = cached(speaker)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(say(voice))
        assert loop_ms() == 500

    in_time(main())
    assert len(speaker.asked) == 3


async def probed(voice: CachedTTS) -> None:
    await voice.open()
    await voice.probe_all()


def test_a_phrase_made_in_the_background_is_there_however_long() -> None:
    speaker = FakeTTS("a", 0.5, tone(100))
    voice = cached(speaker, max_chars=1, max_seconds=0.01)

    async def main() -> None:
        await probed(voice)
        assert await voice.warm(HELLO) is Warmth.READY
        assert await voice.warm(HELLO) is Warmth.READY
        began = loop_ms()
        await say(voice)
        assert loop_ms() == began

    in_time(main())
    assert len(speaker.asked) == 1
    assert voice.snapshot()["hit_rate"] == 1


def test_a_turn_ends_what_is_made_in_the_background_at_once() -> None:
    speaker = FakeTTS("a", 1.0, tone(100))
    voice = cached(speaker)

    async def main() -> None:
        await probed(voice)
        async with asyncio.TaskGroup() as group:
            warming = group.create_task(voice.warm(HELLO))
            await asyncio.sleep(0.4)
            turn = group.create_task(say(voice, SpeechRequest("something else")))
            await asyncio.sleep(0.1)
            assert warming.done()
            assert speaker.closed == 1
            assert await voice.warm(HELLO) is Warmth.YIELDED
        assert warming.result() is Warmth.YIELDED
        assert length(turn.result()) == 100
        assert voice.states(loop_ms())[0][2] is None
        assert await voice.warm(HELLO) is Warmth.READY

    in_time(main())


def test_two_in_the_background_do_not_make_the_same_phrase() -> None:
    speaker = FakeTTS("a", 0.5, tone(100))
    voice = cached(speaker)

    async def main() -> None:
        await probed(voice)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(voice.warm(HELLO)) for _ in range(2)]
        assert {task.result() for task in tasks} == {Warmth.READY, Warmth.YIELDED}

    in_time(main())
    assert len(speaker.asked) == 1


@pytest.mark.parametrize("script", [(error(),), (tone(100), error())])
def test_a_background_phrase_is_not_left_to_another_voice(script: Sequence[Step]) -> None:
    first, second = FakeTTS("a", *script), FakeTTS("b")
    voice = cached(first, second)

    async def main() -> None:
        await probed(voice)
        assert await voice.warm(HELLO) is Warmth.FAILED

    in_time(main())
    assert second.asked == []


def test_a_background_phrase_has_a_deadline() -> None:
    speaker = FakeTTS("a", *[0.4, tone(100)] * 1000)
    voice = cached(speaker)

    async def main() -> None:
        await probed(voice)
        assert await voice.warm(HELLO) is Warmth.FAILED
        assert loop_ms() <= WARM_S * 1000

    in_time(main())
    assert speaker.closed == 1


def test_cancelling_the_background_closes_the_voice() -> None:
    speaker = FakeTTS("a", 1.0, tone(100))
    voice = cached(speaker)

    async def main() -> None:
        await probed(voice)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(voice.warm(HELLO))
            await asyncio.sleep(0.5)
            task.cancel()
        assert task.cancelled()
        assert await voice.warm(HELLO) is Warmth.READY

    in_time(main())
    assert speaker.closed == 2


def test_when_it_is_quiet() -> None:
    speaker = FakeTTS("a", 0.5, tone(100))
    voice = cached(speaker)

    async def main() -> None:
        await voice.open()
        await asyncio.sleep(5)
        assert voice.quiet_in_s() > 0, "nobody knows yet whether the voice answers"
        await voice.probe_all()
        assert voice.quiet_in_s() == 0
        async with aclosing(voice.synthesize(HELLO)) as items:
            await anext(items)
            await asyncio.sleep(5)
            assert voice.quiet_in_s() > 0, "somebody is being spoken to"
        assert voice.quiet_in_s() == QUIET_MS / 1000
        await asyncio.sleep(0.4)
        assert voice.quiet_in_s() == pytest.approx(QUIET_MS / 1000 - 0.4)
        await asyncio.sleep(0.6)
        assert voice.quiet_in_s() == 0
        speaker.script = [error()]
        with pytest.raises(AllProvidersFailed):
            await say(voice, SpeechRequest("something else"))
        await asyncio.sleep(5)
        assert voice.quiet_in_s() > 0, "the first choice failed last"

    in_time(main())


def test_who_insists_on_a_voice_is_never_given_another_ones_phrase() -> None:
    first, second = FakeTTS("a", tone(100)), FakeTTS("b", tone(200))
    voice = cached(first, second)

    async def insisting() -> float:
        async with aclosing(voice.synthesize(HELLO, only=second)) as items:
            return length([item async for item in items])

    async def main() -> None:
        assert length(await say(voice)) == 100
        assert [await insisting(), await insisting()] == [200, 200]
        assert length(await say(voice)) == 100

    in_time(main())
    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert voice.chain.providers == (first, second)
