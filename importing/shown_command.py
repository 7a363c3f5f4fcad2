"""A command as a report shows it: whole, so that people see what they allow, and without what looks like a key."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence

HIDDEN = "***"
LONGEST = 300
"""Characters of a command that are shown."""
_NAME = r"(?:key|token|secret|pass(?:w|phrase|\b)|pwd|auth|bearer|credential|signature)"
_OPTION = re.compile(rf"-[\w.-]{{0,60}}?{_NAME}[\w.-]{{0,60}}", re.IGNORECASE)
"""What the word after this one says is a key."""
_KEYS = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        (r"(?<=://)[^\s/?#]{1,500}@", f"{HIDDEN}@"),
        (r":[^\s/@]{1,200}@", f":{HIDDEN}@"),  # user:password@host
        (
            rf"({_NAME}[\w.-]{{0,60}}[\"']?\s{{0,2}}[=:](?!//)\s{{0,2}}[\"']?(?:(?:bearer|basic|token)\s{{1,3}})?)"
            r"[^\s&\"']{1,500}",
            rf"\1{HIDDEN}",
        ),
        (r"\b(bearer|basic)\s{1,3}[^\s\"']{1,500}", rf"\1 {HIDDEN}"),
        (r"\b(?:[spr]k|xox[a-z]|glpat)-[\w-]{8,500}", HIDDEN),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", HIDDEN),
        # Letters and digits at random: neither words nor numbers are as long.
        (r"(?<!\w)(?=(?:[a-z_]{0,60}[0-9]){2})(?=[0-9]{0,60}[a-z_])[a-z0-9_]{16,500}", HIDDEN),
    )
)


def shown_command(command: str, args: Sequence[str]) -> str:
    """As it would be typed, on one line; what is left out at its end is counted."""
    words = [without_keys(command), *_without_keys(args)]
    line = subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
    line = " ".join("".join(char if char.isprintable() else " " for char in line).split())
    more = len(line) - LONGEST
    return line if more <= 0 else f"{line[:LONGEST]} … and {more} more characters"


def holds_keys(command: str, args: Sequence[str]) -> bool:
    """Whether there may be one among these words."""
    return [without_keys(command), *_without_keys(args)] != [command, *args]


def without_keys(word: str) -> str:
    for pattern, shown in _KEYS:
        word = pattern.sub(shown, word)
    return word


def _without_keys(args: Sequence[str]) -> Iterator[str]:
    told = False
    for word in args:
        yield HIDDEN if told and word and not word.startswith("-") else without_keys(word)
        told = _OPTION.fullmatch(word) is not None
