"""Pieces of one text, decoded one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
"""Letters and punctuation of languages that do not put spaces between words."""


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text, with spaces where the language has them."""
    text = ""
    for piece in filter(None, (piece.strip() for piece in pieces)):
        close = not text or _UNSPACED.match(text[-1]) or _UNSPACED.match(piece[0])
        text += piece if close else f" {piece}"
    return text
