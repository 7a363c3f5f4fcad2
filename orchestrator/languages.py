"""Which of a character's languages a message is in, judged by script alone: that much is certain at once."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from ..tts.reading import script_of

_WRITTEN_IN: Final = {
    "zh": "zh cmn yue hak nan wuu lzh",
    "ja": "ja jpn",
    "ko": "ko kor",
    "CYRILLIC": "be bg kk ky mk mn ru sr tg tt uk",
    "ARABIC": "ar ckb fa ps sd ug ur",
    "HEBREW": "he yi",
    "DEVANAGARI": "hi mr ne sa",
    "BENGALI": "as bn",
    "GREEK": "el",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "SINHALA": "si",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am ti",
}
"""Languages by script; every other one is written in Latin letters."""
_SCRIPTS: Final = {language: script for script, languages in _WRITTEN_IN.items() for language in languages.split()}


def primary(language: str) -> str:
    """``zh`` for ``zh-TW``."""
    return language.partition("-")[0].lower()


def language_of(text: str, languages: Iterable[str]) -> str | None:
    """The first of some languages (without regions) that is written as the text is; the very first for a text without letters.

    Kana is Japanese, hangul Korean, and Chinese characters alone are Chinese. Which of two languages in the same letters a
    text is in, nobody can tell by them.
    """
    script = script_of(text) or _letters(text)
    return next((language for language in languages if script in (None, _SCRIPTS.get(language, "LATIN"))), None)


def _letters(text: str) -> str | None:
    """Whose letters most of the text is in, as Unicode calls them; None when it has no letters."""
    names = (unicodedata.name(char, "").split(" ")[0] for char in unicodedata.normalize("NFKC", text) if char.isalpha())
    found = Counter(names).most_common(1)
    return found[0][0] if found else None
