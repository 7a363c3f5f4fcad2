import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.errors import ProtocolError
from hayakuchi.core.events import (
    AudioSent,
    Kept,
    LatencyBreached,
    LatencyMeasured,
    ProviderFailed,
    SegmentReady,
    SessionEvent,
    SpeechEnded,
    SpeechStarted,
    ToolUsed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from hayakuchi.core.tool_use import ToolStatus
from hayakuchi.core.types import Audio, Segment, UserInput
from hayakuchi.live2d_bridge.wire import MIC_KIND, AudioFrame, MicFrame, encode_event

SEGMENT = Segment(3, "Hello! ", "Hello!", expressions=("joy", "smirk"))

EVENTS: list[tuple[SessionEvent, dict[str, Any] | None]] = [
    (TurnStarted(7, UserInput("Hi", "Ann")), {"type": "turn.started", "turn": 7, "heard": "Hi", "viewer": "Ann"}),
    (TurnStarted(7, None), {"type": "turn.started", "turn": 7, "heard": None, "viewer": None}),
    (SegmentReady(7, SEGMENT), {"type": "segment.ready", "turn": 7, "segment": 3, "text": "Hello! "}),
    (
        SpeechStarted(7, SEGMENT, 1250.5, silent=False),
        {"type": "segment.started", "turn": 7, "segment": 3, "text": "Hello! ", "at_ms": 1250.5, "silent": False,
         "expressions": ["joy", "smirk"]},
    ),
    (
        SpeechStarted(7, Segment(4, "🌸", ""), 2000, silent=True),
        {"type": "segment.started", "turn": 7, "segment": 4, "text": "🌸", "at_ms": 2000, "silent": True, "expressions": []},
    ),
    (AudioSent(7, 3, 0, Audio(b"", 22050)), None),
    (SpeechEnded(7, 3, 1900.0), {"type": "segment.ended", "turn": 7, "segment": 3, "at_ms": 1900.0}),
    (
        ToolUsed(7, "call_1", "weather", ToolStatus.COMPLETED, "23 degrees"),
        {"type": "tool", "turn": 7, "id": "call_1", "name": "weather", "status": "completed", "content": "23 degrees"},
    ),
    (
        ProviderFailed(7, "tts", "edge_tts", "tts.timeout", True, "no first answer within 2 s", "espeak_tts"),
        {"type": "provider.failed", "turn": 7, "kind": "tts", "provider": "edge_tts", "code": "tts.timeout",
         "message": "no first answer within 2 s", "fallback": "espeak_tts"},
    ),
    (
        LatencyMeasured(7, {"first_audio": 212.0}, {"llm": 150.0, "cut": 2.0}, {"end_of_turn": 800.0}),
        {"type": "latency", "turn": 7, "figures": {"first_audio": 212.0}, "stages": {"llm": 150.0, "cut": 2.0},
         "hearing": {"end_of_turn": 800.0}},
    ),
    (
        LatencyBreached(7, "first_audio", 900.0, 500.0, "llm"),
        {"type": "latency.breached", "turn": 7, "figure": "first_audio", "value_ms": 900.0, "threshold_ms": 500.0,
         "stage": "llm"},
    ),
    (
        TurnEnded(7, TurnStatus.FAILED, "Hello! ", "Hello", "llm.auth", "the key is wrong", (Kept(12, "user", (8, 12)),)),
        {"type": "turn.ended", "turn": 7, "status": "failed", "reply": "Hello! ", "heard_reply": "Hello",
         "code": "llm.auth", "message": "the key is wrong",
         "kept": [{"id": 12, "role": "user", "siblings": [8, 12]}]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("event", "message"), EVENTS, ids=lambda value: type(value).__name__)
def test_events_are_the_messages_of_the_protocol(event: SessionEvent, message: dict[str, Any] | None) -> None:
    encoded = encode_event(event)
    assert encoded == message
    assert json.loads(json.dumps(encoded)) == message


def test_stages_keep_their_order() -> None:
    stages = {"llm_first_token": 1.0, "cut": 2.0, "a_last_one": 3.0}
    encoded = encode_event(LatencyMeasured(1, {}, stages))
    assert encoded is not None
    assert list(encoded["stages"]) == list(stages)


def test_a_frame_has_the_documented_layout() -> None:
    data = AudioFrame(0x01020304, 5, 6, 2, 7, bytes(range(7)), b"\x01\x02\x03\x04").encode()
    assert data[:24] == bytes((1, 0, 5, 0, 4, 3, 2, 1, 6, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0))
    assert data[24:] == bytes(range(7)) + b"\0" + b"\x01\x02\x03\x04"


def audio_frames() -> st.SearchStrategy[AudioFrame]:
    u32 = st.integers(0, 2**32 - 1)

    def build(samples: int, lips: int, pcm: bool, seed: int, numbers: tuple[int, int, int, int]) -> AudioFrame:
        turn, segment, position, lip_start = numbers
        fill = bytes((seed + index) % 256 for index in range(max(7 * lips, 2 * samples)))
        return AudioFrame(
            turn, segment, position, samples, lip_start, fill[: 7 * lips], fill[: 2 * samples] if pcm else b""
        )

    numbers = st.tuples(u32, st.integers(0, 2**16 - 1), u32, u32)
    return st.builds(build, st.integers(0, 500), st.integers(0, 9), st.booleans(), st.integers(0, 255), numbers)


@settings(deadline=None)
@given(audio_frames())
def test_frames_come_back_as_they_were(frame: AudioFrame) -> None:
    assert AudioFrame.decode(frame.encode()) == frame
    mute = AudioFrame.decode(frame.encode(sound=False))
    assert mute.pcm == b""
    assert (mute.samples, mute.lips, mute.position) == (frame.samples, frame.lips, frame.position)
    assert (len(frame.encode()) - len(frame.pcm)) % 2 == 0


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_wild_bytes_are_a_frame_or_a_protocol_error(data: bytes) -> None:
    for candidate in (data, b"\x01\0" + data):
        with suppress(ProtocolError):
            frame = AudioFrame.decode(candidate)
            assert len(frame.encode()) == len(candidate)


@settings(deadline=None)
@given(audio_frames(), st.data())
def test_a_cut_frame_is_refused(frame: AudioFrame, data: st.DataObject) -> None:
    encoded = frame.encode()
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    if len(cut) == len(frame.encode(sound=False)):
        assert AudioFrame.decode(cut).pcm == b""
    else:
        with pytest.raises(ProtocolError):
            AudioFrame.decode(cut)


def test_an_unknown_kind_of_frame_is_refused() -> None:
    with pytest.raises(ProtocolError, match="kind of binary frame: 9"):
        AudioFrame.decode(struct.pack("<B23x", 9))


@pytest.mark.parametrize(
    "frame",
    [
        AudioFrame(1, 65536, 0, 0, 0, b""),
        AudioFrame(-1, 0, 0, 0, 0, b""),
        AudioFrame(1, 0, 2**32, 0, 0, b""),
        AudioFrame(1, 0, 0, 0, 0, bytes(7 * 65536)),
        AudioFrame(1, 0, 0, 0, 0, bytes(6)),
        AudioFrame(1, 0, 0, 3, 0, b"", bytes(4)),
    ],
)
def test_a_frame_that_cannot_be_written_is_an_error_of_the_caller(frame: AudioFrame) -> None:
    with pytest.raises(ValueError, match=r"fit|whole frames"):
        frame.encode()


def test_a_frame_of_the_microphone_has_the_documented_layout() -> None:
    assert MicFrame(0x01020304, b"\x05\x06").encode() == b"\x02\0\0\0\x04\x03\x02\x01\x05\x06"


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.binary(min_size=2, max_size=700).filter(lambda pcm: len(pcm) % 2 == 0))
def test_frames_of_the_microphone_come_back_as_they_were(position: int, pcm: bytes) -> None:
    assert MicFrame.decode(MicFrame(position, pcm).encode()) == MicFrame(position, pcm)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "header of 8 bytes"),
        (bytes((MIC_KIND,)), "header of 8 bytes"),
        (MicFrame(0, b"").encode(), "and samples"),
        (MicFrame(0, b"\0").encode(), "and samples"),
        (MicFrame(0, b"\0" * 3).encode(), "whole samples"),
        (MicFrame(0, b"\0" * 32_002).encode(), "at most 16000 samples"),
        (b"\x01" + MicFrame(0, b"\0\0").encode()[1:], "unknown kind"),
    ],
)
def test_malformed_frames_of_the_microphone_say_what_is_wrong(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        MicFrame.decode(data)


@pytest.mark.parametrize("position", [-1, 2**32])
def test_positions_that_no_frame_holds_are_refused(position: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        MicFrame(position, b"\0\0").encode()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_wild_bytes_are_a_frame_of_the_microphone_or_a_protocol_error(data: bytes) -> None:
    for candidate in (data, b"\x02" + data):
        with suppress(ProtocolError):
            frame = MicFrame.decode(candidate)
            assert len(frame.encode()) == len(candidate)
