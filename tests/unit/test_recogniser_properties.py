"""Whatever is fed, in whatever pieces, and however the engine behaves: the order of the events, and bounded memory."""

from __future__ import annotations

import asyncio
import os
import re
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from microphone import Listening, Voice, noise, silence
from scripted_asr import ScriptedASR
from virtual import run_virtual

from hayakuchi.asr.hearing import Final, HearingEvent, Nothing, Partial, Settled
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.asr.sound import HELD, TOO_SLOW
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio

EVERYTHING = os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1"
LETTERS = {"Onset": "o", "Partial": "p", "Settled": "s", "Resumed": "r", "Final": "f", "Nothing": "n"}
ORDER = re.compile(r"(o[psr]*[fn])*(o[psr]*)?")
HOURS_S = 3600 if EVERYTHING else 600

SAY = st.integers(1, 4).map(lambda words: ("say", words))
PAUSE = st.sampled_from([("quiet", ms) for ms in (40, 200, 350, 700, 1500)])
OTHER = st.sampled_from(
    [
        ("noise", 60),
        ("noise", 400),
        ("noise", 5000),
        ("finish", 0),
        ("forget", 0),
        ("nothing comes", 700),
        ("nothing comes", 4000),
    ]
)
SCRIPT = st.lists(st.one_of(SAY, PAUSE, OTHER), max_size=12)


def as_letters(events: Sequence[HearingEvent]) -> str:
    return "".join(LETTERS[type(event).__name__] for event in events)


def check_order(events: Sequence[HearingEvent]) -> None:
    letters = as_letters(events)
    assert ORDER.fullmatch(letters), letters
    assert not re.search(r"ss|rr", letters), f"{letters}: only speech lies between two pauses"
    for last, this in pairwise(events):
        if isinstance(last, Settled) and isinstance(this, Final):
            assert last.text == this.text
        if isinstance(last, Partial) and isinstance(this, Partial):
            assert last.text != this.text


async def play(
    listening: Listening, voice: Voice, script: Sequence[tuple[str, int]], chunk: int, pace: float
) -> list[str]:
    """What was said and neither forgotten nor lost."""
    words = 0
    said: list[str] = []
    for what, amount in script:
        pcm = b""
        if what == "say":
            text = " ".join(f"w{words + number}" for number in range(amount))
            words += amount
            said += text.split()
            pcm = voice.says(text)
        elif what in ("quiet", "noise"):
            pcm = silence(amount) if what == "quiet" else noise(amount)
        elif what == "finish":
            listening.recogniser.finish()
        elif what == "forget":
            listening.recogniser.forget()
            told = {word for event in listening.events if isinstance(event, Final) for word in event.text.split()}
            said = [word for word in said if word in told]
        else:
            await asyncio.sleep(amount / 1000)
        for start in range(0, len(pcm), chunk):
            piece = pcm[start : start + chunk]
            # More than is judged at once does not come all the time.
            await asyncio.sleep(max(len(piece) / 32_000 * pace, 0.001 if chunk > 64_000 else 0))
            listening.recogniser.feed(piece)
    return said


@settings(max_examples=60 if EVERYTHING else 30, deadline=None)
@given(
    script=SCRIPT,
    chunk=st.sampled_from([2, 322, 640, 6400, 64_000, 640_000]),
    takes_ms=st.sampled_from([0, 50, 700, 5000]),
    pace=st.sampled_from([0.0, 1.0, 1.0]),
    fails=st.sets(st.integers(0, 6), max_size=3),
    partials=st.booleans(),
)
def test_events_come_in_order_whatever_happens(
    script: list[tuple[str, int]], chunk: int, takes_ms: float, pace: float, fails: set[int], partials: bool
) -> None:
    if chunk == 2:
        script = script[:2]
    voice = Voice()
    asked = iter(range(1_000_000))

    def understand(clip: Audio) -> Any:
        if next(asked) in fails:
            return ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "gone")
        return voice.understands(clip)

    asr = ScriptedASR(understand, takes_ms=takes_ms)
    listening = Listening(asr.transcribe, EarsSettings(decode_window_seconds=2), partials=lambda: partials)

    async def main() -> list[str]:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.recogniser.run())
            said = await play(listening, voice, script, chunk, pace)
            listening.recogniser.close()
        return said

    said = run_virtual(main())
    check_order(listening.events)
    if listening.events:
        assert isinstance(listening.events[-1], Final | Nothing)
    told = [word for event in listening.events if isinstance(event, Final) for word in event.text.split()]
    assert len(told) == len(set(told)), "no word is told twice"
    assert told == [word for word in said if word in set(told)]
    if not fails:
        assert told == said, "no word is lost"
    assert asr.most_running <= 1


