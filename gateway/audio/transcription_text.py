"""A transcript in the forms that OpenAI's ``/audio/transcriptions`` gives."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ...asr.language_names import language_name
from ...core.transcript import Transcript, TranscriptSegment
from .transcription_form import ResponseFormat, TranscriptionRequest


class Segment(BaseModel):
    """Times in seconds."""

    id: int
    start: float
    end: float
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


class Word(BaseModel):
    """Times in seconds."""

    word: str
    start: float
    end: float


class Usage(BaseModel):
    type: Literal["duration"] = "duration"
    seconds: int


class VerboseTranscript(BaseModel):
    """``verbose_json``; plain ``json`` has ``text`` and ``usage`` only. What the recogniser does not tell is left out."""

    task: Literal["transcribe"] = "transcribe"
    language: str | None = Field(default=None, description="English name of the language")
    duration: float | None = Field(default=None, description="Length of the file, s")
    text: str
    segments: list[Segment] | None = None
    words: list[Word] | None = None
    usage: Usage


def rendered(transcript: Transcript, duration_ms: float, wanted: TranscriptionRequest) -> Response:
    """The answer; ``duration_ms`` is the clip's."""
    if wanted.stream:
        return Response(events(transcript, duration_ms), media_type="text/event-stream")
    match wanted.response_format:
        case ResponseFormat.JSON:
            return JSONResponse({"text": transcript.text, "usage": _usage(duration_ms)})
        case ResponseFormat.VERBOSE_JSON:
            return JSONResponse(verbose(transcript, duration_ms, segments=wanted.segments, words=wanted.words))
        case ResponseFormat.TEXT:
            return PlainTextResponse(f"{transcript.text}\n")
        case ResponseFormat.SRT:
            return PlainTextResponse(srt(segments_of(transcript, duration_ms)), media_type="application/x-subrip")
        case ResponseFormat.VTT:
            return PlainTextResponse(vtt(segments_of(transcript, duration_ms)), media_type="text/vtt")


def events(transcript: Transcript, duration_ms: float) -> bytes:
    """Server-sent events whose deltas, joined, are the text."""
    told: list[dict[str, Any]] = [
        {"type": "transcript.text.delta", "delta": delta} for delta in _deltas(transcript) if delta
    ]
    told.append({"type": "transcript.text.done", "text": transcript.text, "usage": _usage(duration_ms)})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in told).encode()


def _deltas(transcript: Transcript) -> Iterator[str]:
    """The text cut where the segments end, as far as they are found in it."""
    begin = 0
    for segment in transcript.segments[:-1]:
        found = transcript.text.find(segment.text, begin)
        if found < 0:
            break
        end = found + len(segment.text)
        yield transcript.text[begin:end]
        begin = end
    yield transcript.text[begin:]


def _usage(duration_ms: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(duration_ms / 1000)}


def segments_of(transcript: Transcript, duration_ms: float) -> Sequence[TranscriptSegment]:
    """The segments; the whole clip is one where the recogniser tells of none."""
    if transcript.segments or not transcript.text:
        return transcript.segments
    return (TranscriptSegment(0.0, duration_ms, transcript.text),)


def verbose(
    transcript: Transcript, duration_ms: float, *, segments: bool = True, words: bool = False
) -> dict[str, Any]:
    """With times in seconds. How sure the recogniser is of a segment is left out where it does not tell."""
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": language_name(transcript.language) if transcript.language else None,
        "duration": round(duration_ms / 1000, 3),
        "text": transcript.text,
    }
    if segments:
        answer["segments"] = _segments(transcript, duration_ms)
    if words:
        answer["words"] = [
            {"word": word.text, "start": _seconds(word.start_ms), "end": _seconds(word.end_ms)}
            for word in transcript.words
        ]
    return answer | {"usage": _usage(duration_ms)}


def _segments(transcript: Transcript, duration_ms: float) -> list[dict[str, Any]]:
    figures = {"avg_logprob": transcript.log_probability, "no_speech_prob": transcript.no_speech}
    told = {name: value for name, value in figures.items() if value is not None}
    return [
        {"id": number, "start": _seconds(segment.start_ms), "end": _seconds(segment.end_ms), "text": segment.text}
        | told
        for number, segment in enumerate(segments_of(transcript, duration_ms))
    ]


def srt(segments: Sequence[TranscriptSegment]) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{_clock(segment.start_ms, ',')} --> {_clock(segment.end_ms, ',')}\n{_line(segment.text)}\n\n"
        for number, segment in enumerate(segments, 1)
    )


def vtt(segments: Sequence[TranscriptSegment]) -> str:
    """WebVTT, whose text is marked up: what looks like markup is escaped."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(segment.start_ms, '.')} --> {_clock(segment.end_ms, '.')}\n"
        f"{_line(segment.text).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}\n\n"
        for segment in segments
    )


def _line(text: str) -> str:
    """On one line, since an empty one ends the cue, and without the arrow that begins one."""
    return " ".join(text.split()).replace("-->", "→")


def _seconds(ms: float) -> float:
    return round(ms / 1000, 3)


def _clock(ms: float, point: str) -> str:
    whole = round(ms)
    minutes, rest = divmod(whole, 60_000)
    seconds, millis = divmod(rest, 1000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{millis:03}"
