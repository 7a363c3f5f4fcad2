"""What a listener hears of the real server when somebody speaks, coughs, or says that they listen. Real time, nothing timed."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
from flite import requires_flite

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.benchmarks.talking import sounds
from hayakuchi.benchmarks.talking.readers import Reader, mishear, words_between
from hayakuchi.benchmarks.talking.scenes import Outcome, Scene, Stand, all_of
from hayakuchi.benchmarks.talking.server import STORY, Model, Voice, serving, settings_for
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS


@asynccontextmanager
async def stand(reply: Callable[[str], str] = lambda said: STORY, voice: Any = None) -> AsyncIterator[Stand]:
    reader = Reader(60.0)
    async with serving(settings_for(Model(reply), voice or Voice(), reader, EarsSettings())) as (url, engine):
        yield Stand(url, engine, reader)


async def played(scenes: Sequence[Scene]) -> list[Outcome]:
    return await all_of(scenes, 5, lambda done: None)


@requires_flite
async def test_interruptions_stop_her_and_what_was_heard_until_then_is_what_was_sent() -> None:
    async with stand() as here:
        clips = [clip for clip in sounds.interruptions(24, seed=5) if len(clip.words) > 4][:4]
        outcomes = await played([partial(here.play, clip) for clip in clips])
    assert len(outcomes) == 4
    assert [one.understood for one in outcomes if not one.stopped] == []
    assert all(one.silent_ms <= one.stopped_ms for one in outcomes)
    assert not any(one.lost for one in outcomes)


async def test_signs_of_listening_and_coughs_hold_her_at_most_and_no_sample_is_lost() -> None:
    async with stand() as here:
        clips = [*await sounds.signs_elsewhere(5, seed=3), *sounds.coughs(5, seed=3)]
        outcomes = await played([partial(here.play, clip) for clip in clips])
    assert [one.understood for one in outcomes if one.stopped] == []
    assert all(one.completed for one in outcomes)
    assert sum(len(one.held_ms) for one in outcomes) >= 5
    assert [one.name for one in outcomes if one.lost] == []


async def test_her_own_voice_in_the_microphone_stops_her_never() -> None:
    lines = (
        "I watched your stream last night, and I really liked the new song. My cat knocked a glass off the table.",
        "The train was late again, so I missed the first half of the concert. We will stay at home tomorrow.",
    )
    async with stand(lambda said: said, EspeakTTS(EspeakConfig())) as here:
        rooms = [(60.0, -8.0, 0.3), (220.0, -12.0, 0.1)]
        scenes = [
            partial(here.echo, line, *room, seed) for seed, (line, room) in enumerate(zip(lines, rooms, strict=True))
        ]
        outcomes = await played(scenes)
    assert [one.understood for one in outcomes if one.stopped] == []
    assert all(one.completed for one in outcomes)
    assert not any(one.lost for one in outcomes)
    assert any(one.held_ms for one in outcomes), "no echo was loud enough to be taken for a voice"


def test_the_onset_of_a_sound_is_where_it_can_be_heard() -> None:
    chance = random.Random(1)
    for clip in sounds.coughs(20, seed=1):
        assert 0 <= clip.onset <= 160
        silent = sounds.Clip(clip.name, np.concatenate([np.zeros(1600, np.float32), clip.sound]), ())
        assert silent.onset - clip.onset == 1600
    assert mishear("one two three", 0.0, chance) == "one two three"


@pytest.mark.parametrize(
    ("begin", "end", "text"), [(0, 100, "one two"), (0, 60, "one"), (26, 200, "two"), (101, 200, "")]
)
def test_a_script_reads_what_is_in_the_clip(begin: int, end: int, text: str) -> None:
    assert words_between([(0, 50, "one"), (50, 100, "two")])(begin, end) == text
