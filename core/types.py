"""The values that travel between rooms: text in, tokens, segments, audio, marks.

Audio is mono 16-bit little-endian PCM everywhere; only its rate (Hz) varies. Times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Literal

from .errors import ProviderError
from .tool_use import ToolUse

BYTES_PER_SAMPLE = 2

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that was sent with a message."""

    url: str
    """A ``data:`` URL, or an ``https:`` one that the model's server fetches."""
    detail: Literal["auto", "low", "high"] | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a model asks its caller to call."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: it may be no JSON at all."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, as a chat model takes it."""

    role: Role
    content: str
    viewer: str | None = None
    """Who said it, where that is known; a model is told by the agent."""
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant's message."""
    tool_call_id: str | None = None
    """Of a tool's message: which call it answers."""


@dataclass(frozen=True, slots=True)
class Generation:
    """How a model is to reply, where a caller of the API says so; None or empty: as the model's settings say."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    """As in OpenAI's API: ``{"type": "function", "function": {"name", "description", "parameters"}}``."""
    tool_choice: str | Mapping[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SpeechTimes:
    """When something was spoken, in ms of the loop's clock."""

    ended: float
    """The last sound of speech, as judged from the audio."""
    confirmed: float
    """It was decided that the speaker had ended."""
    transcribed: float
    """The final text was there."""


@dataclass(frozen=True, slots=True)
class UserInput:
    """What somebody said to the avatar."""

    text: str
    viewer: str | None = None
    """Name of who said it, where it is known."""
    whole_reply: bool = False
    """Wait for the whole reply before speaking: the baseline that streaming is measured against."""
    disable_quick_response: bool = False
    """No quick reply before the reply proper, whatever the settings say."""
    images: tuple[Image, ...] = ()
    generation: Generation | None = None
    """How the model is to reply, where a caller of the API says so."""
    instructions: str = ""
    """What a caller of the API adds to the system prompt."""
    remembered: bool = True
    """False: it is a cue that nobody said aloud; of the exchange only the reply is kept."""
    speech: SpeechTimes | None = field(default=None, compare=False)
    """None: it was typed. Two inputs with the same words are the same, whenever they were spoken."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply, as the model streamed it."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's thinking: never spoken, never shown as the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the model's server."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call: ``id`` and ``name`` come with its first piece, ``arguments`` are to be joined."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class FinishReason(StrEnum):
    """Why a model stopped, in OpenAI's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class Finish:
    """The reply is over; models that do not say why send none."""

    reason: FinishReason


@dataclass(frozen=True, slots=True)
class ProviderFailure:
    """A provider of a fallback chain failed; it travels in the stream, so that whoever reads the stream can tell of it."""

    error: ProviderError
    fallback: str | None
    """Name of the provider that takes over; None when there is none left."""


@dataclass(frozen=True, slots=True)
class Opener:
    """One to three words that are spoken at once, before the reply proper: ``Oh no,``. Nothing of the reply comes earlier."""

    text: str


LLMDelta = TextDelta | ReasoningDelta | ToolCallDelta | Finish | Usage | ProviderFailure | Opener | ToolUse
"""What a language model's stream, or an agent's, is made of. Only agents give openers, and use tools."""


class MarkKind(StrEnum):
    WORD = "word"
    PHONEME = "phoneme"


@dataclass(frozen=True, slots=True)
class Mark:
    """When a word or a phoneme begins within a clip."""

    kind: MarkKind
    at_ms: float
    text: str
    """The phoneme in IPA; empty for a word."""
    start: int = 0
    """Words: index of the first character in the spoken text."""
    length: int = 0
    """Words: number of characters."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of a clip. ``marks`` are timed from the start of the clip, and never later than the audio they belong to."""

    pcm: bytes
    sample_rate: int
    marks: tuple[Mark, ...] = ()

    @property
    def duration_ms(self) -> float:
        return len(self.pcm) / BYTES_PER_SAMPLE * 1000 / self.sample_rate

    def split(self, longest_ms: float) -> Iterator[Audio]:
        """This audio in pieces of at most ``longest_ms``. All marks go with the first: they may be early, never late."""
        step = max(int(self.sample_rate * longest_ms / 1000), 1) * BYTES_PER_SAMPLE
        if len(self.pcm) <= step:
            yield self
            return
        for start in range(0, len(self.pcm), step):
            yield Audio(self.pcm[start : start + step], self.sample_rate, () if start else self.marks)


class Boundary(IntEnum):
    """How good a place to cut speech is; greater is better."""

    WORD = 1
    PHRASE = 2
    CLAUSE = 3
    SENTENCE = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the reply that is spoken in one breath: one request to the voice."""

    index: int
    display: str
    """What the subtitle shows. The displays of a turn, joined, are the reply."""
    speech: str
    """What the voice gets; empty when nothing of it can be spoken."""
    boundary: Boundary = Boundary.SENTENCE
    expressions: tuple[str, ...] = ()
    """Expressions to take on while it is spoken, in order."""
    filler: bool = False
    """It only fills the wait for the model, and is no part of what the character remembers."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What a voice is asked to say."""

    text: str
    final: bool = True
    """False when the sentence goes on after this piece, so that the voice does not fall."""
    tail_ms: float | None = None
    """Silence that the clip may end with, at most; None: as much as the voice gives."""
