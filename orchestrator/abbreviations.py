"""English words whose full stop does not end a sentence, and words that begin one.

All in lower case and without their last full stop.
"""

from __future__ import annotations

import re
from enum import Enum, auto

_TITLES = frozenset(
    "dr mr mrs ms mx prof rev hon pres gov sen rep gen col lt sgt capt cmdr maj adm st ste mt messrs mme mlle".split()
)
_NEVER = frozenset("vs viz cf approx ca e.g i.e eg ie al est trans".split())
_SOMETIMES = frozenset(
    "etc jr sr inc ltd corp co bros dept univ assn ph.d phd m.d b.a m.a jan feb apr jun jul aug sept oct nov"
    " tues thu thur thurs ave blvd rd hwy avg lb lbs oz kg cm mm km hr hrs".split()
)
_NEEDS_NUMBER = frozenset("no nos fig figs eq vol vols pp ch sec ext tel ft ed".split())
"""Of those, the ones that are words of their own too: ``No.`` and ``Ch.`` are cut short only before a number."""
_LETTERS = re.compile(r"[a-z](?:\.[a-z])+", re.IGNORECASE)

STARTERS = frozenset(
    "a also and any are as at but can could did do does for from has have he her here his how however i if in is it its"
    " let maybe my no not now of oh ok okay on one or our please she should so thanks that the their then there these"
    " they this those to was we well were what when where which who why will with would yes you your".split()
)


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
