"""Reading aloud: the pieces of a text, how far ahead they are made, and what happens when one cannot be."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from leaks import nothing_leaks
from scripted_tts import FakeTTS, error, tone

from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio, Boundary, ProviderFailure, SpeechRequest
from hayakuchi.orchestrator.aloud import aloud, requests_for
from hayakuchi.orchestrator.streaming import Streaming

PAUSES = {Boundary.SENTENCE: 300.0, Boundary.CLAUSE: 150.0}
CHARACTER = Character(name="Test", lexicon={"Dr": "doctor"})
THREE = [SpeechRequest(text) for text in ("one", "two", "three")]


def asked(text: str) -> list[tuple[str, bool, float | None]]:
    return [(it.text, it.final, it.tail_ms) for it in requests_for(text, CHARACTER, Streaming(), PAUSES)]


def test_a_text_is_cut_as_a_reply_is() -> None:
    assert asked("[joy] Well then, dear Dr Who, we begin. And go on 😀! *waves*") == [
        ("Well then,", False, 150),
        ("dear doctor Who, we begin.", True, 300),
        ("And go on!", True, 300),
    ]
    assert asked("今天天气很好。我们去散步吧！") == [("今天天气很好。", True, 300), ("我们去散步吧！", True, 300)]


@pytest.mark.parametrize("text", ["", " \n ", "😀", "...", "*waves*", "[joy]"])
def test_where_nothing_can_be_spoken_nothing_is_asked_for(text: str) -> None:
    assert asked(text) == []


@pytest.mark.parametrize(
    "text", ["a" * 4096, "word " * 800, "(" * 4096, "*" * 4096, "é́" * 2000, "1." * 2000, "<b>" * 1000]
)
def test_no_text_is_too_strange(text: str) -> None:
    said = "".join(text for text, _, _ in asked(text))
    assert sum(map(str.isalnum, said)) <= sum(map(str.isalnum, text))


async def test_the_next_ones_are_begun_when_one_is_heard() -> None:
    voice = FakeTTS("fake", 0.01, tone(100), 0.01, tone(100))
    seen: list[int] = []
    async with aclosing(aloud(voice.synthesize, THREE, 1)) as sound:
        async for _ in sound:
            await asyncio.sleep(0)
            seen.append(len(voice.asked))
    assert voice.texts == ["one", "two", "three"]
    assert seen == [2, 2, 3, 3, 3, 3]


async def test_without_prefetch_one_comes_after_another() -> None:
    voice = FakeTTS("fake", tone(100))
    seen = [len(voice.asked) async for _ in aloud(voice.synthesize, THREE, 0)]
    assert seen == [1, 2, 3]


async def test_a_clip_without_sound_is_passed_over() -> None:
    voice = FakeTTS("fake", ProviderFailure(error(), None), Audio(b"", 16_000))
    assert [audio async for audio in aloud(voice.synthesize, THREE, 2)] == []
    assert voice.closed == 3


async def test_an_error_comes_in_its_place() -> None:
    voice = FakeTTS("fake", tone(100), error(Category.CRASHED))
    async with nothing_leaks(), aclosing(aloud(voice.synthesize, THREE, 2)) as sound:
        assert (await anext(sound)).duration_ms == 100
        with pytest.raises(ProviderError, match="crashed"):
            await anext(sound)
    assert voice.closed == len(voice.asked)


async def test_closing_it_stops_what_is_being_made() -> None:
    voice = FakeTTS("fake", tone(100), 60.0)
    async with nothing_leaks(), asyncio.timeout(2):
        async with aclosing(aloud(voice.synthesize, THREE, 2)) as sound:
            await anext(sound)
            await asyncio.sleep(0.01)
            assert len(voice.asked) == 3
        assert voice.closed == 3


async def test_a_cancelled_reader_stops_it_too() -> None:
    voice = FakeTTS("fake", 60.0)
    async with nothing_leaks(), asyncio.timeout(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), aclosing(aloud(voice.synthesize, THREE, 2)) as sound:
                await anext(sound)
        assert voice.closed == len(voice.asked) == 1


async def test_a_slow_reader_makes_the_voice_wait() -> None:
    voice = FakeTTS("fake", *[tone(10)] * 500)
    async with aclosing(aloud(voice.synthesize, THREE, 0)) as sound:
        await anext(sound)
        await asyncio.sleep(0.05)
        assert voice.given < 100
