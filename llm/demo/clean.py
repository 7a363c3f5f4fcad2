"""Makes what a person typed fit to be spoken back: plain text, bounded, without markup, tags, links or emoji."""

from __future__ import annotations

import re
import unicodedata

from .language import KANA

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MARKUP = set("*_#`~|<>[]{}\\^@=")
_CLAUSE_END = re.compile(
    r"[.!?;。！？；…]+(?=\s|$)|[。！？；\n]|,\s+(?=(?:it|but|so|because|i|he|she|they|we|you|that|this|then)\b)",
    re.IGNORECASE,
)
_KINDS = ("L", "M", "N", "P", "Sc", "Sm")
EDGES = " \t\n\"'“”‘’「」『』.,!?;:。，、！？；：…·-–—()（）"


def plain(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text`` on one line, cut at a space where there is one near."""
    text = _LINK.sub(" ", unicodedata.normalize("NFC", text))
    kept = "".join(c if _spoken(c) else " " for c in text)
    words = re.sub(r"\s+", " ", kept).strip()
    if len(words) <= limit:
        return words
    cut = words[:limit]
    space = cut.rfind(" ", limit // 2)
    return (cut[:space] if space > 0 else cut).rstrip()


def clause(text: str, limit: int = 80) -> str:
    """The first clause of ``text`` without the punctuation around it, to be put inside a sentence; may be empty."""
    first = _CLAUSE_END.split(text.strip(EDGES), maxsplit=1)[0]
    return plain(first, limit).strip(EDGES)


def letters(text: str) -> str:
    """Only letters and digits, in lower case: two texts that sound alike have the same."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _spoken(char: str) -> bool:
    if char in _MARKUP:
        return False
    # The sound marks of kana belong to words; other modifier symbols do not.
    return unicodedata.category(char).startswith(_KINDS) or bool(KANA.match(char))
