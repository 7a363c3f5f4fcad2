"""Sort a streamed reply into what is spoken, what is only shown, and what the avatar does.

Invariants: what comes out, joined, does not depend on how the reply was split into tokens; and no more is held back than what
may still become a tag (at most ``HOLD`` characters), except thoughts, which are dropped, and code, which is given out whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from .fence import CodeBlock, opening

HOLD: Final = 64
"""Characters that may be held back for a tag that is not complete."""

_TAG_STARTS = re.compile(r"[<\[`]")
_ATTRIBUTE = r"[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+)"
_TAG = re.compile(rf"</?[A-Za-z][\w:.-]*(?:\s+{_ATTRIBUTE})*\s*/?>|<\|[\w ]+\|>", re.ASCII)
_TAG_SO_FAR = re.compile(
    rf"<(?:/?(?:[A-Za-z][\w:.-]*(?:\s+{_ATTRIBUTE})*"
    r"(?:\s*/?|\s+[\w:.-]+\s*(?:=\s*(?:\"[^\"<>]*\"?|'[^'<>]*'?|[^\s\"'<>]*))?))?|\|[\w ]*\|?)",
    re.ASCII,
)
_THOUGHT = re.compile(r"<(?:think|thinking|reasoning|thought)(?:\s[^<>]*)?(?<!/)>", re.IGNORECASE)
_THOUGHT_SO_FAR = re.compile(r"<(?:think|thinking|reasoning|thought)\s[^<>]*", re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning|thought)\s*>", re.IGNORECASE)
_EXPRESSION = re.compile(r"\[([^\[\]\n]*)\]")
_NO_SPACE_BEFORE = frozenset(".,!?;:…。！？、，；：)）]」』”\n\r")


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is shown and spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Silent:
    """Text that is shown but not spoken: a block of code."""

    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression for the avatar to take on, as the character names it."""

    name: str


Piece = Text | Silent | Expression


class ReplyFilter:
    """Takes thoughts and tags out of a reply. ``expressions``: the names that ``[name]`` may hold, in any case of letters."""

    def __init__(self, expressions: Collection[str]) -> None:
        self._names = {name.strip().casefold(): name for name in expressions}
        self._reset()

    def _reset(self) -> None:
        self._held = ""
        self._thinking = False
        self._code: CodeBlock | None = None
        self._out: list[Piece] = []
        self._last = ""
        """The last character given out or held as ``_gap``; empty at the start."""
        self._gap = ""
        """A space that goes out before the next word, unless a tag stood between it and a space or mark."""
        self._lifted: list[Piece] | None = None
        """The expressions since a tag was lifted out behind the last text; None: no tag was."""
        self._blank_line = True

    def feed(self, text: str) -> list[Piece]:
        """More of the reply; the pieces that are certain."""
        self._held += text
        while self._held and self._step():
            pass
        return self._taken()

    def flush(self) -> list[Piece]:
        """The reply ends here: what was held back. An unfinished tag is text, an unfinished thought is nothing."""
        if self._code is not None:
            self._out.append(Silent(self._code.finish() + self._held))
        elif not self._thinking:
            self._say(self._held)
            self._let_go()
        pieces = self._taken()
        self._reset()
        return pieces

    def _taken(self) -> list[Piece]:
        pieces, self._out = self._out, []
        return pieces

    def _step(self) -> bool:
        """Handle some of what is held. False: more text is needed."""
        if self._code is not None:
            return self._step_code(self._code)
        if self._thinking:
            return self._step_thought()
        found = _TAG_STARTS.search(self._held)
        if found is None:
            self._say(self._take(len(self._held)))
            return False
        self._say(self._take(found.start()))
        match self._held[0]:
            case "<":
                return self._step_tag()
            case "[":
                return self._step_expression()
            case _:
                return self._step_fence()

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def _step_code(self, code: CodeBlock) -> bool:
        done, self._held = code.feed(self._held)
        if done is None:
            return False
        self._out.append(Silent(done))
        self._code, self._blank_line, self._last = None, True, "\n"
        return True

    def _step_thought(self) -> bool:
        end = _THOUGHT_END.search(self._held)
        if end is None:
            start = self._held.rfind("<", max(0, len(self._held) - HOLD))
            self._held = self._held[start:] if start >= 0 else ""
            return False
        self._held = self._held[end.end() :]
        self._thinking = False
        return True

    def _step_tag(self) -> bool:
        thought = _THOUGHT.match(self._held)
        tag = thought or _TAG.match(self._held)
        if tag is not None and tag.end() <= HOLD:
            self._thinking = thought is not None
            self._lift()
            self._take(tag.end())
            return True
        if len(self._held) < HOLD and (_TAG_SO_FAR.fullmatch(self._held) or _THOUGHT_SO_FAR.fullmatch(self._held)):
            return False
        return self._no_tag()

    def _step_expression(self) -> bool:
        found = _EXPRESSION.match(self._held)
        if found is not None:
            name = self._names.get(found[1].strip().casefold())
            if name is None or found.end() > HOLD:
                return self._no_tag()
            self._lift().append(Expression(name))
            self._take(found.end())
            return True
        begun = self._held[1:].strip().casefold()
        if len(self._held) < HOLD and any(name.startswith(begun) for name in self._names):
            return False
        return self._no_tag()

    def _step_fence(self) -> bool:
        found = opening(self._held) if self._blank_line else False
        if found is None and len(self._held) < HOLD:
            return False
        if not found or found > HOLD:
            return self._no_tag()
        self._let_go()
        self._code = CodeBlock(self._take(found))
        return True

    def _no_tag(self) -> bool:
        self._say(self._take(1))
        return True

    def _lift(self) -> list[Piece]:
        """A tag is taken out here."""
        if self._lifted is None:
            self._lifted = []
        return self._lifted

    def _say(self, text: str) -> None:
        """Give out text, with one of the two spaces around a tag taken away."""
        if text and self._lifted is not None:
            text = self._join(text)
        if not text:
            return
        after_line = text.rpartition("\n")
        self._blank_line = (self._blank_line or bool(after_line[1])) and not after_line[2].strip()
        self._last = text[-1]
        text = self._gap + text
        self._gap = " " if text[-1] == " " else ""
        if text := text[: len(text) - len(self._gap)]:
            self._out.append(Text(text))

    def _join(self, text: str) -> str:
        """Settle the gap at a lifted tag, now that the text behind it begins; what is left of that text."""
        if not self._last:
            text = text.lstrip()
            if not text:
                return ""
        elif text[0] == " " and self._last.isspace():
            text = text[1:]
        elif text[0] in _NO_SPACE_BEFORE:
            self._gap = ""
        self._let_go()
        return text

    def _let_go(self) -> None:
        if self._gap:
            self._out.append(Text(self._gap))
            self._gap = ""
        self._out += self._lifted or []
        self._lifted = None
