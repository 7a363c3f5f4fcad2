"""Everything that happens in a session, as one stream of events.

The stage, the gateway, logs, metrics and tests all read this stream. A turn's events come in this order:

    TurnStarted
      (SegmentReady | SpeechStarted | AudioSent | SpeechEnded | ToolUsed | ProviderFailed | LatencyMeasured
       | LatencyBreached)*
    TurnEnded

SpeechPaused and SpeechResumed come in between while somebody speaks and it is not clear yet whether to the avatar. VoiceHeard
and WordsHeard come from the ears at any time and belong to no turn.

``turn`` grows by one with every turn of a session; a receiver drops what belongs to an older turn than the last one started
or ended. Positions count from the start of the turn's audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .tool_use import ToolStatus
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
class SpeechPaused:
    """The voice stops where it is, ``at_ms`` of the turn's audio; it goes on from there, or the turn ends."""

    turn: int
    at_ms: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The voice goes on where it was paused: what was heard was not meant for it."""

    turn: int


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """Somebody begins, or stops, to speak into the microphone."""

    active: bool


class Ignored(StrEnum):
    """Why words that were understood are not answered."""

    BACK_CHANNEL = "back_channel"
    """A sign of listening, such as "uh-huh"."""
    ECHO = "echo"
    """The avatar's own voice, from the speakers."""
    TOO_SHORT = "too_short"
    """Too few words to interrupt what is being said."""
    NO_WAKE_WORD = "no_wake_word"


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """What was understood so far of what is being said into the microphone, or finally."""

    text: str
    final: bool
    ignored: Ignored | None = None
    """Final words only: why they are not answered."""


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """The character calls a tool: RUNNING when it begins, with the arguments, then COMPLETED with the result, or ERROR with
    what went wrong. Never spoken. A call whose turn is interrupted is not told of again."""

    turn: int
    id: str
    """Of the call, the same in all events of it."""
    name: str
    status: ToolStatus
    content: str


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

    ``figures``: first_audio, streaming, audio_pipeline, and voice_to_voice where the message was spoken; ``stages``: what made
    up first_audio, in order; ``hearing``: what came before it from the last sound of the speaker on, in order.
    """

    turn: int
    figures: Mapping[str, float]
    stages: Mapping[str, float]
    hearing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatencyBreached:
    """A figure missed its threshold; ``stage`` took most of the time."""

    turn: int
    figure: str
    value_ms: float
    threshold_ms: float
    stage: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that a turn left in the history."""

    id: int | None
    """None: it is not written yet."""
    role: str
    siblings: tuple[int, ...] = ()
    """What else was said at its place, itself included, oldest first."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over and nothing more of it will come.

    ``reply`` is what was cut for speaking, ``heard_reply`` the part of it that the listener heard: what history keeps, as the
    messages in ``kept``. They are written before this is told.
    """

    turn: int
    status: TurnStatus
    reply: str
    heard_reply: str
    code: str | None = None
    message: str | None = None
    kept: tuple[Kept, ...] = ()


SessionEvent = (
    TurnStarted
    | SegmentReady
    | SpeechStarted
    | AudioSent
    | SpeechEnded
    | SpeechPaused
    | SpeechResumed
    | VoiceHeard
    | WordsHeard
    | ToolUsed
    | ProviderFailed
    | LatencyMeasured
    | LatencyBreached
    | TurnEnded
)
