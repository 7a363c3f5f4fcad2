"""Names that their settings give to engines and files."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 200
_KINDS = ("tts", "asr", "llm", "agent", "vad")


def engine(said: str, known: Iterable[str]) -> str | None:
    """The engine that is meant, also by the names of their first versions: ``Faster-Whisper``, ``edgeTTS``, ``GPT_Sovits``."""
    by_letters = {_letters(name): name for name in known}
    wanted = _letters(said)
    candidates = (wanted, *(wanted + kind for kind in _KINDS))
    return next((by_letters[name] for name in candidates if name in by_letters), None)


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
