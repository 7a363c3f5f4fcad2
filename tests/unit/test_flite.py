"""The helpers for spoken test clips do what they say: everything that is measured with them rests on that."""

from __future__ import annotations

import wave
from pathlib import Path

import flite
import numpy as np
import pytest
from flite import RATE, bounds, duration_ms, requires_flite, silence, speech, to_floats, to_pcm, word_error_rate


def tone(ms: float, level: float = 0.3) -> bytes:
    return to_pcm(np.sin(np.arange(round(ms * RATE / 1000)) * 0.3) * level)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@requires_flite
def test_speech_is_a_clip_of_the_right_form_that_is_made_once():
    clip = speech("Tell me a story, please.")
    assert 1000 < duration_ms(clip) < 3000
    assert flite.speech_rms(clip) > 0.02
    assert speech("Tell me a story, please.") is clip
    assert speech("Tell me a story, please.", "slt") != clip


@requires_flite
@pytest.mark.parametrize(("text", "voice"), [("Hello", "nobody"), ("Hello", "kal"), ("  ", "rms")])
def test_what_flite_would_silently_get_wrong_is_refused(text: str, voice: str):
    with pytest.raises(ValueError, match="cannot say"):
        speech(text, voice)


@requires_flite
def test_a_text_that_looks_like_an_option_is_spoken():
    assert duration_ms(speech("-voice slt")) > 500


def test_without_flite_tests_are_skipped_or_fail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("HAYAKUCHI_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install flite"):
        speech("never said before")
    monkeypatch.setenv("HAYAKUCHI_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="apt install flite"):
        speech("never said before")


def test_bounds_and_trimming_find_the_speech():
    clip = silence(200) + tone(300) + silence(150) + tone(100) + silence(55)
    first, end = bounds(clip)
    assert abs(first - 0.2 * RATE) <= RATE / 100
    assert abs(end - 0.75 * RATE) <= RATE / 100
    assert duration_ms(flite.trimmed(clip)) == pytest.approx(550, abs=20)
    assert bounds(silence(100)) == bounds(b"") == (0, 0)
    assert bounds(tone(15)) == (0, len(tone(15)) // 2)


def test_a_pause_is_put_in_and_nothing_is_lost():
    clip = tone(100)
    paused = flite.with_pause(clip, 40, 500)
    assert duration_ms(paused) == 600
    cut = len(silence(40))
    assert paused == clip[:cut] + silence(500) + clip[cut:]


@pytest.mark.parametrize("pink", [False, True])
@pytest.mark.parametrize("snr_db", [20, 5])
def test_noise_has_the_ratio_to_the_speech_whatever_the_pauses(snr_db: float, pink: bool):
    clip = silence(1000) + tone(500) + silence(2000)
    noisy = flite.with_noise(clip, snr_db, pink=pink)
    added = to_floats(noisy) - to_floats(clip)
    assert 20 * np.log10(rms(to_floats(tone(500))) / rms(added)) == pytest.approx(snr_db, abs=0.3)
    assert noisy == flite.with_noise(clip, snr_db, pink=pink)
    assert noisy != flite.with_noise(clip, snr_db, pink=pink, seed=2)


def test_noise_needs_speech_to_be_measured_by():
    with pytest.raises(ValueError, match="no speech"):
        flite.with_noise(silence(100), 10)


def test_noise_alone_has_its_level_and_pink_noise_is_low_pitched():
    white, pink = (to_floats(flite.noise(2000, 0.1, pink=pink)) for pink in (False, True))
    assert rms(white) == pytest.approx(0.1, rel=0.05)
    assert rms(pink) == pytest.approx(0.1, rel=0.05)
    low = [float(np.sum(np.abs(np.fft.rfft(samples)[: samples.size // 32]) ** 2)) for samples in (white, pink)]
    assert low[1] > 5 * low[0]


def test_too_loud_a_mix_is_clipped_and_does_not_wrap():
    assert np.frombuffer(to_pcm(np.array([2.0, -2.0, 1.0])), "<i2").tolist() == [32767, -32768, 32767]


def test_files_keep_the_samples(tmp_path: Path):
    clip = tone(123)
    assert flite.read_wav(flite.write_wav(tmp_path / "clip.wav", clip)) == clip


def test_the_file_for_the_fake_microphone_is_48_khz_mono(tmp_path: Path):
    file = flite.write_microphone_wav(tmp_path / "mic.wav", tone(1000))
    with wave.open(str(file), "rb") as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (48_000, 1, 2)
        assert clip.getnframes() == 48_000
        assert rms(to_floats(clip.readframes(48_000))) == pytest.approx(rms(to_floats(tone(1000))), rel=0.02)


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("Hello, world!", "hello world", 0),
        ("the cat sat", "the cat", 1 / 3),
        ("the cat sat", "the big cat sat", 1 / 3),
        ("the cat sat", "a cat sat", 1 / 3),
        ("the cat sat", "", 1),
        ("no", "oh yes it is", 4),
        ("Don\N{RIGHT SINGLE QUOTATION MARK}t go", "don't go", 0),
        ("one two three four", "two three four one", 2 / 4),
    ],
)
def test_word_error_rate(reference: str, heard: str, rate: float):
    assert word_error_rate(reference, heard) == pytest.approx(rate)


def test_nothing_said_has_no_error_rate():
    with pytest.raises(ValueError, match="nothing was said"):
        word_error_rate("...", "words")
