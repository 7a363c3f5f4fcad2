"""What a model may write before the first word of its reply: space, ``[tags]`` and ``<think>…</think>``."""

from __future__ import annotations

import re
from typing import Final

LONGEST_TAG: Final = 64
"""Characters of a tag, its brackets included; what is longer is text."""

_NAMES = ("think", "thinking", "reasoning", "thought")
_SO_FAR = re.compile(rf"<(?:(\w*)|(?:{'|'.join(_NAMES)})\s[^<>]*)", re.IGNORECASE)
_THOUGHT = re.compile(rf"<(?:{'|'.join(_NAMES)})(?:\s[^<>]*)?>", re.IGNORECASE)
_THOUGHT_END = re.compile(rf"</(?:{'|'.join(_NAMES)})\s*>\Z", re.IGNORECASE)
_TAIL = 16


class LeadIn:
    """Reads a reply one character at a time, up to its first word. Tags and thoughts come out in order, space does not."""

    def __init__(self) -> None:
        self.rest: str | None = None
        """What the first word begins with, once it has begun; nothing may be read after that."""
        self.tagged = False
        """What :meth:`read` gave last was a tag, not a piece of a thought."""
        self._held = ""
        self._thinking = False

    def begins(self, text: str) -> bool:
        """Read on; whether the first word has begun."""
        for char in text:
            if self.rest is not None:
                break
            self.read(char)
        return self.rest is not None

    def read(self, char: str) -> str:
        """One more character; the tag or the piece of a thought that it settles, or nothing."""
        held = self._held = self._held + char
        if self._thinking:
            return self._think(char)
        if held.isspace():
            self._held = ""
        elif held[0] == "[":
            return self._tag(char)
        elif held[0] == "<":
            return self._thought(char)
        else:
            self._over()
        return ""

    def end(self) -> str:
        """The reply ends here: what was held for a tag that is not complete."""
        held, self._held = self._held, ""
        return "" if self._thinking else held

    def _tag(self, char: str) -> str:
        if char == "]" and len(self._held) > 2:
            return self._given(tag=True)
        if char in "]\n" or len(self._held) >= LONGEST_TAG or self._held.count("[") > 1:
            self._over()
        return ""

    def _thought(self, char: str) -> str:
        if _THOUGHT.fullmatch(self._held):
            self._thinking = True
            return self._given(tag=False)
        found = _SO_FAR.fullmatch(self._held)
        name = (found[1] or "").casefold() if found else None
        if name is None or len(self._held) >= LONGEST_TAG or not any(known.startswith(name) for known in _NAMES):
            self._over()
        return ""

    def _think(self, char: str) -> str:
        self._held = self._held[-_TAIL:]
        if char == ">" and _THOUGHT_END.search(self._held):
            self._thinking, self._held = False, ""
        self.tagged = False
        return char

    def _given(self, *, tag: bool) -> str:
        given, self._held, self.tagged = self._held, "", tag
        return given

    def _over(self) -> None:
        self.rest, self._held = self._held, ""
