"""How long a turn took, stage by stage, and which stage is to blame when it took too long.

Marks are monotonic milliseconds. The figures and their thresholds:

    first_audio     input heard → first audio sent to the listener
    streaming       a later segment's last token → its first audio is ready; the worst of the turn. Time in which the segment
                    waited on purpose, because enough speech was in stock, does not count.
    audio_pipeline  first segment handed to the voice → its first audio chunk
    voice_to_voice  of a spoken message: last sound of the speaker → first audio sent to the listener
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from math import inf


class Moment(StrEnum):
    """The points in time of a turn, in the order in which they happen, but for THOUGHT: the reply is written to its end."""

    SPEECH_END = "speech_end"
    END_CONFIRMED = "end_confirmed"
    FINAL_TEXT = "final_text"
    HEARD = "heard"
    LLM_REQUEST = "llm_request"
    OPENER = "opener"
    FILLER = "filler"
    LLM_FIRST_TOKEN = "llm_first_token"
    THOUGHT = "thought"
    FIRST_SEGMENT = "first_segment"
    TTS_REQUEST = "tts_request"
    TTS_FIRST_CHUNK = "tts_first_chunk"
    FIRST_AUDIO = "first_audio"
    PLAY_START = "play_start"
    SPOKEN = "spoken"


Stage = tuple[str, Moment, Moment]
"""Name, from, to."""
_HEARING: Sequence[Stage] = (
    ("end_of_turn", Moment.SPEECH_END, Moment.END_CONFIRMED),
    ("asr", Moment.END_CONFIRMED, Moment.FINAL_TEXT),
    ("held", Moment.FINAL_TEXT, Moment.HEARD),
)
"""Before ``first_audio``. ``held``: the words waited on purpose until the avatar had finished."""
HEARING = tuple(name for name, _, _ in _HEARING)
NOTICEABLE_MS = 1.0
"""Less than this is no holding back, but the way from hand to hand."""
_BEFORE: Stage = ("queue", Moment.HEARD, Moment.LLM_REQUEST)
_FIRST_WORDS: Mapping[Moment, Sequence[Stage]] = {
    Moment.FILLER: (("filler", Moment.LLM_REQUEST, Moment.FIRST_SEGMENT),),
    Moment.OPENER: (("quick", Moment.LLM_REQUEST, Moment.FIRST_SEGMENT),),
    Moment.LLM_FIRST_TOKEN: (
        ("llm", Moment.LLM_REQUEST, Moment.LLM_FIRST_TOKEN),
        ("cut", Moment.LLM_FIRST_TOKEN, Moment.FIRST_SEGMENT),
    ),
}
"""By whose words came first: the wait that a filler ends, the quick reply's, or the model's own."""
_AFTER: Sequence[Stage] = (
    ("handover", Moment.FIRST_SEGMENT, Moment.TTS_REQUEST),
    ("tts", Moment.TTS_REQUEST, Moment.TTS_FIRST_CHUNK),
    ("send", Moment.TTS_FIRST_CHUNK, Moment.FIRST_AUDIO),
)
STAGES = tuple(name for name, _, _ in (_BEFORE, *chain.from_iterable(_FIRST_WORDS.values()), *_AFTER))
"""All that ``first_audio`` may be made of."""


@dataclass(frozen=True, slots=True)
class Breach:
    figure: str
    value_ms: float
    threshold_ms: float
    stage: str


@dataclass(slots=True)
class LatencyTrace:
    """The marks of one turn. The first call for a moment counts, later ones are ignored."""

    marks: dict[Moment, float] = field(default_factory=dict)
    _streaming_ms: float | None = None

    def mark(self, name: Moment, now: float) -> None:
        self.marks.setdefault(name, now)

    def later_segment(self, last_token: float, requested: float, first_chunk: float) -> None:
        """A segment after the first one became audible at ``first_chunk``; it was handed to the voice at ``requested``."""
        latency = first_chunk - max(last_token, requested)
        self._streaming_ms = max(self._streaming_ms or 0.0, latency)

    def between(self, start: Moment, end: Moment) -> float | None:
        """From one moment to the other, in ms; None when one of them did not come."""
        if start in self.marks and end in self.marks:
            return self.marks[end] - self.marks[start]
        return None

    def figures(self) -> dict[str, float]:
        """The figures that are known, in ms."""
        known = {
            "first_audio": self.between(Moment.HEARD, Moment.FIRST_AUDIO),
            "streaming": self._streaming_ms,
            "audio_pipeline": self.between(Moment.TTS_REQUEST, Moment.TTS_FIRST_CHUNK),
            "voice_to_voice": self.between(Moment.SPEECH_END, Moment.FIRST_AUDIO),
        }
        return {name: value for name, value in known.items() if value is not None}

    def stages(self) -> dict[str, float]:
        """The parts of first_audio that are known, in ms, in order. What was done before anybody waited took no time."""
        parts = ((name, self._waited(start, end)) for name, start, end in self._path())
        return {name: value for name, value in parts if value is not None}

    def hearing(self) -> dict[str, float]:
        """What a spoken message took before somebody waited for ``first_audio``, in ms, in order; empty for typed ones."""
        parts = ((name, self.between(start, end)) for name, start, end in _HEARING)
        told = {name: max(value, 0.0) for name, value in parts if value is not None}
        return {name: value for name, value in told.items() if name != "held" or value >= NOTICEABLE_MS}

    @property
    def ran_ahead(self) -> bool:
        """Whether the model was asked before anybody waited."""
        lead = self.between(Moment.LLM_REQUEST, Moment.HEARD)
        return lead is not None and lead > 0

    def _path(self) -> list[Stage]:
        """The stages by whose words were spoken first. Fillers and openers are spoken when they come; other text may wait."""
        cut = self.marks.get(Moment.FIRST_SEGMENT, inf)
        first = next((moment for moment in _FIRST_WORDS if self.marks.get(moment, inf) <= cut), None)
        return [_BEFORE, *(_FIRST_WORDS[first] if first else ()), *_AFTER]

    def _waited(self, start: Moment, end: Moment) -> float | None:
        if start not in self.marks or end not in self.marks:
            return None
        heard = self.marks.get(Moment.HEARD, 0.0)
        return max(self.marks[end], heard) - max(self.marks[start], heard)

    def breaches(self, thresholds: Mapping[str, float]) -> list[Breach]:
        """The figures above their thresholds (ms), each with the stage that took longest."""
        stages = self.stages()
        blame = {
            "first_audio": _slowest(stages),
            "streaming": "tts",
            "audio_pipeline": "tts",
            "voice_to_voice": _slowest(self.hearing() | stages),
        }
        return [
            Breach(name, value, thresholds[name], blame[name])
            for name, value in self.figures().items()
            if name in thresholds and value > thresholds[name]
        ]


def _slowest(stages: Mapping[str, float]) -> str:
    return max(stages.items(), key=lambda part: part[1], default=("unknown", 0.0))[0]
