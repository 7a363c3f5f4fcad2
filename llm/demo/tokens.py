"""Cuts a reply into the pieces in which a model would stream it."""

from __future__ import annotations

import re
from random import Random

_UNSPACED = "\\u2e80-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\U00020000-\\U0003134f"
_PIECE = re.compile(rf"\s*(?P<unspaced>[{_UNSPACED}]+)|\s*[^\s{_UNSPACED}]+|\s+")
_CLOSERS = "。，、！？；：」』）…"


def tokens(text: str) -> list[str]:
    """Words with the space before them; one to three characters where words have no spaces. Joined, they are ``text``."""
    sizes = Random(len(text))
    out: list[str] = []
    for match in _PIECE.finditer(text):
        out.extend(_chunks(match[0], sizes) if match["unspaced"] else [match[0]])
    return out


def _chunks(piece: str, sizes: Random) -> list[str]:
    out, start = [], 0
    while start < len(piece):
        end = start + sizes.randint(1, 3)
        if end < len(piece) and piece[end] in _CLOSERS:
            end += 1
        out.append(piece[start:end])
        start = end
    return out
