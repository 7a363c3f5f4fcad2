"""Hears whether somebody speaks to the avatar by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .spoken_words import Word, keys, words_of

LEADING: Final = 3
"""Words that may stand before the name."""
FUZZY_FROM: Final = 4
"""Letters from which on a name may be written another way."""
_CALLS: Final = frozenset(
    key
    for text in "hey hi hello hallo hola oi oye ok okay yo oh ah um uh er so well now and but please dear yes no right"
    " alright stop wait"
    " salut ehi эй привет слушай ну эм 嘿 嗨 喂 你 好 那 个 嗯 呃 啊 哎 ね え お い あ の ん は 야 저 기 음 어 안 녕".split()
    for key in keys(text)
)
_LATIN = re.compile("[a-z]+")
_VOWELS = re.compile("[aeiouy]|(?<!^)h")
_SAME_SOUND: Final = str.maketrans({"c": "k", "q": "k", "z": "s", "v": "f", "w": "u", "j": "y"})


@dataclass(frozen=True, slots=True)
class Called:
    """The name was said; ``rest`` is what was said behind it, empty when there was only the name."""

    rest: str
    by: int
    """How many words the call has, the name with them."""


class WakeWords:
    """Names in Latin letters are also heard as recognisers misspell them: Kyo, Keyo and Kio are Kiyo, kilo is not."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [name for name in map(keys, names) if name]

    def called(self, text: str) -> Called | None:
        """Whether a text begins with a name, or with a call and a name."""
        words = words_of(text)
        for start in range(min(LEADING + 1, len(words))):
            if any(word.key not in _CALLS for word in words[:start]):
                return None
            if (end := self._end(words, start)) is not None:
                return Called(text[words[end].start :].strip() if end < len(words) else "", end)
        return None

    def _end(self, words: Sequence[Word], start: int) -> int | None:
        """Where the name ends that begins at ``start``."""
        for name in self._names:
            exact = start + len(name)
            if tuple(word.key for word in words[start:exact]) == name:
                return exact
            for end in range(start + 1, min(start + len(name) + 1, len(words)) + 1):
                if _alike("".join(word.key for word in words[start:end]), "".join(name)):
                    return end
        return None


def _alike(heard: str, name: str) -> bool:
    """The same consonants, and at most one letter in four, or one, different."""
    if len(name) < FUZZY_FROM or not (_LATIN.fullmatch(heard) and _LATIN.fullmatch(name)):
        return False
    return _consonants(heard) == _consonants(name) and _distance(heard, name) <= max(len(name) // 4, 1)


def _consonants(name: str) -> str:
    return re.sub(r"(.)\1+", r"\1", _VOWELS.sub("", name).translate(_SAME_SOUND))


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], index
        for place, wanted in enumerate(other, 1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (letter != wanted))
    return row[-1]
