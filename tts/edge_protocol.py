"""What the service sends, message by message, and how it is told what to send: pure functions.

A message is a header of ``Name:value`` lines and a body. In a text message an empty line parts them; a binary one begins with
the header's length in two bytes, most significant first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

TICKS_PER_MS = 10_000
_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of the clip as MP3; pieces need not end where frames do."""

    mp3: bytes


@dataclass(frozen=True, slots=True)
class Word:
    """A word begins ``at_ms`` after the clip's beginning."""

    at_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class End:
    """The clip is over."""


Event = Sound | Word | End


class Garbled(ValueError):
    """Not a message of this protocol; what is wrong with it reads well after "sent"."""


def events(message: str | bytes) -> list[Event]:
    """What a message says; nothing for kinds that do not matter here. Raises Garbled."""
    return _of_binary(message) if isinstance(message, bytes) else _of_text(message)


def _of_text(message: str) -> list[Event]:
    head, parted, body = message.partition("\r\n\r\n")
    path = _fields(head).get("path")
    if not parted or path is None:
        raise Garbled("a text message without a header")
    if path == "turn.end":
        return [End()]
    return list(_words(body)) if path == "audio.metadata" else []


def _of_binary(message: bytes) -> list[Event]:
    body_at = _LENGTH + int.from_bytes(message[:_LENGTH], "big")
    if len(message) < _LENGTH or body_at > len(message):
        raise Garbled("a binary message that is shorter than its header")
    fields = _fields(message[_LENGTH:body_at].decode("utf-8", "replace"))
    if fields.get("path") != "audio":
        raise Garbled("a binary message that is not audio")
    mp3 = message[body_at:]
    if not mp3:
        return []
    if (kind := fields.get("content-type")) != "audio/mpeg":
        raise Garbled(f"audio of the type {kind!r} where MP3 was asked for")
    return [Sound(mp3)]


def _fields(head: str) -> dict[str, str]:
    parts = (line.partition(":") for line in head.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in parts if colon}


def _words(body: str) -> Iterator[Word]:
    try:
        for item in json.loads(body)["Metadata"]:
            if item["Type"] == "WordBoundary":
                data: Any = item["Data"]
                yield Word(max(float(data["Offset"]) / TICKS_PER_MS, 0.0), unescape(str(data["text"]["Text"])))
    except (KeyError, TypeError, ValueError) as error:
        raise Garbled("metadata that cannot be read") from error


def speech_config(timestamp: str, output_format: str) -> str:
    """The first message on a socket: the format of the sound, and that words are to be told."""
    audio = {
        "metadataoptions": {"sentenceBoundaryEnabled": "false", "wordBoundaryEnabled": "true"},
        "outputFormat": output_format,
    }
    body = json.dumps({"context": {"synthesis": {"audio": audio}}}, separators=(",", ":"))
    head = (f"X-Timestamp:{timestamp}", "Content-Type:application/json; charset=utf-8", "Path:speech.config")
    return "\r\n".join((*head, "", body, ""))
