"""How much of a transcript are words of a given text, in the same order, whatever was left out between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from .spoken_words import Word

LEAST = 2
"""Letters of a word that can be found in a row of letters: shorter ones are everywhere, and count as not found."""


def in_order(words: Sequence[Word], letters: str) -> float:
    """The share, from 0 to 1, of the letters of ``words`` that can be laid along ``letters``, word by word."""
    ends, laid = [0], [0]
    for key in (word.key for word in words if len(word.key) >= LEAST):
        steps = [(at + len(key), laid[bisect_right(ends, at) - 1] + len(key)) for at in _places(key, letters)]
        for end, length in steps:
            _reach(ends, laid, end, length)
    return laid[-1] / max(sum(len(word.key) for word in words), 1)


def _places(key: str, letters: str) -> Iterator[int]:
    at = letters.find(key)
    while at >= 0:
        yield at
        at = letters.find(key, at + 1)


def _reach(ends: list[int], laid: list[int], end: int, length: int) -> None:
    """Keep that so many letters can be laid up to ``end``: both lists rise."""
    place = bisect_right(ends, end)
    if laid[place - 1] >= length:
        return
    if ends[place - 1] == end:
        place -= 1
        ends.pop(place)
        laid.pop(place)
    last = place
    while last < len(ends) and laid[last] <= length:
        last += 1
    ends[place:last], laid[place:last] = [end], [length]
