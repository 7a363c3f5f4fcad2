"""Everything that happens in a session, as one stream of events.

The stage, the gateway, logs, metrics and tests all read this stream. A turn's events come in this order:

    TurnStarted
      (SegmentReady | SpeechStarted | AudioSent | SpeechEnded | ProviderFailed | LatencyMeasured | LatencyBreached)*
    TurnEnded

``turn`` grows by one with every turn of a session; a receiver drops what belongs to an older turn than the last one started
or ended. Positions count from the start of the turn's audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .types import Audio, Segment, UserInput


class TurnStatus(StrEnum):
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Somebody said something, or the avatar speaks by itself (``heard`` is None: its opening line)."""

    turn: int
    heard: UserInput | None


@dataclass(frozen=True, slots=True)
class SegmentReady:
    """The next piece of the reply was cut; its voice is being made."""

    turn: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A segment begins at ``at_ms`` of the turn's audio; its first audio follows, unless it is silent."""

    turn: int
    segment: Segment
    at_ms: float
    silent: bool


@dataclass(frozen=True, slots=True)
class AudioSent:
    """A chunk of a segment's audio. It begins ``position`` samples after the start of the turn's audio; its marks are timed
    from the start of the segment."""

    turn: int
    segment: int
    position: int
    audio: Audio


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The last audio of a segment was sent; it ends at ``at_ms`` of the turn's audio."""

    turn: int
    segment: int
    at_ms: float


@dataclass(frozen=True, slots=True)
class ProviderFailed:
    """A provider failed and another one, or silence, takes its place. Never spoken."""

    turn: int
    kind: str
    provider: str
    code: str
    retryable: bool
    message: str
    fallback: str | None


@dataclass(frozen=True, slots=True)
class LatencyMeasured:
    """How fast the turn was (ms): told when its first audio is sent, and again, with all figures, when it ends.

    ``figures``: first_audio, streaming, audio_pipeline; ``stages``: what made up first_audio, in order.
    """

    turn: int
    figures: Mapping[str, float]
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LatencyBreached:
    """A figure missed its threshold; ``stage`` took most of the time."""

    turn: int
    figure: str
    value_ms: float
    threshold_ms: float
    stage: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over and nothing more of it will come.

    ``reply`` is what was cut for speaking, ``heard_reply`` the part of it that the listener heard: what history keeps.
    """

    turn: int
    status: TurnStatus
    reply: str
    heard_reply: str
    code: str | None = None
    message: str | None = None


SessionEvent = (
    TurnStarted
    | SegmentReady
    | SpeechStarted
    | AudioSent
    | SpeechEnded
    | ProviderFailed
    | LatencyMeasured
    | LatencyBreached
    | TurnEnded
)
