"""Real speech, trimmed: soft beginnings are whole, endings are as short as asked, and a second run remembers the first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from espeak_clips import Clip, block, say, speaking
from leaks import nothing_leaks
from tts_subjects import collect, pcm_of

from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.espeak import EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.phrase_cache import CachedTTS
from hayakuchi.tts.trim import Trimmer

SOFT = (
    "Sally sells sea shells.",
    "Finally, fish.",
    "Hello there.",
    "Thin things.",
    "Sure.",
    "Hmm.",
    "你好。",
    "ふうん。",
)
INAUDIBLE = 33.0
"""-60 dBFS"""


def trimmed(clip: Clip, tail_ms: float | None) -> np.ndarray:
    trimmer = Trimmer(clip.pieces[0].sample_rate, tail_ms=tail_ms)
    pieces = [audio for piece in clip.pieces for audio in trimmer.feed(piece)]
    return np.frombuffer(pcm_of([*pieces, *trimmer.flush()]), np.int16).astype(float)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0


@pytest.mark.parametrize("text", SOFT)
async def test_nothing_of_the_speech_is_cut_off(text: str) -> None:
    async with speaking(block()) as voice:
        clip = await say(voice, text)
    whole, kept = clip.samples, trimmed(clip, 0)
    start = whole.tobytes().find(kept.tobytes()) // whole.itemsize
    assert start >= 0
    assert rms(whole[:start]) < INAUDIBLE
    loudest = max(rms(part) for part in np.array_split(whole, len(whole) // 110))
    lost = whole[start + len(kept) :]
    assert rms(lost) < max(loudest / 100, INAUDIBLE)
    assert len(kept) > 0.8 * len(whole)


async def test_silence_in_the_middle_is_kept() -> None:
    async with speaking(block()) as voice:
        clip = await say(voice, "Well. Hello there.")
    kept = trimmed(clip, 0)
    windows = [rms(part) < INAUDIBLE for part in np.array_split(kept, len(kept) // 110)]
    assert sum(windows) * 5 > 100, "the pause between the sentences, in ms"


async def test_the_next_run_remembers(tmp_path: Path) -> None:
    request = SpeechRequest("Well, well.", tail_ms=60)
    heard: list[bytes] = []
    figures = []
    for _ in range(2):
        async with nothing_leaks():
            voice = CachedTTS(FallbackTTS([EspeakTTS(block())]), CacheSettings(folder=str(tmp_path)))
            try:
                await voice.open()
                heard += [pcm_of(await collect(voice, request)) for _ in range(2)]
                figures.append(voice.snapshot())
            finally:
                await voice.aclose()
    assert len(set(heard)) == 1
    assert [(one["hits"], one["disk_hits"], one["misses"]) for one in figures] == [(1, 0, 1), (2, 1, 0)]
    assert figures[1]["disk_bytes"] > 0
