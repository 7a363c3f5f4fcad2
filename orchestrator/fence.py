"""Fenced blocks of code in a streamed Markdown text.

A fence is a line that begins with at least three backticks; the block ends at a line that holds nothing but at least as many.
Reading a block takes time proportional to its length, however it was split.
"""

from __future__ import annotations

import re
from typing import Final

_OPENING = re.compile(r"`{3,}[^`\n]*\n")
_OPENING_SO_FAR = re.compile(r"`{1,2}|`{3,}[^`\n]*")
_CLOSING = re.compile(r"[ \t]*(`{3,})[ \t]*\r?\n?")
_CLOSING_SO_FAR = re.compile(r"[ \t]*`*[ \t]*\r?")
_LONGEST_CLOSING: Final = 64


def opening(text: str) -> int | None:
    """Length of the fence line that ``text`` begins with; 0: it begins with none; None: more text is needed."""
    found = _OPENING.match(text)
    if found is not None:
        return found.end()
    return None if _OPENING_SO_FAR.fullmatch(text) else 0


class CodeBlock:
    """A block that is being read; ``fence`` is its opening line."""

    def __init__(self, fence: str) -> None:
        self._pieces = [fence]
        self._ticks = len(fence) - len(fence.lstrip("`"))
        self._line_start = True

    def feed(self, text: str) -> tuple[str | None, str]:
        """(The whole block once it has ended, what of ``text`` must be given again with more behind it, or is left over)."""
        start = 0
        while start < len(text):
            newline = text.find("\n", start)
            end = len(text) if newline < 0 else newline + 1
            line = text[start:end]
            if self._line_start:
                if newline < 0 and len(line) < _LONGEST_CLOSING and _CLOSING_SO_FAR.fullmatch(line):
                    return None, line
                closing = _CLOSING.fullmatch(line)
                if newline >= 0 and closing is not None and len(closing[1]) >= self._ticks:
                    self._pieces.append(line)
                    return self.finish(), text[end:]
            self._pieces.append(line)
            self._line_start = newline >= 0
            start = end
        return None, ""

    def finish(self) -> str:
        """The block as far as it was read."""
        return "".join(self._pieces)
