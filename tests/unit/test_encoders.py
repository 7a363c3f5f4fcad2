"""Encoders: what they make is a file that sounds like what they were given, however it came."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from clip_files import tone
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sound_in import Sound, decoded, raw

from hayakuchi.core.types import Audio
from hayakuchi.gateway.audio.encoders import RATE, SoundFormat, encoder
from hayakuchi.gateway.audio.tempo import Tempo

FORMATS = list(SoundFormat)
EXACT = (SoundFormat.PCM, SoundFormat.WAV, SoundFormat.FLAC)
SAID = {SoundFormat.MP3: "mp3"}
"""What a listener knows from the type of the content; FFmpeg cannot tell it by a few frames."""


def parts_of(form: SoundFormat, pieces: Sequence[Audio]) -> list[bytes]:
    coding = encoder(form)
    return [*(coding.encode(piece) for piece in pieces), coding.finish()]


def sound_of(form: SoundFormat, file: bytes) -> Sound:
    return raw(file, RATE) if form is SoundFormat.PCM else decoded(file, SAID.get(form))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_as_long_and_as_loud_as_the_sound(form: SoundFormat, rate: int) -> None:
    clip = tone(1.7, rate)
    given = raw(clip.pcm, rate)
    made = sound_of(form, b"".join(parts_of(form, list(clip.split(100)))))
    assert made.duration_ms == pytest.approx(given.duration_ms, abs=50)
    assert made.energy == pytest.approx(given.energy, rel=0.1)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 12_000), max_size=12), length=st.integers(600, 12_000))
def test_how_it_is_cut_changes_nothing(form: SoundFormat, cuts: list[int], length: int) -> None:
    pcm = tone(0.5, RATE).pcm[: 2 * length]
    places = sorted({0, length, *(min(cut, length) for cut in cuts)})
    pieces = [Audio(pcm[2 * a : 2 * b], RATE) for a, b in pairwise(places)]
    whole = b"".join(parts_of(form, [Audio(pcm, RATE)]))
    cut = b"".join(parts_of(form, [*pieces, Audio(b"", RATE)]))
    if form in EXACT:
        assert cut == whole
    made = sound_of(form, cut)
    assert made.duration_ms == sound_of(form, whole).duration_ms
    assert abs(made.duration_ms - length * 1000 / RATE) <= 50


@pytest.mark.parametrize("form", FORMATS)
def test_the_first_tenth_of_a_second_brings_bytes(form: SoundFormat) -> None:
    assert len(encoder(form).encode(tone(0.1, RATE))) >= 80


@pytest.mark.parametrize("form", EXACT)
def test_a_change_of_rate_on_the_way(form: SoundFormat) -> None:
    pieces = [tone(0.3, 16_000), tone(0.2, 24_000), tone(0.3, 22_050)]
    assert sound_of(form, b"".join(parts_of(form, pieces))).duration_ms == pytest.approx(800, abs=5)


def test_the_header_of_a_wav_comes_once_and_promises_no_length() -> None:
    coding = encoder(SoundFormat.WAV)
    first = coding.encode(tone(0.1, RATE))
    assert first[:4] == b"RIFF"
    assert struct.unpack_from("<I", first, 4) == struct.unpack_from("<I", first, 40) == (0xFFFFFFFF,)
    assert struct.unpack_from("<HHIIHH", first, 20) == (1, 1, RATE, 2 * RATE, 2, 16)
    assert first[44:] == tone(0.1, RATE).pcm
    assert coding.encode(tone(0.1, RATE)) == tone(0.1, RATE).pcm
    assert coding.finish() == b""


@pytest.mark.parametrize("form", EXACT)
def test_samples_are_kept(form: SoundFormat) -> None:
    clip = tone(0.5, RATE)
    made = sound_of(form, b"".join(parts_of(form, list(clip.split(30)))))
    assert (made.duration_ms, made.rms) == pytest.approx((500, raw(clip.pcm, RATE).rms), abs=1e-6)


@pytest.mark.parametrize("speed", [0.25, 0.3, 0.5, 0.8, 1.25, 2.0, 4.0])
def test_tempo(speed: float) -> None:
    clip, tempo = tone(4.0, RATE), Tempo(speed, RATE)
    made = b"".join([*(tempo.feed(piece).pcm for piece in clip.split(70)), tempo.flush().pcm])
    sound = raw(made, RATE)
    assert sound.duration_ms == pytest.approx(4000 / speed, rel=0.02)
    assert sound.rms == pytest.approx(raw(clip.pcm, RATE).rms, rel=0.1)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 3000), max_size=10), speed=st.floats(0.25, 4))
@example(sizes=[1, 700, 1], speed=4.0)
def test_tempo_takes_pieces_of_any_size(sizes: list[int], speed: float) -> None:
    tempo, given_samples = Tempo(speed, RATE), sum(sizes)
    made = b"".join([*(tempo.feed(Audio(bytes(2 * size), RATE)).pcm for size in sizes), tempo.flush().pcm])
    assert abs(len(made) / 2 - given_samples / speed) <= 0.1 * RATE / min(speed, 1)
