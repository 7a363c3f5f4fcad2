"""Uploaded sound becomes the audio that recognisers hear, and hostile files become clear errors."""

from __future__ import annotations

import asyncio
import random
import struct
import threading
from contextlib import suppress

import numpy as np
import pytest
from clip_files import KINDS, sound_file, wav_file

from hayakuchi.asr.clip_file import ClipError, ClipProblem, decode, read_clip

LONG_S = 1800


def read(file: bytes, longest_s: float = LONG_S) -> np.ndarray:
    clip = read_clip(file, longest_s, threading.Event())
    assert clip.sample_rate == 16_000
    return np.frombuffer(clip.pcm, np.int16)


def pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / 16_000)[spectrum.argmax()])


def problem_of(file: bytes, longest_s: float = LONG_S) -> ClipProblem:
    with pytest.raises(ClipError) as caught:
        read_clip(file, longest_s, threading.Event())
    assert str(caught.value)
    return caught.value.problem


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", ["mono", "stereo"])
def test_every_format_becomes_mono_at_16_khz(kind: str, channels: str) -> None:
    samples = read(sound_file(kind, 1.0, channels))
    assert 0.95 <= len(samples) / 16_000 <= 1.15
    assert pitch(samples) == pytest.approx(440, abs=3)
    assert 3_000 < np.abs(samples).max() < 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_of_a_file_that_was_cut_off_is_heard_or_refused(kind: str) -> None:
    file = sound_file(kind, 2.0)
    left = file[: len(file) * 2 // 3]
    if kind == "m4a":  # its index is at the end
        assert problem_of(left) is ClipProblem.UNKNOWN_FORMAT
        return
    samples = read(left)
    assert 0.5 < len(samples) / 16_000 < 2
    assert pitch(samples) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        bytes(5_000),
        b"hello there, how are you? " * 50,
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"%PDF-1.7\n" + bytes(500),
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\n",
        b"<?xml version='1.0'?><MPD><Period/></MPD>",
        wav_file()[:20],
    ],
    ids=["empty", "zeros", "text", "png", "pdf", "hls file", "hls http", "concat", "sdp", "dash", "half a header"],
)
def test_what_is_no_sound_is_refused(file: bytes) -> None:
    assert problem_of(file) in (ClipProblem.UNKNOWN_FORMAT, ClipProblem.DAMAGED)


def test_a_clip_that_is_too_long_is_refused_while_it_is_decoded() -> None:
    assert len(read(wav_file(3.0), longest_s=3)) == 48_000
    assert problem_of(wav_file(3.1), longest_s=3) is ClipProblem.TOO_LONG
    assert problem_of(sound_file("flac", 4.0), longest_s=3) is ClipProblem.TOO_LONG


def test_silence_that_was_packed_tight_is_bounded() -> None:
    """A few bytes in flac or opus are seconds of sound."""
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, 4000, 4000, 1, 8, b"data", 10**7)
    assert problem_of(header + bytes(10**7), longest_s=60) is ClipProblem.TOO_LONG


@pytest.mark.parametrize("rate", [0, 1, 3_999, 400_000, 2**31 - 1])
def test_impossible_rates_are_refused(rate: int) -> None:
    file = bytearray(wav_file())
    file[24:28] = struct.pack("<I", rate)
    assert problem_of(bytes(file)) in (ClipProblem.DAMAGED, ClipProblem.UNKNOWN_FORMAT)


def test_no_samples_are_an_empty_clip() -> None:
    assert len(read(wav_file(0.0))) == 0


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_whose_sizes_are_not_known_is_read_to_its_end(size: int) -> None:
    file = bytearray(wav_file(1.0))
    file[4:8] = struct.pack("<I", size)
    file[40:44] = struct.pack("<I", size or 0xFFFFFFFF)
    assert len(read(bytes(file))) == 16_000


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_do_no_harm(kind: str) -> None:
    rng = random.Random(kind)
    good = sound_file(kind, 0.3)
    for _ in range(60):
        file = bytearray(good)
        for _ in range(rng.choice((1, 4, 40))):
            file[rng.randrange(min(len(file), rng.choice((60, 600, len(file)))))] = rng.randrange(256)
        cut = bytes(file[: rng.randrange(len(file))]) if rng.random() < 0.3 else bytes(file)
        samples = np.empty(0)
        with suppress(ClipError):
            samples = read(cut, longest_s=20)
        assert len(samples) <= 20 * 16_000 + 1_000


async def test_decoding_does_not_block_the_loop_and_can_be_cancelled() -> None:
    file = sound_file("mp3", 30.0)
    ticks = 0
    async with asyncio.TaskGroup() as group:
        decoding = group.create_task(decode(file, longest_s=LONG_S))
        while not decoding.done():
            ticks += 1
            await asyncio.sleep(0.001)
    assert ticks > 3
    assert decoding.result().duration_ms == pytest.approx(30_000, abs=200)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await decode(file, longest_s=LONG_S)


def test_a_thread_that_nobody_waits_for_ends_early() -> None:
    unwanted = threading.Event()
    unwanted.set()
    assert len(read_clip(wav_file(60.0), LONG_S, unwanted).pcm) == 0
