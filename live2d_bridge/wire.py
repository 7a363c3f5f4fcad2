"""The stage protocol as bytes and text, and nothing else: no sockets, no state.

``docs/stage-protocol.md`` is the specification; what a page says is read in ``client_messages``. A malformed frame raises
ProtocolError and nothing else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from ..core.errors import ProtocolError
from ..core.events import (
    AudioSent,
    LatencyBreached,
    LatencyMeasured,
    ProviderFailed,
    SegmentReady,
    SessionEvent,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    ToolUsed,
    TurnEnded,
    TurnStarted,
    VoiceHeard,
    WordsHeard,
)
from ..core.types import BYTES_PER_SAMPLE
from .client_messages import (
    ClientMessage,
    Greet,
    InputText,
    Interrupt,
    MicStart,
    MicStop,
    MicTalk,
    Ping,
    PlaybackReport,
    SoundClaim,
    SoundRelease,
    Typing,
    parse_client_message,
)
from .history_messages import BranchSelect, HistoryRollback, MessageEdit, ReplyRegenerate

__all__ = [
    "AUDIO_KIND",
    "LIP_BYTES",
    "LIP_RATE",
    "MIC_KIND",
    "MIC_RATE",
    "PROTOCOL_VERSION",
    "AudioFrame",
    "BranchSelect",
    "ClientMessage",
    "Greet",
    "HistoryRollback",
    "InputText",
    "Interrupt",
    "MessageEdit",
    "MicFrame",
    "MicStart",
    "MicStop",
    "MicTalk",
    "Ping",
    "PlaybackReport",
    "ReplyRegenerate",
    "SoundClaim",
    "SoundRelease",
    "Typing",
    "encode_event",
    "parse_client_message",
]

PROTOCOL_VERSION = 1
LIP_RATE = 50
"""Lip frames per second of sound."""
LIP_BYTES = 7
AUDIO_KIND = 1
MIC_KIND = 2
MIC_RATE = 16_000
"""Hz of the microphone's sound."""
MIC_SAMPLES = 16_000
"""At most so many in one frame."""
_MIC_HEADER = struct.Struct("<BBHI")
"""kind, flags, reserved, position: 8 bytes."""
_HEADER = struct.Struct("<BBHIIIIHH")
"""kind, flags, segment, turn, position, samples, lip_start, lip_count, reserved: 24 bytes."""


def encode_event(event: SessionEvent) -> dict[str, Any] | None:
    """The JSON message of a session event; None for AudioSent, which travels as a binary frame."""
    match event:
        case TurnStarted(turn, heard):
            text, viewer = (heard.text, heard.viewer) if heard else (None, None)
            return {"type": "turn.started", "turn": turn, "heard": text, "viewer": viewer}
        case SegmentReady(turn, segment):
            return {"type": "segment.ready", "turn": turn, "segment": segment.index, "text": segment.display}
        case SpeechStarted():
            return _speech_started(event)
        case AudioSent():
            return None
        case SpeechEnded(turn, segment, at_ms):
            return {"type": "segment.ended", "turn": turn, "segment": segment, "at_ms": at_ms}
        case SpeechPaused(turn, at_ms):
            return {"type": "speech.paused", "turn": turn, "at_ms": at_ms}
        case SpeechResumed(turn):
            return {"type": "speech.resumed", "turn": turn}
        case VoiceHeard(active):
            return {"type": "voice", "active": active}
        case WordsHeard(text, final, ignored):
            return {"type": "words", "text": text, "final": final, "ignored": ignored}
        case _:
            return _encode_outcome(event)


def _speech_started(event: SpeechStarted) -> dict[str, Any]:
    segment = event.segment
    return {
        "type": "segment.started",
        "turn": event.turn,
        "segment": segment.index,
        "text": segment.display,
        "at_ms": event.at_ms,
        "silent": event.silent,
        "expressions": list(segment.expressions),
    }