def test_no_sound_is_transcribed_again_after_it_was_told() -> None:
    voice = Voice()
    listening: Listening
    seen: set[str] = set()

    def understand(clip: Audio) -> str:
        text = voice.understands(clip)
        told = {word for event in listening.events if isinstance(event, Final) for word in event.text.split()}
        assert not told & set(text.split())
        seen.update(text.split())
        return text

    asr = ScriptedASR(understand, takes_ms=120)
    listening = Listening(asr.transcribe)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.recogniser.run())
            for number in range(12):
                await listening.hear(voice.says(f"a{number} b{number}.", 100 * number))
            listening.recogniser.close()

    run_virtual(main())
    assert len(seen) == 24


@pytest.mark.parametrize("sound", ["silence", "noise", "bursts"])
def test_hours_take_no_memory(sound: str) -> None:
    second = {"silence": silence(1000), "noise": noise(1000), "bursts": noise(100) + silence(900)}[sound]
    asr = ScriptedASR(lambda clip: "", takes_ms=200)
    listening = Listening(asr.transcribe)
    sizes: list[int] = []
    letters: list[str] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            for number in range(HOURS_S):
                await asyncio.sleep(1)
                listening.recogniser.feed(second)
                asr.clips.clear()
                if number % (HOURS_S // 8) == HOURS_S // 16:
                    sizes.append(psutil.Process().memory_info().rss)
                    letters.append(as_letters(listening.events))
                    listening.events.clear()
            running.cancel()

    run_virtual(main())
    assert max(sizes) - sizes[0] < 20_000_000
    told = "".join(letters)
    assert ORDER.fullmatch(told)
    assert len(told) < {"silence": 1, "noise": 3, "bursts": 2 * HOURS_S + 1}[sound]


def test_silence_is_not_transcribed() -> None:
    asr = ScriptedASR(lambda clip: "made up")
    listening = Listening(asr.transcribe)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            for _ in range(60):
                await asyncio.sleep(1)
                listening.recogniser.feed(silence(1000))
            running.cancel()

    run_virtual(main())
    assert asr.clips == []


def test_what_cannot_be_transcribed_in_time_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=3_600_000)
    listening = Listening(asr.transcribe)
    tracemalloc.start()

    async def main() -> int:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(200):
                await listening.hear(noise(900) + silence(100))
            grown = tracemalloc.get_traced_memory()[0] - before
            running.cancel()
        return grown

    try:
        grown = run_virtual(main())
    finally:
        tracemalloc.stop()
    assert grown < 8_000_000
    assert [record.message for record in caplog.records] == [TOO_SLOW]
    assert [str(failure) for failure in listening.failures] == [f"ears: {TOO_SLOW}"]
    assert "smaller model" in TOO_SLOW
    check_order(listening.events)


def test_each_time_that_words_are_lost_is_told_once() -> None:
    """Twice an engine is stuck for as long as it takes to lose sound, and catches up in between."""
    voice = Voice()
    stuck = iter([100_000, 50, 100_000])
    asr = ScriptedASR(voice.understands)
    listening = Listening(asr.transcribe, partials=lambda: False)

    async def main() -> list[int]:
        told: list[int] = []
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listening.recogniser.run())
            for _ in range(2):
                asr.takes_ms = next(stuck)
                await listening.hear(voice.says("one two three.", 1000))
                listening.recogniser.finish()
                await listening.hear(noise(1000) * (HELD // 16_000 + 20))
                told.append(len(listening.failures))
                asr.takes_ms = next(stuck, 50)
                await asyncio.sleep(200)
            running.cancel()
        return told

    assert run_virtual(main()) == [1, 2]
