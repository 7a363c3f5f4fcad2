"""What a service that speaks OpenAI's ``/audio/transcriptions`` answers, read with suspicion."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..core.transcript import Transcript, TranscriptSegment
from .language_names import language_code

MAX_TEXT = 200_000
MAX_SEGMENTS = 20_000

Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=-1, le=1e6)]


class BadAnswer(ValueError):
    """``str()`` says what is wrong, so that it fits after "the server sent"."""


class _Segment(BaseModel):
    model_config = ConfigDict(strict=True)

    start: Seconds
    end: Seconds
    text: str = ""
    no_speech_prob: Number | None = None
    avg_logprob: Number | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True)

    text: str = Field(max_length=MAX_TEXT)
    language: str | None = None
    segments: list[_Segment] | None = Field(default=None, max_length=MAX_SEGMENTS)


def read_answer(body: bytes, asked: str | None) -> Transcript:
    """The transcript in the JSON of an answer to a request for the language ``asked``. Raises BadAnswer."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadAnswer(f"no transcript ({place}: {first['msg']})" if place else "something else than JSON") from None
    segments = answer.segments or []
    return Transcript(
        answer.text.strip(),
        (language_code(answer.language) if answer.language else None) or asked,
        tuple(map(_timed, segments)),
        no_speech=_no_speech(segments),
        log_probability=_log_probability(segments),
    )


def _timed(segment: _Segment) -> TranscriptSegment:
    start_ms = max(segment.start, 0.0) * 1000
    return TranscriptSegment(start_ms, max(segment.end * 1000, start_ms), segment.text.strip())


def _no_speech(segments: list[_Segment]) -> float | None:
    """Somebody spoke in the clip if somebody spoke in one part of it."""
    told = [segment.no_speech_prob for segment in segments if segment.no_speech_prob is not None]
    return min(max(min(told), 0.0), 1.0) if told else None


def _log_probability(segments: list[_Segment]) -> float | None:
    """The mean of the segments', each counting as much as it has text, which is what its tokens go by."""
    told = [(segment.avg_logprob, max(len(segment.text), 1)) for segment in segments if segment.avg_logprob is not None]
    total = sum(weight for _, weight in told)
    return min(sum(value * weight for value, weight in told) / total, 0.0) if told else None
