"""Reads a conversation the way a model would: who am I, what may I do with my face, who speaks, and what was said before.

Everything comes from the messages; nothing is kept between two calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.types import Message
from . import names
from .clean import plain
from .language import OTHER, SPOKEN, named_language, script_of
from .lines import FLAVOURS, GENERIC

LONGEST_READ = 1000
"""Characters of one message that are looked at."""

TAG = re.compile(r"\[([^\[\]\s]{1,40})\]")
_SAYS = re.compile(r'^("(?:[^"\\]|\\.){0,200}") says: ')
_CALLED = re.compile(
    r"\b[Yy]ou are (?:playing )?(?P<a>\"[^\"\n]{1,60}\"|[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2})|"
    r"\b[Yy]our name is (?P<b>[^\s.,;\n]{1,60})|"
    r"(?:你是|你叫|名字是|名字叫)[「“\"]?(?P<c>[^\s，。,.、；「」“”\"一个]{1,12})|あなたは[「]?(?P<d>[^\s、。「」]{1,12}?)[」]?(?:です|という)",
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a viewer said."""

    text: str
    viewer: str | None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the answer depends on."""

    me: str
    """What the character is called."""
    flavour: str
    """Whose lines to use."""
    language: str
    """The language to answer in: one of ``SPOKEN``."""
    prompt: str
    tags: frozenset[str]
    """Expression tags that the system prompt offers."""
    heard: Said
    unreadable: bool
    """The last thing said is in a script that the demo cannot read."""
    before: tuple[Said, ...]
    """What viewers said before, oldest first."""
    name: str | None
    """The name of whoever spoke last, where it is known."""
    replies: tuple[str, ...]
    """Earlier replies, oldest first, without tags."""


def read(messages: Sequence[Message]) -> Situation:
    prompt = "\n".join(m.content for m in messages if m.role == "system")
    said = [_said(line) for m in messages if m.role == "user" for line in _lines(m.content)]
    heard, before = (said[-1], tuple(said[:-1])) if said else (Said("", None), ())
    me, flavour = _identity(prompt)
    script = script_of(heard.text)
    return Situation(
        me=me,
        flavour=flavour,
        language=_language(script, before, prompt),
        prompt=prompt,
        tags=frozenset(TAG.findall(prompt)),
        heard=heard,
        unreadable=script == OTHER,
        before=before,
        name=_name(heard, before),
        replies=tuple(TAG.sub("", m.content).strip() for m in messages if m.role == "assistant"),
    )


def _lines(content: str) -> list[str]:
    """Several viewers may share a message, a line each; other line breaks are only spaces."""
    lines: list[str] = []
    for line in content[-8 * LONGEST_READ :].splitlines():
        if not lines or _SAYS.match(line):
            lines.append(line)
        else:
            lines[-1] += " " + line
    return lines or [""]


def _said(line: str) -> Said:
    viewer = None
    if match := _SAYS.match(line):
        viewer, line = _unquoted(match[1]), line[match.end() :]
    return Said(re.sub(r"\s+", " ", line[:LONGEST_READ].replace("’", "'")).strip(), viewer)


def _unquoted(quoted: str) -> str | None:
    try:
        name = json.loads(quoted)
    except ValueError:
        return None
    return plain(name, names.LONGEST) or None


def _identity(prompt: str) -> tuple[str, str]:
    """The character's name, and whose lines go with it."""
    match = _CALLED.search(prompt)
    called = next((group for group in match.groupdict().values() if group), "").strip('"') if match else ""
    for where in (called, prompt if not called else ""):
        for flavour, aliases in FLAVOURS.items():
            if any(_names(where, alias) for alias in aliases):
                return called or aliases[0].title(), flavour
    return plain(called, names.LONGEST) or "Hayakuchi", GENERIC


def _names(text: str, alias: str) -> bool:
    pattern = rf"\b{re.escape(alias)}\b" if alias.isascii() else re.escape(alias)
    return re.search(pattern, text, re.IGNORECASE) is not None


def _language(script: str | None, before: Sequence[Said], prompt: str) -> str:
    prompted = named_language(prompt) or "en"
    if script == "zh" and prompted == "ja":
        return "ja"  # Kanji alone may be either.
    if script in SPOKEN:
        return script
    if script is None:
        earlier = (script_of(said.text) for said in reversed(before))
        return next((language for language in earlier if language in SPOKEN), prompted)
    return prompted


def _name(heard: Said, before: Sequence[Said]) -> str | None:
    for said in (heard, *reversed(before)):
        if said.viewer == heard.viewer and (name := names.told(said.text)):
            return name
    return heard.viewer
