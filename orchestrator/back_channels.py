"""Tells a listener's "uh-huh" from words that want an answer, and hears the words that mean stop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from .listening_words import BACK_CHANNELS, SOUNDS, STOPS
from .spoken_words import Word, keys

_POLITE: Final = frozenset(
    {
        "please",
        "pls",
        "hey",
        "no",
        "but",
        "and",
        "just",
        "now",
        "ok",
        "okay",
        "por",
        "favor",
        "bitte",
        "请",
        "不",
        "그",
        "nein",
    }
)
"""What may stand before a word that means stop."""
_ASKS: Final = frozenset("?？؟⁇⁈")
_BEHIND: Final = "\"'”’」』)）]* \t\n\u3000!！~～…♪"

Phrase = tuple[str, ...]


class Phrases:
    """A set of phrases, found at a place among words."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._all = {phrase for phrase in phrases if phrase}
        self._by_first: dict[str, list[Phrase]] = {}
        for phrase in sorted(self._all, key=len):
            self._by_first.setdefault(phrase[0], []).append(phrase)

    def with_more(self, texts: Iterable[str]) -> Phrases:
        return Phrases([*self._all, *map(keys, texts)])

    def begin_with(self, words: Sequence[Word]) -> bool:
        """Whether some phrase begins with these words, and may go on."""
        phrases = self._by_first.get(words[0].key, ()) if words else ()
        return any(len(phrase) > len(words) and _matches(words, 0, phrase[: len(words)]) for phrase in phrases)

    def ends(self, words: Sequence[Word], start: int) -> list[int]:
        """Where the phrases end that begin at ``start``, the nearest first."""
        if start >= len(words):
            return []
        phrases = self._by_first.get(words[start].key, ())
        lengths = (len(phrase) for phrase in phrases if _matches(words, start, phrase))
        return [start + length for length in lengths]


class BackChannels:
    """For speakers of ``language``, and of English; None: of all that are known. ``more`` are back-channels, too."""

    def __init__(self, language: str | None, more: Iterable[str] = ()) -> None:
        signs, self._stops = _known(language if language in BACK_CHANNELS else None)
        self._signs = signs.with_more(more)

    def real(self, words: Sequence[Word], *, whole: bool = True) -> list[Word]:
        """The words that are not part of a back-channel. ``words`` are those of one utterance, from its beginning.

        Not ``whole``: the last words may be the beginning of one.
        """
        real: list[Word] = []
        place = 0
        while place < len(words):
            end = self._run(words, place, whole)
            if end is None:
                end = _next_first(words, place)
                real += words[place:end]
            place = end
        return real

    def stops(self, words: Sequence[Word]) -> range | None:
        """Where among the words somebody asks to stop: first, but for back-channels and politeness, or last."""
        real = self.real(words)
        start = words.index(real[0]) if real else 0
        while start < len(words) and words[start].key in _POLITE and not self._stops.ends(words, start):
            start += 1
        if ends := [end for end in self._stops.ends(words, start) if end - start > 1 or _whole(words, end)]:
            return range(start, ends[-1])
        for start in range(max(len(words) - 4, 0), len(words)):
            if words[start].first and len(words) in self._stops.ends(words, start):
                return range(start, len(words))
        return None

    def _run(self, words: Sequence[Word], start: int, whole: bool) -> int | None:
        """The end of the longest row of back-channels from here that ends with a word as it is written."""
        seen, row = set[int](), [start]
        while row:
            place = row.pop()
            if not whole and self._signs.begin_with(words[place:]):
                return len(words)
            for end in self._signs.ends(words, place):
                if end not in seen:
                    seen.add(end)
                    row.append(end)
        return max((end for end in seen if _whole(words, end)), default=None)


def is_question(said: str) -> bool:
    """Whether what was said ends in a question."""
    return said.rstrip(_BEHIND)[-1:] in _ASKS and bool(said)


@cache
def _known(language: str | None) -> tuple[Phrases, Phrases]:
    """Back-channels and words that mean stop; None: in all languages."""
    languages = sorted({language, "en"}) if language else sorted(BACK_CHANNELS)
    signs = [SOUNDS, *(BACK_CHANNELS[name] for name in languages)]
    return _listed(signs), _listed(STOPS[name] for name in languages)


def _listed(tables: Iterable[str]) -> Phrases:
    return Phrases(keys(phrase) for table in tables for phrase in table.split(","))


def _matches(words: Sequence[Word], start: int, phrase: Phrase) -> bool:
    return len(words) - start >= len(phrase) and all(
        word.key == key for word, key in zip(words[start : start + len(phrase)], phrase, strict=True)
    )


def _whole(words: Sequence[Word], end: int) -> bool:
    """Whether no word is cut in two there."""
    return end == len(words) or words[end].first


def _next_first(words: Sequence[Word], place: int) -> int:
    return next((index for index in range(place + 1, len(words)) if words[index].first), len(words))
