"""The form of ``POST /v1/audio/transcriptions``: what is asked for, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile

from ...asr.language_names import language_code
from ..api.problem import Problem

GRANULARITIES = "timestamp_granularities[]"
MAX_PROMPT = 1000
_IGNORED = {"temperature", "include[]", "chunking_strategy"}
_KNOWN = {
    *{"file", "model", "language", "languages[]", "prompt", "keywords[]", "response_format", "stream", GRANULARITIES},
    *_IGNORED,
}
_YES, _NO = ("true", "1"), ("", "false", "0")


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    VERBOSE_JSON = "verbose_json"
    SRT = "srt"
    VTT = "vtt"


class TranscriptionForm(BaseModel):
    """A form with a file in it."""  # read_form reads it, and this tells of it

    file: bytes = Field(description="The sound", json_schema_extra={"format": "binary"})
    model: str = Field(min_length=1, description="Any name: what listens is what conf.yaml names")
    language: str | None = Field(default=None, description="ISO 639-1 code, or the language's English name")
    prompt: str | None = Field(
        default=None, max_length=MAX_PROMPT, description="Names and words that may come; not every recogniser minds it"
    )
    keywords: list[str] | None = Field(default=None, alias="keywords[]", description="As `prompt`, one by one")
    response_format: ResponseFormat = Field(default=ResponseFormat.JSON, description="Form of the answer")
    timestamp_granularities: list[Literal["segment", "word"]] | None = Field(
        default=None, alias=GRANULARITIES, description="With `verbose_json`; `word` where a recogniser times words"
    )
    stream: bool = Field(
        default=False,
        description="Events `transcript.text.delta`, one for each segment, and `transcript.text.done`; json or text only",
    )
    temperature: float = Field(default=0, ge=0, le=1, description="Not used: the likeliest words are taken")


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """``model`` is any name: what listens is what conf.yaml names."""

    file: UploadFile
    language: str | None
    """ISO 639-1 code; None: find out."""
    response_format: ResponseFormat
    prompt: str = ""
    words: bool = False
    """Their times are asked for."""
    segments: bool = True
    stream: bool = False


def read_form(form: FormData) -> TranscriptionRequest:
    """Raises Problem, which names the field; also for a wish that would not be fulfilled."""
    for name in form:
        if name not in _KNOWN and not name.startswith("chunking_strategy["):
            raise _mistake(name[:60], f"{name[:60]!r} is not supported here", "unknown_parameter")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise _mistake("file", "the form has no file; send the sound as the field 'file'", "missing_file")
    if not _text(form, "model"):
        raise _mistake("model", "you must provide a model", "missing_required_parameter")
    _check_temperature(form)
    response_format, stream = _response_format(form), _switch(form, "stream")
    granularities = _granularities(form, response_format)
    if stream and response_format not in (ResponseFormat.JSON, ResponseFormat.TEXT):
        raise _mistake("stream", f"{response_format} cannot be streamed; take json", "unsupported_parameter")
    return TranscriptionRequest(
        file,
        _language(form),
        response_format,
        _prompt(form),
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        stream=stream,
    )


def _mistake(param: str, message: str, code: str = "invalid_value") -> Problem:
    return Problem(422, message, code, param)


def _texts(form: FormData, name: str) -> list[str]:
    values: list[Any] = form.getlist(name)
    if any(not isinstance(value, str) for value in values):
        raise _mistake(name, f"{name} must be text")
    return [value.strip() for value in values]


def _text(form: FormData, name: str) -> str:
    values = _texts(form, name)
    if len(values) > 1:
        raise _mistake(name, f"{name} must be one text")
    return values[0] if values else ""


def _switch(form: FormData, name: str) -> bool:
    text = _text(form, name).lower()
    if text not in (*_YES, *_NO):
        raise _mistake(name, f"{name} must be true or false")
    return text in _YES


def _check_temperature(form: FormData) -> None:
    try:
        temperature = float(_text(form, "temperature") or 0)
    except ValueError:
        temperature = -1.0
    if not 0 <= temperature <= 1:
        raise _mistake("temperature", "temperature must be a number from 0 to 1")


def _granularities(form: FormData, response_format: ResponseFormat) -> list[str]:
    found = _texts(form, GRANULARITIES)
    for granularity in found:
        if granularity not in ("segment", "word"):
            raise _mistake(GRANULARITIES, f"{granularity[:40]!r} is not one of segment, word")
    if "word" in found and response_format is not ResponseFormat.VERBOSE_JSON:
        message = "the times of words are told in verbose_json only"
        raise _mistake(GRANULARITIES, message, "unsupported_parameter")
    return found


def _prompt(form: FormData) -> str:
    prompt = ", ".join(filter(None, (*_texts(form, "keywords[]"), _text(form, "prompt"))))
    if len(prompt) > MAX_PROMPT:
        raise _mistake("prompt", f"the prompt is longer than {MAX_PROMPT} characters, which is the limit")
    return prompt


def _language(form: FormData) -> str | None:
    """None also where several may be spoken."""
    one, several = _text(form, "language"), _texts(form, "languages[]")
    codes = [_code(text) for text in ([one] if one else several)]
    return codes[0] if len(codes) == 1 else None


def _code(text: str) -> str:
    code = language_code(text)
    if code is None:
        message = f"{text[:40]!r} is no language that is known; give an ISO 639-1 code such as 'en'"
        raise _mistake("language", message)
    return code


def _response_format(form: FormData) -> ResponseFormat:
    text = _text(form, "response_format") or ResponseFormat.JSON
    try:
        return ResponseFormat(text)
    except ValueError:
        known = ", ".join(ResponseFormat)
        raise _mistake("response_format", f"{text[:40]!r} is not one of {known}") from None
