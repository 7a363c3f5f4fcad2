"""What an item's sound is made of: the file, its volumes, where it can be cut, and which words go where."""

from __future__ import annotations

import base64
import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import Mark, MarkKind, Segment
from hayakuchi.gateway.open_llm_vtuber.cut_points import loudest, pauses, quiet_end, quietest
from hayakuchi.gateway.open_llm_vtuber.delivery import Delivery
from hayakuchi.gateway.open_llm_vtuber.item import Item
from hayakuchi.gateway.open_llm_vtuber.shares import text_end, word_end
from hayakuchi.gateway.open_llm_vtuber.volumes import volumes
from hayakuchi.gateway.open_llm_vtuber.wav import wav, wav_base64

RATE = 16_000
PER_MS = RATE // 1000


def sound(ms: float, amplitude: float = 8000) -> np.ndarray:
    count = int(ms * PER_MS)
    return (np.sin(np.arange(count) * 2 * np.pi * 440 / RATE) * amplitude).astype(np.int16)


def hush(ms: float, noise: float = 10) -> np.ndarray:
    return np.random.default_rng(1).normal(0, noise, int(ms * PER_MS)).astype(np.int16)


def join(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts)


# The file.


@given(
    st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]),
    st.sampled_from([8000, 16_000, 24_000, 48_000]),
)
def test_a_wav_is_plain_and_its_sizes_are_true(pcm: bytes, rate: int) -> None:
    made = wav(pcm, rate)
    assert made[:4] == b"RIFF"
    assert made[8:16] == b"WAVEfmt "
    assert struct.unpack_from("<I", made, 4)[0] == len(made) - 8
    assert struct.unpack_from("<IHHIIHH", made, 16) == (16, 1, 1, rate, rate * 2, 2, 16)
    assert made[36:40] == b"data"
    assert struct.unpack_from("<I", made, 40)[0] == len(pcm) == len(made) - 44
    with wave.open(io.BytesIO(base64.b64decode(wav_base64(pcm, rate)))) as clip:
        assert (clip.getnchannels(), clip.getsampwidth(), clip.getframerate()) == (1, 2, rate)
        assert clip.readframes(clip.getnframes()) == pcm


# Volumes.


def test_volumes_are_between_0_and_1_for_each_20_ms() -> None:
    found = volumes(join(sound(100), hush(100, 0), sound(55, 4000)).tobytes(), RATE)
    assert len(found) == 13
    assert max(found) == 1
    assert found[5:10] == [0] * 5
    assert found[10] == pytest.approx(0.5, abs=0.02)
    assert found[12] == pytest.approx(0.5 * (15 / 20) ** 0.5, abs=0.02)


def test_what_is_faint_throughout_stays_faint() -> None:
    assert max(volumes(hush(100, 20).tobytes(), RATE)) < 0.1


