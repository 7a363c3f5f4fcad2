"""A transcript in the forms that OpenAI's ``/audio/transcriptions`` gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from ..asr.language_names import language_name
from ..core.transcript import Transcript, TranscriptSegment
from .transcription_form import ResponseFormat


def rendered(transcript: Transcript, duration_ms: float, form: ResponseFormat) -> Response:
    """The answer; ``duration_ms`` is the clip's."""
    match form:
        case ResponseFormat.JSON:
            usage = {"type": "duration", "seconds": math.ceil(duration_ms / 1000)}
            return JSONResponse({"text": transcript.text, "usage": usage})
        case ResponseFormat.VERBOSE_JSON:
            return JSONResponse(verbose(transcript, duration_ms))
        case ResponseFormat.TEXT:
            return PlainTextResponse(f"{transcript.text}\n")
        case ResponseFormat.SRT:
            return PlainTextResponse(srt(segments_of(transcript, duration_ms)), media_type="application/x-subrip")
        case ResponseFormat.VTT:
            return PlainTextResponse(vtt(segments_of(transcript, duration_ms)), media_type="text/vtt")


def segments_of(transcript: Transcript, duration_ms: float) -> Sequence[TranscriptSegment]:
    """The segments; the whole clip is one where the recogniser tells of none."""
    if transcript.segments or not transcript.text:
        return transcript.segments
    return (TranscriptSegment(0.0, duration_ms, transcript.text),)


def verbose(transcript: Transcript, duration_ms: float) -> dict[str, Any]:
    """With times in seconds. How sure the recogniser is of a segment is left out where it does not tell."""
    figures = {"avg_logprob": transcript.log_probability, "no_speech_prob": transcript.no_speech}
    told = {name: value for name, value in figures.items() if value is not None}
    return {
        "task": "transcribe",
        "language": language_name(transcript.language) if transcript.language else None,
        "duration": round(duration_ms / 1000, 3),
        "text": transcript.text,
        "segments": [
            {"id": number, "start": _seconds(segment.start_ms), "end": _seconds(segment.end_ms), "text": segment.text}
            | told
            for number, segment in enumerate(segments_of(transcript, duration_ms))
        ],
        "usage": {"type": "duration", "seconds": math.ceil(duration_ms / 1000)},
    }


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
