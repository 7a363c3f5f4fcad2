"""What the scripted models say, and the arithmetic of it: replies, tokens, and where in a reply a text stands. Pure."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

MS_PER_CHARACTER = 60
MS_PER_CJK_CHARACTER = 200
WARM_UP = 1000
"""Replies from this number on are short, one for each opener of each language."""
TALK_SENTENCES = 8
"""Length of a reply that was not asked for by name."""
LANGUAGES = ("en", "zh", "ja")
KEY = re.compile(r"k\d+x\d+")
_WHICH = re.compile(r"\br(\d+|harbour|long-\w\w)\b")
_SEED_REPLY = (
    "Answer {key} is right here, and there is a little more to tell about it. "
    "The second sentence follows the first one at once. Then comes a third, which is a bit longer than the others were. "
    "A fourth one closes the story."
)
_CJK = "\u3001-\u30ff\u3400-\u9fff\uff01-\uff60"
_TOKEN = re.compile(rf"[{_CJK}]|[ \n]?[^\W_{_CJK}]{{1,8}}['’]?|.", re.DOTALL)
_CLOSERS = "\"'”’」』）)】"
_STOPS = ".…"
_HAN = re.compile("[\u4e00-\u9fff]{2}")
_KANA = re.compile("[\u3041-\u30ff]")
_SENTENCE = re.compile(rf"[^。！？.!?]+(?:[。！？.!?]+[{re.escape(_CLOSERS)}]*|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """``which``: how a message asks for it."""

    which: str
    language: str
    text: str
    opener: str


@cache
def _script() -> dict:
    return yaml.safe_load(Path(__file__).with_name("script.yaml").read_text(encoding="utf-8"))


@cache
def replies() -> tuple[Reply, ...]:
    """The replies of ordinary turns: r0, r1, …"""
    script = _script()
    return tuple(
        Reply(str(number), one["language"], one["text"], _opener(one["language"], number))
        for number, one in enumerate(script["replies"])
    )


@cache
def warm_up_replies() -> tuple[Reply, ...]:
    """Short ones that, together, have every opener there is."""
    script = _script()
    pairs = [(language, opener) for language in LANGUAGES for opener in script["openers"][language]]
    return tuple(
        Reply(str(WARM_UP + number), language, script["short"][language], opener)
        for number, (language, opener) in enumerate(pairs)
    )


@cache
def special(which: str) -> Reply:
    """``harbour``, or ``long-`` and a language. Raises KeyError."""
    script = _script()
    if which == "harbour":
        return Reply(which, "en", script["harbour"], _opener("en", 0))
    language = which.removeprefix("long-")
    text = script["long"][language]
    return Reply(which, language, text if language == "en" else text.replace(" ", ""), _opener(language, 0))


def asked_for(message: str) -> Reply:
    """The reply that a message asks for with ``r<number>``; else one that has its key in it, or a part of a long one, picked
    by the message's words."""
    if found := _WHICH.search(message):
        which = found.group(1)
        if not which.isdecimal():
            return special(which)
        known = warm_up_replies() if int(which) >= WARM_UP else replies()
        return known[int(which) % WARM_UP]
    if key := KEY.search(message):
        return Reply("", "en", _SEED_REPLY.format(key=key.group()), _opener("en", 0))
    return _talk(zlib.crc32(message.encode()))


def _talk(number: int) -> Reply:
    """Some sentences out of the middle of a long English reply."""
    said = sentences(special("long-en").text)
    start = number % (len(said) - TALK_SENTENCES)
    return Reply("talk", "en", " ".join(said[start : start + TALK_SENTENCES]), _opener("en", number))


def _opener(language: str, number: int) -> str:
    openers = _script()["openers"][language]
    return openers[number % len(openers)]


def tokens(text: str) -> list[str]:
    """As a tokenizer for large models cuts text: words with the blank before them, long ones in two; of Chinese and Japanese
    one or two characters; marks alone. Joined they are the text."""
    pieces: list[str] = []
    for piece in _TOKEN.findall(text):
        pair = pieces and is_cjk(piece) and is_cjk(pieces[-1]) and len(pieces[-1]) == 1
        if pair and piece.isalnum() and pieces[-1].isalnum() and zlib.crc32((pieces[-1] + piece).encode()) % 3:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def is_cjk(text: str) -> bool:
    return bool(re.fullmatch(rf"[{_CJK}]+", text))


def duration_ms(text: str) -> int:
    """How long the scripted voice takes to say a text."""
    return sum(MS_PER_CJK_CHARACTER if is_cjk(ch) else MS_PER_CHARACTER for ch in text)


def sentences(text: str) -> list[str]:
    return [found.strip() for found in _SENTENCE.findall(text) if found.strip()]


def locate(reply: str, text: str, after: int = 0) -> list[int] | None:
    """For each character of a text that a voice was asked for, its place in the reply; None where it is not of this reply.

    Only letters and digits are compared, since what is between them may be changed for the voice; other characters have the
    place of the letter or digit before them. ``after``: the text is looked for from this place of the reply on first.
    """
    places = [place for place, ch in enumerate(reply) if ch.isalnum()]
    bare = "".join(reply[place] for place in places).lower()
    wanted = "".join(filter(str.isalnum, text)).lower()
    skipped = sum(place < after for place in places)
    start = bare.find(wanted, skipped)
    if start < 0:
        start = bare.find(wanted)
    if start < 0 or not wanted:
        return None
    found: list[int] = []
    count = start
    for ch in text:
        count += ch.isalnum()
        found.append(places[max(count - 1, start)])
    return found


def cut_token(reply: str, text: str) -> int | None:
    """The number of the token of ``tokens(reply)`` that made it possible to give ``text``, the reply's beginning, to a voice.

    That is the token which completes the marks that follow the text's last letter or digit. A cut between words is known to be
    one, and a full stop to be the end of a sentence, when the next token is there; that a Chinese word has ended shows when the
    second letter after it is. At the end of the reply nothing follows, and the last token decides. None: the text does not
    begin the reply.
    """
    found = locate(reply, text)
    first = next((place for place, ch in enumerate(reply) if ch.isalnum()), None)
    if not found or found[0] != first:
        return None
    end = found[-1] + 1
    marks_end = end
    while marks_end < len(reply) and not reply[marks_end].isalnum() and not reply[marks_end].isspace():
        marks_end += 1
    marks = reply[end:marks_end].rstrip(_CLOSERS)
    needs_next = not marks or marks[-1] in _STOPS
    needed = marks_end if needs_next else marks_end - 1
    if not marks and _HAN.fullmatch(reply[end - 1 : end + 1]) and not _KANA.search(reply):
        needed += 1
    total = 0
    pieces = tokens(reply)
    for number, token in enumerate(pieces):
        total += len(token)
        if total > needed:
            return number
    return len(pieces) - 1
