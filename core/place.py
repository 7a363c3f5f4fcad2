"""Whose work a task does: of a request, a session, a turn. Lines of the log say so, and traces go by it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TRACEPARENT = "traceparent"
_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NOT_TRACED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of work stands in a trace (https://www.w3.org/TR/trace-context/)."""

    trace_id: int
    id: int
    parent: int | None = None
    sampled: bool = True

    @classmethod
    def begun(cls) -> Span:
        """The first one of a trace."""
        return cls(random.getrandbits(128) or 1, random.getrandbits(64) or 1)

    @classmethod
    def below(cls, header: str | None) -> Span:
        """Work for whoever sent this ``traceparent``; a trace of its own where that says nothing."""
        found = _HEADER.fullmatch(header.strip()) if header else None
        if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
            return cls.begun()
        trace_id, parent = int(found[2], 16), int(found[3], 16)
        if not trace_id or not parent:
            return cls.begun()
        return cls(trace_id, random.getrandbits(64) or 1, parent, bool(int(found[4], 16) & 1))

    def child(self) -> Span:
        return Span(self.trace_id, random.getrandbits(64) or 1, self.id, self.sampled)

    @property
    def header(self) -> str:
        """What servers that work for it are sent."""
        return f"00-{self.trace_id:032x}-{self.id:016x}-{self.sampled:02x}"


@dataclass(slots=True)
class Place:
    """Kept by reference: what becomes known later, such as a turn's number, stands in the lines from there on."""

    request: str | None = None
    session: str | None = None
    turn: int | None = None
    span: Span | None = None
    """None: nobody keeps traces."""

    def fields(self) -> dict[str, str | int]:
        """What is known of it; a turn that has not begun has no number."""
        known = (("request", self.request), ("session", self.session), ("turn", self.turn))
        return {name: value for name, value in known if value}


_place: ContextVar[Place | None] = ContextVar("place", default=None)


def place() -> Place | None:
    """Where this task is; None: at nobody's work."""
    return _place.get()


@contextmanager
def at(found: Place) -> Iterator[Place]:
    """Be there within; tasks that are started within are there as well."""
    token = _place.set(found)
    try:
        yield found
    finally:
        _place.reset(token)


def trace_headers() -> Mapping[str, str]:
    """What a request to another server carries, so that its work is seen as part of this task's."""
    found = _place.get()
    return {TRACEPARENT: found.span.header} if found is not None and found.span is not None else _NOT_TRACED