@given(st.binary(max_size=2000).map(lambda data: data[: len(data) // 2 * 2]))
def test_volumes_are_numbers_of_any_sound(pcm: bytes) -> None:
    found = volumes(pcm, 8000)
    assert len(found) == -(-len(pcm) // 2 // 160)
    assert all(0 <= volume <= 1 for volume in found)


def test_an_item_becomes_a_message() -> None:
    shown, doing = {"text": "Hi", "name": "Kiyo", "avatar": ""}, {"expressions": [3]}
    message = Item("Hi", ("joy",), sound(50).tobytes(), 0, 50).message(RATE, shown, doing)
    assert base64.b64decode(message["audio"]) == wav(sound(50).tobytes(), RATE)
    assert (len(message["volumes"]), message["slice_length"]) == (3, 20)
    assert (message["display_text"], message["actions"], message["forwarded"]) == (shown, doing, False)
    silent = Item("Hi", (), None, 0, 0).message(RATE, shown, None)
    assert (silent["audio"], silent["volumes"], silent["actions"]) == (None, [], None)


# Where a clip can be cut.


@pytest.mark.parametrize("noise", [0, 10, 60])
@pytest.mark.parametrize("amplitude", [4000, 20_000])
def test_pauses_are_found_whatever_the_noise_of_the_room(noise: float, amplitude: float) -> None:
    clip = join(hush(100, noise), sound(300, amplitude), hush(120, noise), sound(200, amplitude), hush(400, noise))
    [pause] = pauses(clip, RATE)
    assert pause.start / PER_MS == pytest.approx(400, abs=6)
    assert pause.end / PER_MS == pytest.approx(520, abs=6)


def test_a_closed_mouth_is_no_pause() -> None:
    assert pauses(join(sound(300), hush(60), sound(300)), RATE) == []


def test_a_whisper_is_no_pause() -> None:
    assert pauses(join(sound(300, 20_000), sound(200, 700), sound(300, 20_000)), RATE) == []


def test_what_was_heard_before_tells_what_is_quiet() -> None:
    faint = join(hush(50, 100), hush(100, 40), hush(50, 100))
    assert quiet_end(faint, RATE) == 0
    assert quiet_end(faint, RATE, known=loudest(sound(50, 12_000), RATE)) == len(faint)


@pytest.mark.parametrize("clip", [np.zeros(0, np.int16), hush(3), hush(500), np.zeros(4000, np.int16)])
def test_without_voice_there_is_no_pause(clip: np.ndarray) -> None:
    assert pauses(clip, RATE) == []
    assert quiet_end(clip, RATE) == 0


@given(st.integers(0, 3000), st.integers(1, 40))
def test_the_silent_end_has_no_voice_in_it(silence: int, voice: int) -> None:
    clip = join(sound(50), np.zeros(silence, np.int16), np.full(voice, 9000, np.int16))
    assert quiet_end(clip, RATE) == 0
    assert quiet_end(clip[:-voice], RATE) <= silence


def test_the_quietest_point_is_near_zero() -> None:
    clip = join(sound(200), sound(30, 500), sound(200))
    at = quietest(clip, RATE, 100 * PER_MS, 400 * PER_MS)
    assert 200 <= at / PER_MS <= 230
    assert abs(int(clip[at])) < 200


def test_of_places_that_are_as_quiet_the_last_one_is_taken() -> None:
    assert quietest(sound(1000), RATE, 400 * PER_MS, 800 * PER_MS) > 780 * PER_MS


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_quietest_point_is_where_it_was_looked_for(one: int, other: int) -> None:
    start, end = sorted((one, other))
    assert start <= quietest(sound(40), RATE, start, end) <= end


# How fast a voice is.


def test_the_speed_of_a_voice_is_learnt() -> None:
    delivery = Delivery()
    for clip in range(5):
        delivery.begin("some words that are spoken")
        for piece in range(20):
            delivery.came(100, clip * 5000 + piece * 60)
        delivery.end()
    assert delivery.rtf == pytest.approx(0.6, abs=0.02)
    delivery.begin("some words that are spoken")
    assert delivery.length_ms == pytest.approx(2000, rel=0.05)
    delivery.came(100, 50_000)
    assert delivery.complete_at(50_000) == pytest.approx(50_000 + 1900 * 0.6, rel=0.05)


def test_a_voice_that_gives_whole_clips_takes_no_time() -> None:
    delivery = Delivery()
    for _ in range(3):
        delivery.begin("some words")
        delivery.came(500, 100)
        delivery.came(4000, 100)
        delivery.end()
    assert delivery.rtf < 0.01


# Which words go where.


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("Hello there, you.", 2, "Hello "),
        ("Hello there, you.", 5, "Hello "),
        ("Hello there, you.", 6, "Hello "),
        ("Hello there, you.", 7, "Hello there, "),
        ("Hello there, you.", 99, "Hello there, you."),
        ("It's me.", 1, "It's "),
        ("Wait (really) now.", 4, "Wait "),
        ("Wait (really) now.", 7, "Wait (really) "),
        ("“Oh,” she said.", 0, "“Oh,” "),
        ("今天天气很好。", 2, "今天"),
        ("今天，天气很好。", 2, "今天，"),
        ("…", 0, "…"),
        ("", 0, ""),
    ],
)
def test_a_word_is_never_divided(text: str, place: int, found: str) -> None:
    assert text[: word_end(text, place)] == found


def test_words_that_begin_at_the_cut_come_after_it() -> None:
    segment = Segment(0, "*Well* then, go.", "Well then, go.")
    words = [Mark(MarkKind.WORD, at, "", start, length) for at, start, length in ((0, 0, 4), (400, 5, 4), (900, 11, 2))]
    assert segment.display[: text_end(segment, words, 410, 1200)] == "*Well* "
    assert segment.display[: text_end(segment, words, 600, 1200)].startswith("*Well* then,")


@given(st.text(max_size=40), st.floats(0, 3000), st.integers(0, 60))
def test_the_place_is_within_the_text(text: str, cut_ms: float, place: int) -> None:
    assert 0 <= word_end(text, place) <= len(text)
    assert 0 <= text_end(Segment(0, text, text.strip()), (), cut_ms, 1000) <= len(text)
