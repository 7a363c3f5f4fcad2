"""The form of ``POST /v1/audio/transcriptions``: what is asked for, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import FormData, UploadFile

from ..asr.language_names import language_code

GRANULARITIES = "timestamp_granularities[]"
_KNOWN = {"file", "model", "language", "prompt", "response_format", "temperature", "stream", GRANULARITIES}


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    VERBOSE_JSON = "verbose_json"
    SRT = "srt"
    VTT = "vtt"


class FieldError(Exception):
    """``param`` is not as it should be."""

    def __init__(self, param: str, message: str, code: str = "invalid_value") -> None:
        self.param, self.code = param, code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """``model`` is any name: what listens is what conf.yaml names."""

    file: UploadFile
    language: str | None
    """ISO 639-1 code; None: find out."""
    response_format: ResponseFormat


def read_form(form: FormData) -> TranscriptionRequest:
    """Raises FieldError; also for a wish that would not be fulfilled."""
    for name in form:
        if name not in _KNOWN:
            raise FieldError(name, f"{name!r} is not supported here", "unknown_parameter")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise FieldError("file", "the form has no file; send the sound as the field 'file'", "missing_file")
    if not _text(form, "model"):
        raise FieldError("model", "you must provide a model", "missing_required_parameter")
    _refuse_unfulfilled(form)
    return TranscriptionRequest(file, _language(form), _response_format(form))


def _text(form: FormData, name: str) -> str:
    values = form.getlist(name)
    if len(values) > 1 or any(not isinstance(value, str) for value in values):
        raise FieldError(name, f"{name} must be one text")
    return str(values[0]).strip() if values else ""


def _refuse_unfulfilled(form: FormData) -> None:
    if _text(form, "prompt"):
        raise FieldError("prompt", "a prompt is not supported here; leave it out", "unsupported_parameter")
    if _text(form, "stream").lower() not in ("", "false", "0"):
        raise FieldError("stream", "streaming is not supported here; leave it out", "unsupported_parameter")
    try:
        temperature = float(_text(form, "temperature") or 0)
    except ValueError:
        raise FieldError("temperature", "temperature must be a number") from None
    if temperature != 0:
        message = "what is understood is always the likeliest, which is temperature 0"
        raise FieldError("temperature", message, "unsupported_parameter")
    for granularity in form.getlist(GRANULARITIES):
        if granularity != "segment":
            message = "only timestamp_granularities[]=segment is supported here"
            raise FieldError(GRANULARITIES, message, "unsupported_parameter")


def _language(form: FormData) -> str | None:
    text = _text(form, "language")
    code = language_code(text) if text else None
    if text and code is None:
        raise FieldError("language", f"{text[:40]!r} is no language that is known; give an ISO 639-1 code such as 'en'")
    return code


def _response_format(form: FormData) -> ResponseFormat:
    text = _text(form, "response_format") or ResponseFormat.JSON
    try:
        return ResponseFormat(text)
    except ValueError:
        known = ", ".join(ResponseFormat)
        raise FieldError("response_format", f"{text[:40]!r} is not one of {known}") from None
