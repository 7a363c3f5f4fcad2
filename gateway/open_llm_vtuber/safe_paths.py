"""Names that others give for files, kept below a folder on every system: what one of them could misread is not a name."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

MAX_PATH = 1000
"""Characters."""
MAX_NAME = 255
"""Bytes of one part, which is what file systems take."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"|?*\\/]')
"""Control characters, halves of surrogate pairs (names that are no UTF-8), and what Windows reads as more than a name: drives,
alternate streams, wildcards, other separators."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE)
"""Windows opens a device for these, whatever follows the dot."""


def is_safe_name(name: str) -> bool:
    """Whether one part of a path means the same everywhere, and nothing but a file. Hidden files are none of anybody's."""
    return (
        0 < len(name) <= MAX_NAME
        and not name.startswith(".")
        and not name.endswith((".", " "))
        and not _FORBIDDEN.search(name)
        and len(name.encode()) <= MAX_NAME
        and not _DEVICE.fullmatch(name)
    )


def file_below(folder: Path, path: str) -> Path | None:
    """The regular file that ``path`` (parts with ``/`` between them) names below the folder; None for anything else.

    Links are followed, and must end below the folder as well; the folder itself may be one. The path that comes back is free
    of links, so that what is opened is what was looked at.
    """
    if len(path) > MAX_PATH or not all(map(is_safe_name, path.split("/"))):
        return None
    try:
        base = Path(os.path.realpath(folder))
        found = Path(os.path.realpath(base / path))
        if found.is_relative_to(base) and stat.S_ISREG(found.stat().st_mode):
            return found
    except (OSError, ValueError):
        pass
    return None
