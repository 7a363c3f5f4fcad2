"""Which words fill the wait for a slow model: in the language of what was heard, never in two turns running, and in turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

from ..core.character import Character
from .languages import language_of, primary


class Fillers:
    """The fillers of one session. A turn that may need one asks :meth:`take`; :meth:`next_turn` comes between two turns."""

    def __init__(self, character: Character, random: Random | None = None) -> None:
        self._languages = list(dict.fromkeys([primary(character.language), *_by_language(character)]))
        self._texts = {
            language: _shuffled(texts, random or Random()) for language, texts in _by_language(character).items()
        }
        self._used = self._used_before = False

    def take(self, heard: str) -> str | None:
        """Words to say while somebody waits for the answer to this, with the space that follows them.

        None when the last turn had some, or there are none in the language of what was heard.
        """
        texts = self._texts.get(language_of(heard, self._languages) or "")
        if not texts or self._used or self._used_before:
            return None
        self._used = True
        texts.rotate(-1)
        return followed(texts[-1])

    def next_turn(self) -> None:
        self._used_before, self._used = self._used, False


def own_fillers(character: Character) -> Sequence[str]:
    """Those in the character's own language, each once, as they are written."""
    return _by_language(character).get(primary(character.language), ())


def followed(words: str) -> str:
    """The words with the space that follows them; none behind Chinese and Japanese."""
    hangul = "\uac00" <= words[-1] <= "\ud7a3"
    return words if words[-1] > "\u2e80" and not hangul else words + " "


def _by_language(character: Character) -> Mapping[str, Sequence[str]]:
    """A character's fillers by language; a plain list is in its own."""
    given = character.fillers
    found = given if isinstance(given, Mapping) else {primary(character.language): given}
    return {language: list(dict.fromkeys(filter(None, map(str.strip, texts)))) for language, texts in found.items()}


def _shuffled(texts: Sequence[str], random: Random) -> deque[str]:
    return deque(random.sample(texts, len(texts)))
