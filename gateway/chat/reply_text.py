"""What of a model's text its caller gets: no thoughts, no tags, nothing behind a stop or beyond the allowance."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ...core.types import FinishReason, Message, Usage
from ...orchestrator.charclass import CJK_RANGES
from ...orchestrator.reply_filter import Expression, ReplyFilter

_UNITS = re.compile(rf"[{CJK_RANGES}]|[^\s{CJK_RANGES}]+")
_CJK = re.compile(f"[{CJK_RANGES}]")


class ReplyText:
    """Pure. What comes out, joined, does not depend on how the reply was split.

    ``expressions``: the names that ``[name]`` tags may hold; None: the text is a raw model's, and is left as it is. Of
    ``max_tokens`` it knows only how few tokens a text may have, so that a model that counts by itself is never cut short.
    """

    def __init__(
        self, *, expressions: Collection[str] | None = None, stop: Sequence[str] = (), max_tokens: int | None = None
    ) -> None:
        self._filter = None if expressions is None else ReplyFilter(expressions)
        self._stops = Stops(stop) if any(stop) else None
        self._allowance = None if max_tokens is None else Allowance(max_tokens)
        self.cut: FinishReason | None = None
        """Why nothing more comes out; None: more may."""

    def feed(self, text: str) -> str:
        """More of the reply; what of it is certain."""
        return self._passed(self._untagged(text))

    def interject(self, text: str) -> str:
        """Words that come before the reply, whatever of it is still held back."""
        return self._passed(text)

    def flush(self) -> str:
        """The reply ends here: what was held back."""
        if self.cut is not None:
            return ""
        held = "" if self._filter is None else _shown(self._filter.flush())
        out = self._passed(held)
        if self.cut is None and self._stops is not None:
            out += self._allowed(self._stops.flush())
        return out

    def _untagged(self, text: str) -> str:
        return text if self._filter is None else _shown(self._filter.feed(text))

    def _passed(self, text: str) -> str:
        if self.cut is not None or not text:
            return ""
        if self._stops is not None:
            text = self._stops.feed(text)
            if self._stops.found:
                self.cut = FinishReason.STOP
        return self._allowed(text)

    def _allowed(self, text: str) -> str:
        if self._allowance is None or not text:
            return text
        text = self._allowance.feed(text)
        if self._allowance.spent:
            self.cut = FinishReason.LENGTH
        return text


class Stops:
    """Ends a text before that one of ``stops`` which is complete first; holds back what may become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        if self.found:
            return ""
        text = self._held + text
        ends = [(place + len(stop), place) for stop in self._stops if (place := text.find(stop)) >= 0]
        if ends:
            self._held, self.found = "", True
            return text[: min(ends)[1]]
        held = max(_overlap(text, stop) for stop in self._stops)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> str:
        held, self._held = self._held, ""
        return held


class Allowance:
    """Ends a text that must have more than ``max_tokens`` tokens, whatever the tokenizer: a word has one at least, and two
    characters of a script without spaces have one."""

    def __init__(self, max_tokens: int) -> None:
        self._left = 2 * max_tokens
        """Halves of a token."""
        self._in_word = False
        self._uncounted: list[str] = []
        self._room = self._left // 2
        """Characters that are certain to be within the allowance, since each is one token at most."""
        self.spent = False

    def feed(self, text: str) -> str:
        if self.spent:
            return ""
        if len(text) <= self._room:
            # Looking for words in each piece of a reply would take longer than all else that is done with it here.
            self._room -= len(text)
            self._uncounted.append(text)
            return text
        if self._uncounted:
            self._counted("".join(self._uncounted))
            self._uncounted.clear()
        given = self._counted(text)
        self._room = 0 if self.spent else self._left // 2
        return given

    def _counted(self, text: str) -> str:
        for unit in _UNITS.finditer(text):
            cjk = _CJK.match(unit[0]) is not None
            if not cjk and self._in_word and unit.start() == 0:
                continue
            self._left -= 1 if cjk else 2
            if self._left < 0:
                self.spent = True
                return text[: unit.start()]
        if text:
            self._in_word = not text[-1].isspace() and not _CJK.match(text[-1])
        return text


def tokens_in(text: str) -> int:
    """A guess at the tokens of a text: four characters have one, or one of a script without spaces."""
    wide = len(_CJK.findall(text))
    return wide + -(-(len(text) - wide) // 4)


def estimated(messages: Sequence[Message], reply: str) -> Usage:
    """What a reply may have cost, where the model's server does not say: each message has about four tokens around it."""
    prompt = sum(tokens_in(message.content) + 4 for message in messages)
    return Usage(prompt, tokens_in(reply))


def _shown(pieces: Sequence[object]) -> str:
    return "".join(getattr(piece, "text", "") for piece in pieces if not isinstance(piece, Expression))


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of the text that ``stop`` begins with."""
    most = min(len(stop) - 1, len(text))
    return next((size for size in range(most, 0, -1) if text.endswith(stop[:size])), 0)
