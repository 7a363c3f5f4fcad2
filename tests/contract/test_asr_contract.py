"""What every recogniser promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from asr_subjects import DOUBLES, LISTENING, RATES, SENTENCE, SUBJECTS, spoken
from clip_files import tone
from leaks import nothing_leaks

from hayakuchi.asr import ASR
from hayakuchi.asr.base import Wishes
from hayakuchi.core.errors import ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.transcript import Transcript
from hayakuchi.core.types import Audio

SILENCE = Audio(bytes(64_000), 16_000)


HOLDING = [name for name in SUBJECTS if name not in DOUBLES]
"""Those that hold something to be let go of."""


@pytest.fixture(params=SUBJECTS, name="subject")
def _subject(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(name="asr")
async def _asr(subject: str) -> AsyncIterator[ASR]:
    async with nothing_leaks(), SUBJECTS[subject]() as provider:
        await provider.open()
        try:
            yield provider
        finally:
            await provider.aclose()


def check(transcript: Transcript, clip: Audio) -> None:
    """A transcript is well-formed."""
    assert transcript.text == transcript.text.strip()
    assert transcript.language is None or 2 <= len(transcript.language) <= 3
    assert transcript.no_speech is None or 0 <= transcript.no_speech <= 1
    assert transcript.log_probability is None or transcript.log_probability <= 0
    latest = 0.0
    for segment in transcript.segments:
        assert latest <= segment.start_ms <= segment.end_ms
        latest = segment.start_ms
    assert not transcript.segments or transcript.segments[0].start_ms <= clip.duration_ms


async def test_it_says_who_it_is(asr: ASR):
    provider_class: Any = type(asr)
    if hasattr(provider_class, "Config"):
        assert provider_class.Config.model_json_schema()["type"] == "object"
    assert asr.name
    assert isinstance(asr.deadlines, Deadlines)
    assert isinstance(asr.partials, bool)
    line = await asr.probe()
    assert line
    assert "\n" not in line


@pytest.mark.parametrize("rate", RATES)
async def test_clips_of_any_rate_are_understood(asr: ASR, subject: str, rate: int):
    clip = spoken(rate)
    transcript = await asr.transcribe(clip, language="en")
    check(transcript, clip)
    assert transcript.text
    if subject in LISTENING:
        assert transcript.text.lower().rstrip("?.") == SENTENCE.lower()
    check(await asr.transcribe(clip, language="en", partial=True), clip)


@pytest.mark.parametrize("samples", [0, 1, 2, 50, 400, 700])
async def test_what_is_too_short_for_a_word_is_nothing_and_no_failure(asr: ASR, samples: int):
    for rate in (8_000, 48_000):
        transcript = await asr.transcribe(Audio(bytes(2 * samples), rate), language="en")
        assert transcript.text == ""
        assert transcript.segments == ()


async def test_a_prompt_is_minded_or_ignored(asr: ASR):
    clip = spoken(16_000)
    check(await asr.transcribe(clip, language="en", wishes=Wishes("Hayakuchi, Live2D.")), clip)


async def test_silence_is_no_failure(asr: ASR, subject: str):
    transcript = await asr.transcribe(SILENCE, language="en")
    check(transcript, SILENCE)
    if subject in LISTENING:
        assert transcript.text == ""


async def test_noise_is_no_failure(asr: ASR):
    for clip in (tone(0.5), Audio(b"\xff\x7f\x00\x80" * 8_000, 16_000)):
        check(await asr.transcribe(clip, language="en"), clip)


async def test_a_minute_is_understood(asr: ASR, subject: str):
    one = spoken()
    pause = bytes(16_000)
    times = int(60_000 / (one.duration_ms + 500)) + 1
    clip = Audio((one.pcm + pause) * times, 16_000)
    transcript = await asr.transcribe(clip, language="en")
    check(transcript, clip)
    if subject == "pocketsphinx_asr":
        assert transcript.text.count("time") >= times * 0.8
        assert transcript.segments[-1].end_ms > 50_000


async def test_many_at_a_time(asr: ASR):
    clip = spoken()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asr.transcribe(clip, language="en", partial=n % 2 == 0)) for n in range(12)]
    assert len({task.result().text for task in tasks}) == 1
    assert tasks[0].result().text


async def test_what_was_heard_before_changes_nothing(asr: ASR):
    clip = spoken()
    first = await asr.transcribe(clip, language="en")
    await asr.transcribe(tone(2.0), language="en")
    again = await asr.transcribe(clip, language="en")
    assert (again.text, again.language, len(again.segments)) == (first.text, first.language, len(first.segments))


async def test_cancelling_leaves_it_usable(asr: ASR):
    clip = spoken()
    for wait_s in (0.0, 0.001, 0.02, 0.2):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asr.transcribe(clip, language="en")) for _ in range(4)]
            await asyncio.sleep(wait_s)
            for task in tasks:
                task.cancel()
    assert (await asr.transcribe(clip, language="en")).text


async def test_the_loop_goes_on_meanwhile(asr: ASR):
    """With a clip that takes long, a ticker gets its turns; how many depends on the machine, but never next to none."""
    clip = Audio(spoken().pcm * 6, 16_000)
    ticks = 0
    loop = asyncio.get_running_loop()
    longest = 0.0
    async with asyncio.TaskGroup() as group:
        began = loop.time()
        working = group.create_task(asr.transcribe(clip, language="en"))
        while not working.done():
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before)
            ticks += 1
    took = loop.time() - began
    assert ticks > 0
    if took > 1:
        assert longest < took / 2


async def test_open_and_close_twice(asr: ASR):
    await asr.open()
    assert (await asr.transcribe(spoken(), language="en")).text
    await asr.aclose()
    await asr.aclose()


@pytest.mark.parametrize("subject", HOLDING)
async def test_closing_while_it_listens_ends_what_runs(asr: ASR):
    clip = Audio(spoken().pcm * 6, 16_000)
    ended = 0
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:

        async def listen() -> None:
            nonlocal ended
            with suppress(ProviderError, asyncio.CancelledError):
                await asr.transcribe(clip, language="en")
            ended += 1

        for _ in range(3):
            group.create_task(listen())
        await asyncio.sleep(0.05)
        await asr.aclose()
    assert ended == 3


@pytest.mark.parametrize("subject", HOLDING)
async def test_use_after_close_is_refused_clearly(asr: ASR):
    await asr.aclose()
    with pytest.raises(ProviderError, match=r"not open|closed"):
        await asr.transcribe(spoken(), language="en")
    await asr.open()
    assert (await asr.transcribe(spoken(), language="en")).text


async def test_close_without_open(subject: str):
    before = len(psutil.Process().children())
    async with nothing_leaks(), SUBJECTS[subject]() as provider:
        await provider.aclose()
    assert len(psutil.Process().children()) == before


async def test_no_process_is_left(subject: str):
    before = len(psutil.Process().children())
    async with SUBJECTS[subject]() as provider:
        await provider.open()
        await provider.transcribe(spoken(), language="en")
        await provider.aclose()
    assert len(psutil.Process().children()) == before
