"""The words of a transcript, in the form in which they can be compared, whoever wrote them down.

Case, punctuation and remarks in brackets do not count, katakana is hiragana, and long vowels are short. A word of a script
written with spaces is one word; of Han, kana, hangul and the scripts of South East Asia each letter is one by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .charclass import CJK_RANGES

_HANGUL: Final = "\uac00-\ud7a3"
_THAI_AND_OTHERS: Final = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a\u1780-\u17b3"
)
_SINGLE: Final = CJK_RANGES + _HANGUL + _THAI_AND_OTHERS
_MARKS: Final = re.escape('.,!?;:…"“”„«»()[]{}<>/\\|—–-~*_、。，！？：；（）「」『』؟،۔।')
_TOKEN = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}][^\s{_SINGLE}{_MARKS}]*")
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|【[^【】]*】|\*[^*]*\*|♪[^♪]*♪?")
"""What a recogniser says about a sound: ``(coughs)``, ``[music]``."""
_PAIRED = re.compile(f"[{CJK_RANGES}{_HANGUL}]")
_TRIPLED = re.compile(f"[{_THAI_AND_OTHERS}]")
_SILENT: Final = frozenset("ーっッ゛゜々〜")
_REPEATED = re.compile(r"([^\W\d_])\1+")
_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


@dataclass(frozen=True, slots=True)
class Word:
    """``key`` is what is compared, ``start`` and ``end`` its place in the text; ``first``: it is glued to nothing before."""

    key: str
    start: int
    end: int
    first: bool


def words_of(text: str) -> list[Word]:
    """The words of a text, in order; what the recogniser remarks in brackets is none of them."""
    bare = _REMARK.sub(lambda remark: " " * len(remark[0]), text)
    words: list[Word] = []
    for found in _TOKEN.finditer(bare):
        key = _key(found[0])
        glued = found.start() > 0 and (bare[found.start() - 1].isalnum() or bare[found.start() - 1] in _SILENT)
        if key:
            words.append(Word(key, found.start(), found.end(), not (glued and words)))
    return words


def keys(text: str) -> tuple[str, ...]:
    """What is compared of a text's words."""
    return tuple(word.key for word in words_of(text))


def count(words: Iterable[Word]) -> int:
    """How many words these are: of Han, kana and hangul a pair of letters is one, of Thai and its neighbours three letters."""
    plain = paired = tripled = 0
    for word in words:
        if _PAIRED.match(word.key):
            paired += 1
        elif _TRIPLED.match(word.key):
            tripled += 1
        else:
            plain += 1
    return plain + paired // 2 + tripled // 3


def weight(key: str) -> int:
    """About how many Latin letters take as long to say."""
    return len(key) if len(key) > 1 or not _PAIRED.match(key) else 3


def joined(texts: Sequence[str]) -> str:
    """Several texts as one; between letters that are written without spaces there is none."""
    whole = ""
    for text in filter(None, map(str.strip, texts)):
        wide = whole and re.search(rf"[{CJK_RANGES}。！？、，]$", whole) and re.match(f"[{CJK_RANGES}]", text)
        whole += text if wide or not whole else f" {text}"
    return whole


def _key(token: str) -> str:
    if token in _SILENT:
        return ""
    folded = unicodedata.normalize("NFKC", token).casefold().translate(_KATAKANA)
    return _REPEATED.sub(r"\1", "".join(char for char in folded if unicodedata.category(char)[0] in "LMN"))
