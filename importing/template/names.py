"""Names that their settings give to engines and files."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 200


def engine(said: str, known: Iterable[str]) -> str | None:
    """The engine that is meant, also by the names of their first versions: ``Faster-Whisper``, ``edgeTTS``, ``GPT_Sovits``."""
    wanted = _letters(said)
    for name in known:
        letters = _letters(name)
        if wanted == letters or f"{wanted}{name.rpartition('_')[2]}" == letters:
            return name
    return None


def is_plain(name: str) -> bool:
    """Whether a name is one of a file, and no way to another folder."""
    return (
        0 < len(name) <= LONGEST
        and name not in (".", "..")
        and not set(name) & set('/\\:*?"<>|')
        and all(char.isprintable() for char in name)
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
