"""Knows the avatar's own voice by what it says: words that the microphone brings back from the loudspeakers.

A recogniser mishears them, and may begin and end anywhere. So their letters, in a row, are looked for among the letters of what
was said when the microphone could hear it; as many as two in five may differ, fewer in short texts. Words that it leaves out
say nothing: where most of what was understood are words of hers in their order, it is hers, too. Somebody who quotes a word or
two says other words with them, and these are not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .in_order import in_order
from .spoken_words import Word, weight, words_of

KEPT: Final = 1200
"""Letters that are remembered: more than a minute of speech."""
REACH: Final = 150
"""Letters before somebody was heard to speak that may have been what was heard: about ten seconds of speech."""
SHORT_REACH: Final = 60
"""The same for a few words: they resemble something too easily."""
SHORT: Final = 14
"""Letters of a few words."""
LEAST_BEFORE: Final = 24
"""Letters of hers before words of somebody else: fewer are a quotation."""
TAIL: Final = 18
"""Letters at the end that must be hers as well."""
TAIL_TOLERANCE: Final = 0.55
"""Share of them that may differ."""


IN_ORDER: Final = 0.62
"""Share of the letters that must be in words of hers, in their order, where she was not understood letter by letter."""
TAIL_SLACK: Final = 0.1
LAST_WORDS: Final = 4
FEW_WORDS: Final = 4
"""So many in a short text are not one long word of hers either."""
LEAST_IN_ORDER: Final = 30
"""Letters; in fewer, one long word of hers would be most of it."""


class OwnVoice:
    """``heard`` follows what is heard of her; ``listen`` marks where somebody begins to speak."""

    def __init__(self) -> None:
        self._said = ""
        self._letters = ""
        self._from = self._short_from = 0

    def heard(self, said: str) -> None:
        """What was heard of her in the last seconds, as far as it is known by now; called again and again."""
        if said == self._said:
            return
        self._said = said
        letters = _letters(words_of(said))
        overlap = next(
            (
                size
                for size in range(min(len(letters), len(self._letters)), 0, -1)
                if self._letters.endswith(letters[:size])
            ),
            0,
        )
        self._letters += letters[overlap:]
        if (over := len(self._letters) - KEPT) > 0:
            self._letters = self._letters[over:]
            self._from, self._short_from = max(self._from - over, 0), max(self._short_from - over, 0)

    def listen(self) -> None:
        """Somebody begins to speak: what was said long before cannot be what the microphone hears."""
        self._from = self._before(REACH)
        self._short_from = self._before(SHORT_REACH)

    def theirs(self, words: Sequence[Word], slack: float = 0.0) -> Sequence[Word]:
        """What follows in a transcript behind her own words; all of it when it does not begin with them.

        ``slack`` is the share of the letters that may differ besides, up to a half in all.
        """
        if not words or self._is_hers(words, slack):
            return ()
        if not self._may_be_hers(_first(words)):
            return words
        for end in range(len(words) - 1, 0, -1):
            if size_of(words[:end]) < LEAST_BEFORE:
                return words
            if self._is_hers(words[:end], slack):
                return words[self._trimmed(words, end) :]
        return words

    def has(self, words: Sequence[Word]) -> bool:
        """Whether she has said just these words lately, or what sounds like them."""
        letters = _letters(words)
        return _differences(letters, self._letters[self._short_from :]) <= len(letters) // 5

    def _is_hers(self, words: Sequence[Word], slack: float) -> bool:
        letters = _letters(words)
        if not letters:
            return False
        short = size_of(words) < SHORT
        said = self._letters[self._short_from if short else self._from :]
        if short and self._is_cut_short(words):
            return True
        if len(letters) > 2 * len(said):
            return False  # all that she said is less than half of it
        if (size_of(words) >= LEAST_IN_ORDER or (short and len(words) >= FEW_WORDS)) and _in_order(words, said):
            return True
        if _differences(letters, said) > len(letters) * min(_tolerance(words) + slack, 0.5):
            return False
        tail = _last(words)
        return len(tail) == len(words) or self._may_be_hers(tail, slack / 2)

    def _is_cut_short(self, words: Sequence[Word]) -> bool:
        """Two or three words, the first and at least half of which are among her last ones: she fell silent for her echo."""
        last = [word.key for word in words_of(self._said)][-LAST_WORDS:]
        if not 2 <= len(words) <= 3 or words[0].key not in last or weight(words[0].key) > len(words[0].key):
            return False
        same = sum(word.key in last[last.index(words[0].key) :] for word in words)
        return 2 * same >= len(words)

    def _may_be_hers(self, words: Sequence[Word], slack: float = 0.0) -> bool:
        letters = _letters(words)
        return _differences(letters, self._letters[self._from :]) <= len(letters) * (TAIL_TOLERANCE + slack)

    def _trimmed(self, words: Sequence[Word], end: int) -> int:
        """Where her words end, if others follow that may have begun a few words before ``end``."""
        least = end - len(_last(words[:end]))
        while least < end < len(words):
            last = _letters(words[max(end - 2, 0) : end])
            if _differences(last, self._letters[self._from :]) <= len(last) * 0.2:
                break
            end -= 1
        return end

    def _before(self, reach: int) -> int:
        place = len(self._letters)
        while place > 0 and reach > 0:
            place -= 1
            reach -= weight(self._letters[place])
        return place


def _tolerance(words: Sequence[Word]) -> float:
    """Share of the letters that may differ; of Han, kana and hangul more, as few of so many agree by chance."""
    size = size_of(words)
    if len(_letters(words)) * 2 <= size:
        return 0.5
    return 0.0 if size < 6 else 0.3 if size < 8 else 0.38 if size < SHORT else 0.4


def _in_order(words: Sequence[Word], said: str) -> bool:
    return min(in_order(words, said), in_order(_last(words), said) + TAIL_SLACK) >= IN_ORDER


def _first(words: Sequence[Word]) -> Sequence[Word]:
    return words[: len(_last(words[::-1]))]


def _last(words: Sequence[Word]) -> Sequence[Word]:
    size, start = 0, len(words)
    while start > 0 and size < TAIL:
        start -= 1
        size += weight(words[start].key)
    return words[start:]


def size_of(words: Sequence[Word]) -> int:
    """About how many Latin letters take as long to say."""
    return sum(weight(word.key) for word in words)


def _letters(words: Sequence[Word]) -> str:
    return "".join(word.key for word in words)


def _differences(pattern: str, text: str) -> int:
    """Insertions, deletions and substitutions between ``pattern`` and the part of ``text`` that is most like it.

    One column of the table of edit distances is held in the bits of two integers (Myers, 1999).
    """
    size = len(pattern)
    places: dict[str, int] = {}
    for index, char in enumerate(pattern):
        places[char] = places.get(char, 0) | 1 << index
    every, last = (1 << size) - 1, 1 << (size - 1)
    more, less = every, 0
    differences = best = size
    for char in text:
        same = places.get(char, 0)
        across = (((same & more) + more) ^ more) | same
        rises = less | ~(across | more) & every
        falls = more & across
        differences += bool(rises & last) - bool(falls & last)
        best = min(best, differences)
        rises, falls = rises << 1, falls << 1
        same |= less
        more = (falls | ~(same | rises)) & every
        less = rises & same & every
    return best
