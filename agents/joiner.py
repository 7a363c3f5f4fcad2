"""Joins the large model's reply to the opener that was spoken before it, without a seam and without saying it twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from .lead_in import LeadIn

_COMMAS: Final = frozenset(",،，、")
_WIDE: Final = frozenset("，、！。…")
_MARKS: Final = frozenset(",.!?;:…—–~、，。！？；：・〜～،؟*")
_CLOSING: Final = frozenset('"”」』)）')
_GOING_ON: Final = frozenset(",;…—–，、；،")
_PARTICLES = re.compile("[呀呢啊哦呐啦哟嘛ねよ]{0,2}")
"""What may hang on a repetition without making it another word: ``好的呀，``, ``えっとね、``."""
_NUMBERED: Final = frozenset({"no"})
"""Openers that are an abbreviation before a number: ``No. 5``."""
_ATTACHED = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""What changes the emoji before it, or ties it to the next one."""
_ENDING: Final = frozenset(".!?。！？")
_NOT_HEARD: Final = frozenset("ーっッ゛゜")
_EXCLAMATIONS: Final = frozenset(
    "oh ooh ah aah aw aww hm hmm mm mhm um umm uh eh er wow whoa hey yay oops huh ha haha yikes ugh phew gosh".split()
)
_LOWERED: Final = frozenset(
    "that the this these those it its is are was were you your he she his her we they my our their there here what when where "
    "why how who and but so or if then let do does did don didn doesn isn aren wasn can could would should have has a an in "
    "on at of to for from with as not no yes yeah well oh maybe perhaps sometimes just now some all any every one sounds "
    "because while after before".split()
)
"""Ordinary English words that are written small after a comma; no name and no acronym is among them."""
_TITLED = re.compile(r"[A-Z][a-z]*")
_ROOM: Final = 40
"""Characters that a stretched repetition may be longer than the opener."""


