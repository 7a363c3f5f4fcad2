"""Names of others made into names of files: the same on every system, and never a path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

LONGEST = 60
"""Characters; also in UTF-8 far below what file systems take."""
_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]", re.IGNORECASE)


def file_stem(name: str, otherwise: str = "character") -> str:
    """Letters, digits, ``-`` and ``_`` of any script, lower case; never empty, hidden, or a device of Windows."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())
    kept = "".join(char if char.isalnum() or unicodedata.category(char) in ("Mn", "Mc") else "_" for char in text)
    stem = re.sub("_+", "_", kept)[:LONGEST].strip("_")
    if not any(map(str.isalnum, stem)):
        stem = otherwise
    return f"{stem}_" if _DEVICE.fullmatch(stem) else stem


def unused(stem: str, used: Container[str]) -> str:
    """This name, or with the first number behind it that makes it another one; ``used`` holds names in lower case."""
    number, found = 1, stem
    while found.casefold() in used:
        number += 1
        found = f"{stem}-{number}"
    return found
