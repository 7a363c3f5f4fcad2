"""Which part of a segment's text belongs to which part of its sound."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ...core.types import Mark, Segment

_BEGUN_MS = 20.0
"""A word that begins so shortly before a cut is heard after it."""
_OPENING = ("Ps", "Pi")
_WIDE = "\u2e80"
"""From here on letters are words by themselves."""


def text_end(segment: Segment, words: Sequence[Mark], cut_ms: float, length_ms: float) -> int:
    """Where, in what is displayed, the text ends that is spoken before ``cut_ms`` of a clip of ``length_ms``.

    By the voice's word marks where there are any, else by how long the text is. A word is never divided, and marks stay with
    what they close.
    """
    display, speech = segment.display, segment.speech
    begun = [mark.start + mark.length for mark in words if mark.at_ms < cut_ms - _BEGUN_MS]
    spoken = display.find(speech) if speech else -1
    if begun and spoken >= 0:
        place = spoken + max(begun)
    elif begun and speech:
        place = round(max(begun) / len(speech) * len(display))
    else:
        place = round(cut_ms / max(length_ms, 1.0) * len(display))
    return word_end(display, place)


def word_end(text: str, place: int) -> int:
    """The end of the word at ``place``, or of the first one, with what closes it and the blanks that follow."""
    first = next((index for index, char in enumerate(text) if char.isalnum()), len(text))
    place = min(max(place, first + 1), len(text))
    while place < len(text) and _within_word(text[place - 1], text[place]):
        place += 1
    while place < len(text) and _closes(text[place]):
        place += 1
    return place


def _within_word(before: str, after: str) -> bool:
    if after in "'’":
        return before.isalnum()
    return before < _WIDE and after < _WIDE and (before.isalnum() or before in "'’") and after.isalnum()


def _closes(char: str) -> bool:
    return not char.isalnum() and unicodedata.category(char) not in _OPENING
