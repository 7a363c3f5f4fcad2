"""The messages of ``/ws`` and ``/ws_asr``: what a client may say beside its sound, and what it is told."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from ...asr.hearing import Final
from ...asr.settings import AUTO
from ...core.errors import ProtocolError
from .pcm_stream import HIGHEST_RATE, LOWEST_RATE

_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z0-9]{2,8})*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Config:
    """How the sound is to be understood from here on; None: as before."""

    sample_rate: int | None = None
    language: str | None = None
    """ISO 639-1 code, or ``auto``: find out."""


def parse_config(text: str) -> Config:
    """Read a text frame. Raises ProtocolError with a text for the client; fields that are not known do not matter."""
    try:
        message = _DECODER.decode(text)
    except RecursionError:
        raise ProtocolError("the message is nested too deeply") from None
    except ValueError:
        raise ProtocolError("the message is not JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError("the message is not a JSON object")
    if message.get("op") != "config":
        raise ProtocolError('the only op is "config"; sound is sent in binary frames')
    return Config(_sample_rate(message), _language(message))


def partial(text: str, language: str | None) -> dict[str, Any]:
    return {"type": "partial", "text": text, "language": language}


def final(event: Final) -> dict[str, Any]:
    """Times in seconds from the start of the utterance."""
    segments = [
        {"start": round(one.start_ms / 1000, 3), "end": round(one.end_ms / 1000, 3), "text": one.text}
        for one in event.segments
    ]
    return {"type": "final", "text": event.text, "segments": segments}


def error(message: str) -> dict[str, Any]:
    return {"type": "error", "message": message}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _sample_rate(message: dict[str, Any]) -> int | None:
    rate = message.get("sampleRate")
    if rate is None:
        return None
    whole = isinstance(rate, int | float) and not isinstance(rate, bool) and LOWEST_RATE <= rate <= HIGHEST_RATE
    if not whole or rate != int(rate):
        raise ProtocolError(f"config: sampleRate must be a whole number from {LOWEST_RATE} to {HIGHEST_RATE}")
    return int(rate)


def _language(message: dict[str, Any]) -> str | None:
    language = message.get("language")
    if language is None:
        return None
    if not isinstance(language, str) or not (language == AUTO or _LANGUAGE.fullmatch(language)):
        raise ProtocolError(f'config: language must be an ISO 639-1 code such as "en", or "{AUTO}"')
    return AUTO if language == AUTO else language.split("-")[0].lower()
