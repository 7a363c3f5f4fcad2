import struct

import numpy as np
import pytest
from fake_openai import sine, wav_header
from hypothesis import example, given
from hypothesis import strategies as st

from hayakuchi.tts.openai_pcm import NotSpeech, PcmReader, is_mp3

PCM = sine(40)
MP3 = (b"\xff\xf3\x84\xc4" + b"\0" * 188) * 3  # MPEG 2 layer III, 64 kbit/s, 24 kHz: frames of 192 bytes


def chunks_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read(data: bytes, size: int = 1 << 30, *, wav_only: bool = False) -> tuple[bytes, int]:
    reader = PcmReader(24_000, wav_only=wav_only)
    parts = [reader.feed(chunk) for chunk in chunks_of(data, size)] + [reader.finish()]
    assert all(len(part) % 2 == 0 for part in parts)
    return b"".join(parts), reader.sample_rate


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 1 << 20])
def test_pcm_passes_unchanged(size: int):
    assert read(PCM, size) == (PCM, 24_000)
    assert read(PCM + b"\x07", size) == (PCM, 24_000)


def test_first_samples_are_passed_on_at_once():
    reader = PcmReader(24_000)
    assert reader.feed(b"\1\0\2\0\3") == b"\1\0\2\0"
    assert reader.feed(b"\0") == b"\3\0"
    wav = PcmReader(24_000)
    assert wav.feed(wav_header(0xFFFFFFFF, 22_050) + b"\1\0\2") == b"\1\0"
    assert wav.sample_rate == 22_050


LIST = struct.pack("<4sI", b"LIST", 5) + b"INFOx\0"
WRONG_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 7, 100, len(PCM) * 3)


@pytest.mark.parametrize("size", [1, 5, 44, 45, 1 << 20])
@pytest.mark.parametrize("declared", [len(PCM), *WRONG_SIZES])
def test_wav_whatever_its_sizes_say(size: int, declared: int):
    assert read(wav_header(declared, 16_000) + PCM, size) == (PCM, 16_000)


@pytest.mark.parametrize("size", [1, 3, 50, 1 << 20])
def test_wav_with_other_chunks(size: int):
    assert read(wav_header(len(PCM), extra=LIST) + PCM, size) == (PCM, 24_000)
    assert read(wav_header(len(PCM)) + PCM + LIST + LIST, size) == (PCM, 24_000)
    two = (wav_header(len(PCM)) + PCM) * 2
    assert read(two, size) == (PCM * 2, 24_000)


@pytest.mark.parametrize("size", [1, 3, 5, 1 << 20])
def test_stereo_is_mixed_down(size: int):
    left, right = np.frombuffer(PCM, "<i2"), np.full(len(PCM) // 2, 32_767, "<i2")
    stereo = np.column_stack((left, right)).astype("<i2").tobytes()
    mono, _ = read(wav_header(len(stereo), channels=2) + stereo, size)
    assert np.abs(np.frombuffer(mono, "<i2") - (left.astype(int) + right) / 2).max() <= 1


def test_wav_extensible():
    fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 24_000, 48_000, 2, 16, 22, 16, 4) + struct.pack("<H", 1) + b"\0" * 14
    header = b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + b"data\0\0\0\0"
    assert read(header + PCM)[0] == PCM


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"ID3\x04" + b"\0" * 50, "MP3"),
        (MP3, "MP3"),
        (b"OggS" + b"\0" * 50, "Ogg"),
        (b"fLaC" + b"\0" * 50, "FLAC"),
        (b'{"error": {"message": "no such voice"}}', "JSON"),
        (b'{"a":1}', "JSON"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (wav_header(8, bits=8) + PCM, "8-bit PCM"),
        (wav_header(8, bits=32, tag=3) + PCM, "32-bit float"),
        (wav_header(8, channels=6) + PCM, "6 channels"),
        (wav_header(8, tag=7) + PCM, "mu-law"),
        (wav_header(8, tag=0x55) + PCM, "format 85"),
        (b"RIFF\0\0\0\0AVI " + PCM, "not WAV"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + PCM, "format"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\1\0\1\0data\0\0\0\0", "broken header"),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\x7f", "broken header"),
        (wav_header(8)[:30], "broken off"),
        (b"RIFF\0\0", "broken off"),
    ],
)
@pytest.mark.parametrize("size", [1, 10, 1 << 20])
def test_what_is_not_speech_is_named(data: bytes, what: str, size: int):
    with pytest.raises(NotSpeech, match=what):
        read(data, size)


def test_wav_only():
    assert read(wav_header(len(PCM)) + PCM, wav_only=True)[0] == PCM
    for data in (PCM, b"\1\0"):
        with pytest.raises(NotSpeech, match="WAV"):
            read(data, wav_only=True)


def test_pcm_that_looks_a_little_like_mp3_or_text_is_pcm():
    for head in (b"\xff\xfb\x90\x00", b"\xff\xf3\x84\xc4", b"{\0\1\0", b"<\0\1\0", b"\xff\xff\xff\xff"):
        assert read(head + PCM)[0] == head + PCM
        assert read(head + PCM, 1)[0] == head + PCM
        assert read(head, 1)[0] == head


def test_mp3_needs_two_headers():
    assert is_mp3(MP3) is True
    assert is_mp3(MP3[:195]) is None
    assert is_mp3(MP3[:192] + PCM) is False
    assert is_mp3(b"\xff\xfb\x90\x00" + b"\0" * 413 + b"\xff\xfb\x90\x00") is True  # MPEG 1, 128 kbit/s, 44.1 kHz
    assert is_mp3(b"") is False


def test_nothing_in_nothing_out():
    assert read(b"") == (b"", 24_000)
    assert read(wav_header(0)) == (b"", 24_000)


@given(st.binary(max_size=300), st.integers(1, 40))
@example(b"RIFF" + b"\0" * 40, 3)
def test_any_cut_gives_the_same(data: bytes, size: int):
    results: list[object] = []
    for step in (size, 1 << 20):
        for head in (b"", wav_header(20, channels=2)):
            try:
                results.append(read(head + data, step))
            except NotSpeech as error:
                results.append(str(error))
    assert results[:2] == results[2:]
