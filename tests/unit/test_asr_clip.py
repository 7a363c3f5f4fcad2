"""Clips as files and at other rates; and how long ones are cut for PocketSphinx."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from clip_files import tone

from hayakuchi.asr.clip import resampled, wav
from hayakuchi.asr.language_names import language_code, language_name
from hayakuchi.asr.pocketsphinx import PART_MS, cut
from hayakuchi.core.types import Audio


@pytest.mark.parametrize("clip", [tone(0.1), tone(0.25, 44_100), Audio(b"", 8_000)])
def test_a_wav_holds_the_clip(clip: Audio) -> None:
    file = wav(clip)
    with wave.open(io.BytesIO(file)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, clip.sample_rate)
        assert read.readframes(read.getnframes()) == clip.pcm
    assert int.from_bytes(file[4:8], "little") == len(file) - 8


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_length_and_level(rate: int) -> None:
    clip = resampled(tone(1.0, rate), 16_000)
    assert clip.sample_rate == 16_000
    assert clip.duration_ms == pytest.approx(1_000, abs=1)
    assert np.abs(np.frombuffer(clip.pcm, np.int16)).max() == pytest.approx(9_000, rel=0.05)


def test_what_has_the_rate_is_left_alone_and_nothing_stays_nothing() -> None:
    clip = tone(0.1)
    assert resampled(clip, 16_000) is clip
    assert resampled(Audio(b"", 8_000), 16_000).pcm == b""


@pytest.mark.parametrize("seconds", [0, 0.1, 9.9, 10, 10.01, 25, 60])
def test_a_long_clip_is_cut_and_nothing_is_lost(seconds: float) -> None:
    samples = np.random.default_rng(1).integers(-9_000, 9_000, int(seconds * 16_000), dtype=np.int16)
    parts = list(cut(samples))
    assert np.array_equal(np.concatenate([part for _, part in parts]), samples)
    assert all(len(part) <= PART_MS * 16 for _, part in parts)
    assert [at for at, _ in parts] == [sum(len(part) for _, part in parts[:n]) for n in range(len(parts))]


def test_a_long_clip_is_cut_where_it_is_quiet() -> None:
    samples = np.full(15 * 16_000, 5_000, np.int16)
    samples[7 * 16_000 : 7 * 16_000 + 4_000] = 3
    [(_, first), (at, _)] = cut(samples)
    assert 7 * 16_000 <= at <= 7 * 16_000 + 4_000
    assert len(first) == at


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[("en", "en"), ("EN-us", "en"), ("English", "en"), ("zh_TW", "zh"), ("haitian creole", "ht"), ("jw", "jv")],
        *[("javanese", "jv"), ("mandarin", "zh"), ("yue", "yue"), ("", None), ("xx", None), ("englisch", None)],
    ],
)
def test_languages_by_code_and_name(text: str, code: str | None) -> None:
    assert language_code(text) == code


def test_names_of_languages() -> None:
    assert [language_name(code) for code in ("en", "jv", "yue", "xx")] == ["english", "javanese", "cantonese", "xx"]
