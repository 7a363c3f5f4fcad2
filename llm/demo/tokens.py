"""Cuts a reply into the pieces in which a model would stream it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from ...core.types import FinishReason

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


def limited(reply: list[str], stop: Sequence[str], most: int | None) -> tuple[list[str], FinishReason]:
    """The reply up to the first of the texts that end it, and ``most`` tokens of that; and why it ends there."""
    text = "".join(reply)
    ends = [at for found in stop if found and (at := text.find(found)) >= 0]
    left = min(ends, default=len(text))
    kept: list[str] = []
    for token in reply:
        if left <= 0:
            break
        if most is not None and len(kept) >= most:
            return kept, FinishReason.LENGTH
        kept.append(token[:left])
        left -= len(token)
    return kept, FinishReason.STOP
