"""A chain of voices with different sample rates."""

import numpy as np
import pytest
from scripted_tts import TEXT, FakeTTS, error, failures, length, read, sound, spoken, tone
from virtual import run_virtual

from hayakuchi.core.errors import Category
from hayakuchi.core.types import ProviderFailure
from hayakuchi.tts.fallback import FallbackTTS


def test_the_clip_has_one_rate_whoever_speaks() -> None:
    first, second = FakeTTS("a", rate=24_000), FakeTTS("b", rate=22_050)
    first.script = [*first.words(TEXT, 2), error()]
    chain = FallbackTTS([first, second])
    assert chain.sample_rate == 24_000
    got = run_virtual(read(chain))
    assert {audio.sample_rate for audio in sound(got)} == {24_000}
    assert length(got) == pytest.approx(800, abs=1)
    assert [text for _, text in spoken(got)] == ["one", "two", "three", "four"]
    assert [at for at, _ in spoken(got)] == pytest.approx([0, 200, 400, 600])


def test_resampled_sound_is_the_same_sound_and_marks_are_not_late() -> None:
    first = FakeTTS("a", rate=22_050)
    got = run_virtual(read(FallbackTTS([first], sample_rate=48_000)))
    begin = 0.0
    for audio in sound(got):
        assert all(mark.at_ms >= begin for mark in audio.marks)
        begin += audio.duration_ms
    assert begin == pytest.approx(800, abs=1)
    samples = np.frombuffer(b"".join(audio.pcm for audio in sound(got)), np.int16)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 48_000 / samples.size == pytest.approx(220, abs=3)
    assert np.sqrt(np.mean(samples.astype(float) ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.02)


def test_a_resampled_voice_that_fails_gives_out_what_it_gave() -> None:
    first, second = FakeTTS("a", rate=22_050), FakeTTS("b", rate=22_050)
    first.script = [*first.words(TEXT, 2), error()]
    got = run_virtual(read(FallbackTTS([first, second], sample_rate=16_000)))
    assert second.texts == ["three four"]
    assert length(got) == pytest.approx(800, abs=1)


def test_a_resampled_clip_that_is_given_up_is_given_out_to_its_end() -> None:
    first = FakeTTS("a", tone(1100, rate=22_050), error())
    got = run_virtual(read(FallbackTTS([first, FakeTTS("b")], sample_rate=16_000)))
    assert failures(got) == [(Category.UNAVAILABLE, None)]
    assert isinstance(got[-1], ProviderFailure)
    assert length(got) == pytest.approx(1100, abs=1)


def test_a_voice_may_change_its_rate_within_a_clip() -> None:
    first = FakeTTS("a", tone(300, rate=22_050), tone(300, rate=44_100), tone(300, rate=16_000), tone(300, rate=8000))
    got = run_virtual(read(FallbackTTS([first])))
    assert {audio.sample_rate for audio in sound(got)} == {16_000}
    assert length(got) == pytest.approx(1200, abs=2)