def _encode_outcome(event: ToolUsed | ProviderFailed | LatencyMeasured | LatencyBreached | TurnEnded) -> dict[str, Any]:
    match event:
        case ToolUsed(turn, id, name, status, content):
            return {"type": "tool", "turn": turn, "id": id, "name": name, "status": status, "content": content}
        case ProviderFailed():
            names = ("turn", "kind", "provider", "code", "message", "fallback")
            return {"type": "provider.failed", **{name: getattr(event, name) for name in names}}
        case LatencyMeasured(turn, figures, stages, hearing):
            parts = {"figures": dict(figures), "stages": dict(stages), "hearing": dict(hearing)}
            return {"type": "latency", "turn": turn, **parts}
        case LatencyBreached():
            names = ("turn", "figure", "value_ms", "threshold_ms", "stage")
            return {"type": "latency.breached", **{name: getattr(event, name) for name in names}}
        case TurnEnded():
            return {
                "type": "turn.ended",
                "turn": event.turn,
                "status": event.status.value,
                "reply": event.reply,
                "heard_reply": event.heard_reply,
                "code": event.code,
                "message": event.message,
                "kept": [{"id": kept.id, "role": kept.role, "siblings": list(kept.siblings)} for kept in event.kept],
            }


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A piece of one segment's sound and the lip frames that fall into it."""

    turn: int
    segment: int
    position: int
    """Samples from the start of the turn's sound."""
    samples: int
    """How long it is, also when ``pcm`` is left out."""
    lip_start: int
    lips: bytes
    """Seven bytes per frame: open, form, A, I, U, E, O."""
    pcm: bytes = b""
    """``samples`` 16-bit samples, or nothing for a viewer without the sound."""

    def encode(self, *, sound: bool = True) -> bytes:
        """The binary frame, with or without its PCM. Raises ValueError for values that it cannot hold."""
        count, rest = divmod(len(self.lips), LIP_BYTES)
        if rest or len(self.pcm) not in (0, self.samples * BYTES_PER_SAMPLE):
            raise ValueError("lips must be whole frames of 7 bytes, and pcm all samples or none")
        try:
            header = _HEADER.pack(
                AUDIO_KIND, 0, self.segment, self.turn, self.position, self.samples, self.lip_start, count, 0
            )
        except struct.error as error:
            raise ValueError(f"a number does not fit into an audio frame: {error}") from error
        padding = b"\0" * (len(self.lips) % 2)
        return b"".join((header, self.lips, padding, self.pcm if sound else b""))

    @classmethod
    def decode(cls, data: bytes) -> AudioFrame:
        """Read a binary frame; ``pcm`` is empty when it carries none. Raises ProtocolError for anything malformed."""
        if len(data) < _HEADER.size:
            raise ProtocolError(f"an audio frame has at least {_HEADER.size} bytes, this one {len(data)}")
        kind, _, segment, turn, position, samples, lip_start, count, _ = _HEADER.unpack_from(data)
        if kind != AUDIO_KIND:
            raise ProtocolError(f"unknown kind of binary frame: {kind}")
        lips_end = _HEADER.size + count * LIP_BYTES
        pcm_start = lips_end + lips_end % 2
        if len(data) not in (pcm_start, pcm_start + samples * BYTES_PER_SAMPLE):
            raise ProtocolError(f"the audio frame's length of {len(data)} bytes does not fit its header")
        return cls(turn, segment, position, samples, lip_start, data[_HEADER.size : lips_end], data[pcm_start:])


@dataclass(frozen=True, slots=True)
class MicFrame:
    """A piece of a microphone's sound."""

    position: int
    """Samples from ``mic.start`` to the first one of this frame."""
    pcm: bytes

    def encode(self) -> bytes:
        """The binary frame. Raises ValueError for a position that it cannot hold."""
        if not 0 <= self.position < 2**32:
            raise ValueError(f"position {self.position} does not fit into a frame of the microphone")
        return _MIC_HEADER.pack(MIC_KIND, 0, 0, self.position) + self.pcm

    @classmethod
    def decode(cls, data: bytes) -> MicFrame:
        """Read a binary frame of the microphone's kind. Raises ProtocolError for anything malformed."""
        if len(data) < _MIC_HEADER.size + BYTES_PER_SAMPLE:
            raise ProtocolError(f"a frame of the microphone has a header of {_MIC_HEADER.size} bytes, and samples")
        kind, _, _, position = _MIC_HEADER.unpack_from(data)
        if kind != MIC_KIND:
            raise ProtocolError(f"unknown kind of binary frame: {kind}")
        samples, rest = divmod(len(data) - _MIC_HEADER.size, BYTES_PER_SAMPLE)
        if rest:
            raise ProtocolError("a frame of the microphone holds whole samples of 2 bytes")
        if samples > MIC_SAMPLES:
            raise ProtocolError(f"a frame of the microphone holds at most {MIC_SAMPLES} samples")
        return cls(position, data[_MIC_HEADER.size :])
