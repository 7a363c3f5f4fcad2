"""What a page may say on the stage socket, checked field by field.

Types are strict (true is no number, 1.0 no turn) and sizes are bounded. Whatever a client sends ends in a message, in None for
a type that this version does not know, or in ProtocolError with a text for the client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ..core.errors import ProtocolError
from .history_messages import BranchSelect, HistoryRollback, MessageEdit, ReplyRegenerate

MAX_TEXT = 8192
MAX_VIEWER = 60
MAX_ID = 100
MIC_MODES = ("open_mic", "push_to_talk", "wake_word")
_MAX_NUMBER = 2**32 - 1
_MAX_ID = 2**53 - 1
"""Larger numbers are not whole any more in a page."""
_MAX_ROLLBACK = 1000

# All control characters but tab and line feed, and halves of surrogate pairs, which no text can be made of.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class InputText:
    """Somebody says something to the avatar."""

    text: str
    viewer: str | None = None
    whole_reply: bool = False
    disable_quick_response: bool = False


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody has begun to write something."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop speaking."""


@dataclass(frozen=True, slots=True)
class Greet:
    """Speak the opening line."""


@dataclass(frozen=True, slots=True)
class PlaybackReport:
    """The turn's sound was heard up to ``played_ms``."""

    turn: int
    played_ms: float


@dataclass(frozen=True, slots=True)
class SoundClaim:
    """This viewer can play sound and asks to."""


@dataclass(frozen=True, slots=True)
class SoundRelease:
    """This viewer cannot play sound any longer."""


@dataclass(frozen=True, slots=True)
class MicStart:
    """This viewer's microphone is on; what is left out is as the settings say."""

    mode: str | None = None
    """One of ``MIC_MODES``."""
    half_duplex: bool | None = None


@dataclass(frozen=True, slots=True)
class MicStop:
    """This viewer's microphone is off; what was said so far is said."""


@dataclass(frozen=True, slots=True)
class MicTalk:
    """The button of push-to-talk is pressed, or let go of."""

    down: bool


@dataclass(frozen=True, slots=True)
class Ping:
    """``id`` comes back with the pong."""

    id: str | int | None = None


ClientMessage = (
    InputText
    | Typing
    | Interrupt
    | Greet
    | PlaybackReport
    | SoundClaim
    | SoundRelease
    | MicStart
    | MicStop
    | MicTalk
    | MessageEdit
    | ReplyRegenerate
    | HistoryRollback
    | BranchSelect
    | Ping
)


def parse_client_message(text: str) -> ClientMessage | None:
    """Read one text frame; None for a type that is not known. Raises ProtocolError."""
    try:
        message = _DECODER.decode(text)
    except RecursionError:
        raise ProtocolError("the message is nested too deeply") from None
    except ValueError:  # not JSON, or a number of thousands of digits
        raise ProtocolError("the message is not JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError("the message is not a JSON object")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("the message has no type")
    reader = _READERS.get(kind)
    return reader(message) if reader else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _text(message: dict[str, Any]) -> str:
    kind, text = message["type"], message.get("text")
    if not isinstance(text, str):
        raise ProtocolError(f"{kind}: text must be a string")
    text = clean_text(text)
    if not 1 <= len(text) <= MAX_TEXT:
        raise ProtocolError(f"{kind}: text must have 1 to {MAX_TEXT} characters")
    return text


def _whole(message: dict[str, Any], name: str, most: int) -> int:
    value = message.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ProtocolError(f"{message['type']}: {name} must be a whole number from 1 to {most}")
    return value


def _input_text(message: dict[str, Any]) -> InputText:
    text = _text(message)
    viewer = message.get("viewer", "")
    if not isinstance(viewer, str | None):
        raise ProtocolError("input.text: viewer must be a string")
    viewer = " ".join(clean_text(viewer or "").split())
    if len(viewer) > MAX_VIEWER:
        raise ProtocolError(f"input.text: viewer must have at most {MAX_VIEWER} characters")
    whole_reply, no_quick = _flag(message, "whole_reply"), _flag(message, "disable_quick_response")
    return InputText(text, viewer or None, whole_reply, no_quick)


def _flag(message: dict[str, Any], name: str) -> bool:
    value = message.get(name, False)
    if not isinstance(value, bool):
        raise ProtocolError(f"input.text: {name} must be true or false")
    return value


def clean_text(text: str) -> str:
    """Without control characters and the white space around it; tabs and line feeds stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _playback(message: dict[str, Any]) -> PlaybackReport:
    turn, played_ms = message.get("turn"), message.get("played_ms")
    if not isinstance(turn, int) or isinstance(turn, bool) or not 0 <= turn <= _MAX_NUMBER:
        raise ProtocolError("playback: turn must be a whole number from 0")
    if not isinstance(played_ms, int | float) or isinstance(played_ms, bool) or not 0 <= played_ms <= _MAX_NUMBER:
        raise ProtocolError("playback: played_ms must be a number from 0")
    return PlaybackReport(turn, float(played_ms))


def _mic_start(message: dict[str, Any]) -> MicStart:
    mode, half_duplex = message.get("mode"), message.get("half_duplex")
    if mode is not None and not (isinstance(mode, str) and mode in MIC_MODES):
        raise ProtocolError(f"mic.start: mode must be {', '.join(MIC_MODES[:-1])} or {MIC_MODES[-1]}")
    if not isinstance(half_duplex, bool | None):
        raise ProtocolError("mic.start: half_duplex must be true or false")
    return MicStart(mode, half_duplex)


def _mic_talk(message: dict[str, Any]) -> MicTalk:
    down = message.get("down")
    if not isinstance(down, bool):
        raise ProtocolError("mic.talk: down must be true or false")
    return MicTalk(down)


def _ping(message: dict[str, Any]) -> Ping:
    id_ = message.get("id")
    is_short_text = type(id_) is str and len(id_) <= MAX_ID and not _CONTROL.search(id_)
    is_number = type(id_) is int and abs(id_) <= _MAX_NUMBER
    if not (id_ is None or is_short_text or is_number):
        raise ProtocolError(f"ping: id must be a whole number, or a string of at most {MAX_ID} characters")
    return Ping(id_)


_READERS: dict[str, Callable[[dict[str, Any]], ClientMessage]] = {
    "input.text": _input_text,
    "input.typing": lambda _: Typing(),
    "interrupt": lambda _: Interrupt(),
    "greet": lambda _: Greet(),
    "playback": _playback,
    "sound.claim": lambda _: SoundClaim(),
    "sound.release": lambda _: SoundRelease(),
    "mic.start": _mic_start,
    "mic.stop": lambda _: MicStop(),
    "mic.talk": _mic_talk,
    "message.edit": lambda message: MessageEdit(_whole(message, "message", _MAX_ID), _text(message)),
    "reply.regenerate": lambda _: ReplyRegenerate(),
    "history.rollback": lambda message: HistoryRollback(_whole(message, "count", _MAX_ROLLBACK)),
    "branch.select": lambda message: BranchSelect(_whole(message, "message", _MAX_ID)),
    "ping": _ping,
}