class Joiner:
    """Pure; text in, text out, and what comes out, joined, does not depend on how the text was split.

    The reply's beginning is held back only while it may still repeat the opener; a repetition is dropped with its mark. Tags,
    thoughts and emoji before it pass through. After a comma an ordinary English word goes on in lower case, unless the
    character speaks German. Between the opener and the reply stands one space, or none after a wide mark.
    """

    def __init__(self, opener: str, language: str = "en") -> None:
        self._target = _sound(opener)
        self._exclaims = _sound(opener.split(" ")[0]) in _EXCLAMATION_SOUNDS
        self._limit = len(opener) + _ROOM
        self._lowers = opener[-1:] in _COMMAS and language.partition("-")[0] != "de"
        self._space = "" if opener[-1:] in _WIDE else " "
        self._due = self._space
        self._lead = LeadIn()
        self._repeated = False
        self._held = ""
        self._step: Callable[[str], str] | None = self._leading

    def feed(self, text: str) -> str:
        """More of the reply; what of it is certain to be said."""
        if self._step is None:
            return text
        out = ""
        for index, char in enumerate(text):
            if self._step is None:
                return out + text[index:]
            out += self._step(char)
        return out

    def flush(self) -> str:
        """The reply ends here: what was held back. A repetition that nothing follows is nothing."""
        step, self._step = self._step, None
        held, self._held = self._held, ""
        if step == self._leading:
            held = self._lead.end()
        elif step == self._matched and self._said_again(held):
            held = ""
        elif step in (self._matching, self._first_word):
            held = self._cased(held)
        return self._spaced(held) if held and step != self._swallowing else ""

    def _leading(self, char: str) -> str:
        """Tags, thoughts and emoji, and marks that would double the opener's own."""
        passed = self._lead.read(char)
        rest = self._lead.rest
        if rest is None:
            return self._spaced(passed, again=self._lead.tagged) if passed else ""
        if rest[0] in _GOING_ON:
            self._lead = LeadIn()
            return self._replay(self._leading, rest[1:])
        if rest == ".":
            return self._replay(self._dots, rest)
        if _pictured(rest[0]):
            self._lead, self._step = LeadIn(), self._pictures
            return self._spaced(rest)
        return self._replay(self._first_word if self._repeated else self._matching, rest)

    def _pictures(self, char: str) -> str:
        """Emoji go on as they are written; the mark and the space behind them are theirs."""
        if _pictured(char) or _ATTACHED.match(char) or char in _ENDING:
            return char
        self._due = " " if char.isspace() else self._space
        return self._replay(self._leading, char)

    def _dots(self, char: str) -> str:
        """``...`` goes on like ``…``; a single point belongs to what follows, as in ``.5``."""
        self._held += char
        if self._held == "." or not self._held.strip("."):
            return ""
        held, self._held = self._held, ""
        if held.startswith(".."):
            self._lead = LeadIn()
            return self._replay(self._leading, held.lstrip("."))
        return self._replay(self._first_word, held)

    def _matching(self, char: str) -> str:
        """Whether the opener is said again: its letters are compared, whatever stands between them."""
        self._held += char
        heard = _sound(self._held)
        if not self._target.startswith(heard) or len(self._held) > self._limit or _foreign(char):
            return self._let_go()
        if heard == self._target:
            self._step = self._matched
        return ""

    def _matched(self, char: str) -> str:
        """All of the opener was said: a mark behind it, or the next word, says whether as such."""
        before, self._held = self._held, self._held + char
        spaced = before[-1].isspace()
        if char in _MARKS or char == "\n" or (char in _CLOSING and not spaced) or (char == "-" and spaced):
            self._step = self._swallowing
            return ""
        if char.isspace() or (not spaced and _heard(char) and self._said_again(self._held)):
            return "" if len(self._held) <= self._limit else self._let_go()
        return self._swallowing(char) if (spaced and self._exclaims) or _pictured(char) else self._let_go()

    def _swallowing(self, char: str) -> str:
        """The repetition's marks go with it."""
        spaced = self._held[-1:].isspace()
        if char.isspace() or char in _MARKS or (char == "-" and spaced) or (char in _CLOSING and not spaced):
            self._held += char
            return ""
        if char.isdigit() and self._target in _NUMBERED and self._held.rstrip(" ").lower().endswith("no."):
            held, self._held, self._step = self._held + char, "", None
            return self._spaced(held)
        self._held, self._repeated, self._lead = "", True, LeadIn()
        return self._replay(self._leading, char)

    def _said_again(self, held: str) -> bool:
        heard = _sound(held)
        return heard.startswith(self._target) and bool(_PARTICLES.fullmatch(heard.removeprefix(self._target)))

    def _first_word(self, char: str) -> str:
        """A capital that the opener has made wrong is made small; only a word that may need it is held."""
        self._held += char
        if self._lowers and _TITLED.fullmatch(self._held) and _may_be_lowered(self._held):
            return ""
        held, self._held, self._step = self._held, "", None
        word, behind = held[:-1], held[-1]
        whole = not _heard(behind) and (len(word) > 1 or behind.isspace())
        return self._spaced((self._cased(word) if whole else word) + behind)

    def _cased(self, word: str) -> str:
        if self._lowers and _TITLED.fullmatch(word) and word.lower() in _LOWERED:
            return word.lower()
        return word

    def _let_go(self) -> str:
        held, self._held = self._held, ""
        return self._replay(self._first_word, held)

    def _replay(self, step: Callable[[str], str], text: str) -> str:
        self._step = step
        return self.feed(text)

    def _spaced(self, text: str, *, again: bool = False) -> str:
        """The text behind the space that is due; ``again``: another one is due behind this."""
        due, self._due = self._due, self._space if again else ""
        return due + text


def _may_be_lowered(begun: str) -> bool:
    return any(word.startswith(begun.lower()) for word in _LOWERED)


def _heard(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def _pictured(char: str) -> bool:
    return unicodedata.category(char) == "So"


def _foreign(char: str) -> bool:
    """What no opener holds: digits, signs, emoji, brackets of a tag."""
    return not (_heard(char) or char.isspace() or (unicodedata.category(char)[0] == "P" and char not in "[<{"))


def _sound(text: str) -> str:
    """The letters of a text, small, stretched ones once: ``Oh nooo!`` is ``ohno``."""
    letters = ""
    for char in unicodedata.normalize("NFC", text).casefold():
        if _heard(char) and char not in _NOT_HEARD and not letters.endswith(char):
            letters += char
    return letters


_EXCLAMATION_SOUNDS: Final = frozenset(map(_sound, _EXCLAMATIONS))
