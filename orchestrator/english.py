"""English words whose full stop does not end a sentence, words that begin one, and words that join phrases.

All in lower case and without their last full stop.
"""

from __future__ import annotations

import re
from enum import Enum, auto


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    "dr mr mrs ms mx prof rev hon pres gov sen rep gen col lt sgt capt cmdr maj adm st ste mt messrs mme mlle"
)
_NEVER = _words("vs viz cf approx ca e.g i.e eg ie al est trans")
_SOMETIMES = _words(
    "etc jr sr inc ltd corp co bros dept univ assn ph.d phd m.d b.a m.a jan feb apr jun jul aug sept oct nov"
    " tues thu thur thurs ave blvd rd hwy avg lb lbs oz kg cm mm km hr hrs"
)
_NEEDS_NUMBER = _words("p no nos fig figs eq vol vols pp ch sec ext tel ft ed")
"""Of those, the ones that are words of their own too: ``No.`` and ``Ch.`` are cut short only before a number."""
_LETTERS = re.compile(r"[a-z](?:\.[a-z])+", re.IGNORECASE)

STARTERS = _words(
    "a also and any are as at but can could did do does for from has have he her here his how however i if in is it its"
    " let maybe my no not now of oh ok okay on one or our please she should so thanks that the their then there these"
    " they this those to was we well were what when where which who why will with would yes you your"
    " aren couldn didn doesn don hasn haven isn shouldn wasn weren won wouldn"
)
"""A sentence that begins with one of these is hardly the rest of another."""

CONNECTORS = _words(
    "about after although and as at because before but by during for from if in into like of on or since so than that"
    " though through to under unless until when where which while who with without"
)
"""Before these a phrase ends."""


class Shortened(Enum):
    """How the full stop after a word is to be read."""

    NOT = auto()
    """It ends a sentence."""
    NEVER = auto()
    """It marks an abbreviation, and the sentence goes on: Dr., e.g."""
    NUMBERED = auto()
    """It marks an abbreviation if a number follows: No. 5"""
    SOMETIMES = auto()
    """It marks an abbreviation and may end a sentence as well: etc., U.S., a.m."""
    INITIAL = auto()
    """It follows a single capital letter: J. R. R. Tolkien, plan B."""


def shortened(word: str) -> Shortened:
    """Read ``word``, the letters right before a full stop."""
    low = word.lower()
    if low in _NEEDS_NUMBER:
        return Shortened.NUMBERED
    if low in _NEVER or (low in _TITLES and word[0].isupper()):
        return Shortened.NEVER
    if low in _SOMETIMES or _LETTERS.fullmatch(word):
        return Shortened.SOMETIMES
    if len(word) == 1 and word.isupper() and word != "I":
        return Shortened.INITIAL
    return Shortened.NOT
