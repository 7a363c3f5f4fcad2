"""What a kept phrase is called and how it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_tts import FakeTTS, tone

import hayakuchi.tts.cache_clip as module
from hayakuchi.core.types import Audio, Mark, MarkKind, SpeechRequest
from hayakuchi.tts import trim
from hayakuchi.tts.cache_clip import BrokenFile, Clip, Recording, decode, encode, fingerprint, key
from hayakuchi.tts.espeak import EspeakConfig
from hayakuchi.tts.openai import OpenAITTSConfig

REQUEST = SpeechRequest("Hmm.")
MARKS = (Mark(MarkKind.WORD, 0.0, "", 0, 3), Mark(MarkKind.PHONEME, 12.5, "ɛ"))


def clip(ms: float = 250) -> Clip:
    audio = tone(ms)
    return Clip(audio.pcm, audio.sample_rate, MARKS, len(audio.pcm) // 2 - 800)


def voice(config: object) -> FakeTTS:
    made = FakeTTS("a")
    made.config = config  # pyright: ignore[reportAttributeAccessIssue] as real voices have it
    return made


def test_a_clip_is_read_as_it_was_written() -> None:
    assert decode(encode(clip())) == clip()


@given(st.data())
def test_a_file_that_is_not_whole_is_refused(data: st.DataObject) -> None:
    whole = encode(clip(20))
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = (
        whole[:place] if data.draw(st.booleans()) else whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    )
    with pytest.raises(BrokenFile):
        decode(broken)


@pytest.mark.parametrize("data", [b"", b"RIFF", encode(clip()) + b"\0", encode(clip()) * 2])
def test_what_is_no_clip_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenFile):
        decode(data)


@pytest.mark.parametrize(("tail_ms", "ms"), [(None, 250), (0, 200), (20, 220), (500, 250)])
def test_one_clip_serves_every_tail(tail_ms: float | None, ms: float) -> None:
    pieces = list(clip().audio(tail_ms))
    assert sum(piece.duration_ms for piece in pieces) == ms
    assert [mark for piece in pieces for mark in piece.marks] == list(MARKS)


def test_whatever_changes_the_sound_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def key_now(sample_rate: int = 16_000, request: SpeechRequest = REQUEST, **settings: object) -> str:
        return key(fingerprint(voice(EspeakConfig.model_validate(settings))), sample_rate, request)

    keys = [
        key_now(),
        key_now(22_050),
        key_now(request=SpeechRequest("Hmm")),
        key_now(request=SpeechRequest("hmm.")),
        key_now(request=SpeechRequest("Hmm.", final=False)),
        key_now(voice="en-gb"),
        key_now(rate=176),
        key_now(voices={}),
        key(fingerprint(FakeTTS("a")), 16_000, REQUEST),
        key(fingerprint(FakeTTS("b")), 16_000, REQUEST),
    ]
    monkeypatch.setattr(trim, "VERSION", trim.VERSION + 1)
    keys.append(key_now())
    monkeypatch.setattr(module, "FORMAT", module.FORMAT + 1)
    keys.append(key_now())
    monkeypatch.setattr(module, "__version__", "999")
    keys.append(key_now())
    assert len(set(keys)) == len(keys)


def test_what_does_not_change_the_sound_does_not_change_the_key() -> None:
    fast, slow = voice(EspeakConfig()), voice(EspeakConfig(first_chunk_timeout=9, chunk_timeout=9))
    assert fingerprint(fast) == fingerprint(slow)
    print_ = fingerprint(fast)
    assert key(print_, 16_000, REQUEST) == key(print_, 16_000, replace(REQUEST, tail_ms=60))


def test_a_key_to_a_server_is_no_part_of_it() -> None:
    block = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "voice": "v"}
    prints = {
        fingerprint(voice(OpenAITTSConfig.model_validate({**block, "api_key": secret})))
        for secret in ("sk-one-secret", "sk-another-secret")
    }
    assert len(prints) == 1
    assert "secret" not in prints.pop()


def test_a_recording_holds_what_was_spoken() -> None:
    recording = Recording(16_000, 1.0)
    recording.spoken_by(FakeTTS("a"))
    for at_ms in (0, 300, 600):
        recording.add(replace(tone(300), marks=(Mark(MarkKind.WORD, at_ms, ""),)))
    done = recording.done(14_000)
    assert done is not None
    assert (done[0].name, done[1].seconds, [mark.at_ms for mark in done[1].marks]) == ("a", 0.9, [0, 300, 600])


def test_what_is_no_whole_short_clip_of_one_voice_is_not_recorded() -> None:
    long = Recording(16_000, 1.0)
    long.spoken_by(FakeTTS("a"))
    long.add(tone(600))
    long.add(tone(600))
    two, empty, failed = (Recording(16_000, 1.0) for _ in range(3))
    for recording in (two, two, empty, failed):
        recording.spoken_by(FakeTTS("a"))
    for recording in (two, failed):
        recording.add(tone(100))
    failed.given_up = True
    empty.add(Audio(b"\0\0", 16_000))
    assert [long.done(100), two.done(100), empty.done(0), failed.done(100)] == [None] * 4
