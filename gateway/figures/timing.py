"""How long requests take: counts each request and WebSocket, gives it an id, and writes a line when it ends.

It stands before every other layer, so that those who are refused count, too.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from time import perf_counter, time_ns
from typing import Any
from uuid import uuid4

from ...core.place import TRACEPARENT, Place, Span, at
from ..access.caller import caller_of
from ..access.origin import ASGIApp, Message, Receive, Scope, Send
from ..access.tokens import shown
from ..doors import Doors

log = logging.getLogger(__name__)

REQUEST_ID = b"x-request-id"
UNMATCHED = "unmatched"
"""The route of paths that there are none for: their number must not grow with what callers think of."""
QUIET = frozenset({"/health", "/readiness", "/metrics"})
"""Asked every few seconds by programs that watch the server."""
GONE = 499
"""Who asked has hung up before there was an answer, in nginx' words."""
SHOWN = 200
_REASONS = {401: "unauthenticated", 403: "forbidden", 413: "too_large", 429: "limit", 503: "unavailable"}
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class _Work:
    """One request, or one WebSocket."""

    scope: Scope
    place: Place
    began: float = field(default_factory=perf_counter)
    began_ns: int = field(default_factory=time_ns)
    status: int = 0
    first_byte: float | None = None
    code: int | None = None
    """With which the WebSocket was closed."""
    returned: bool = False
    """False: what was to answer broke."""

    def end(self) -> None:
        """Nothing more of it will come."""
        if not self.status:
            self.status = GONE if self.returned else 500
        elif self.status == 101 and self.code is None:
            self.code = 1006 if self.returned else 1011

    @property
    def route(self) -> str:
        return getattr(self.scope.get("route"), "path", None) or UNMATCHED


class Timing:
    """Pure ASGI middleware."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors, self._figures = app, doors, doors.figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        work = _Work(scope, self._place(scope))
        scope.setdefault("state", {})["request_id"] = work.place.request  # for what is answered outside of all layers
        ends = (receive, _answering(work, send)) if kind == "http" else _talking(work, receive, send)
        self._figures.in_flight[kind] += 1
        try:
            with at(work.place):
                await self._app(scope, *ends)
            work.returned = True
        finally:
            self._figures.in_flight[kind] -= 1
            self._done(work)

    def _place(self, scope: Scope) -> Place:
        traces = self._doors.traces
        span = Span.below(_header(scope, TRACEPARENT.encode()).decode("latin-1")) if traces else None
        given = _header(scope, REQUEST_ID)
        return Place(request=given.decode() if _ID.fullmatch(given) else uuid4().hex[:16], span=span)

    def _done(self, work: _Work) -> None:
        work.end()
        seconds, status = perf_counter() - work.began, work.status
        if work.scope["type"] == "http":
            method, first = work.scope["method"], work.first_byte
            self._figures.request(work.route, method, status, seconds, None if first is None else first - work.began)
        else:
            method = "WS"
            self._figures.websocket(work.route, status, work.code)
        if status in _REASONS:
            self._figures.refused(work.scope.get("state", {}).get("refused") or _REASONS[status])
        with at(work.place):
            _tell(work, method, status, seconds)
        if self._doors.traces is not None:
            self._doors.traces.request(work.place.span, work.route, method, status, work.began_ns)


def _tell(work: _Work, method: str, status: int, seconds: float) -> None:
    """A line for people and for programs; never the query, which may hold what is nobody's business."""
    level = logging.DEBUG if work.route in QUIET and status < 500 else logging.INFO
    if log.isEnabledFor(level):
        path = shown(work.scope.get("raw_path", b"").split(b"?")[0].decode("latin-1"))[:SHOWN]
        caller, ms = _caller(work.scope), round(seconds * 1000, 1)
        fields = {"method": method, "path": path, "status": status, "duration_ms": ms, "caller": caller}
        if work.code is not None:
            fields["close_code"] = work.code
        log.log(level, "%s %s %d, %.1f ms, %s", method, path, status, ms, caller, extra={"fields": fields})


def _caller(scope: Scope) -> str:
    """The id of its key, which is no secret, or its address."""
    try:
        return caller_of(scope).id
    except KeyError:
        client = scope.get("client")
        return f"ip:{client[0]}" if client else "ip:unknown"


def _answering(work: _Work, send: Send) -> Send:
    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            work.status = message["status"]
            assert work.place.request is not None
            message["headers"] = [*message.get("headers", ()), (REQUEST_ID, work.place.request.encode())]
        elif work.first_byte is None and message.get("body"):
            work.first_byte = perf_counter()
        await send(message)

    return watched


def _talking(work: _Work, receive: Receive, send: Send) -> tuple[Receive, Send]:
    async def heard() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect" and work.status == 101 and work.code is None:
            work.code = message.get("code") or 1005
        return message

    async def told(message: Message) -> None:
        if work.code is None:
            _note(work, message)
        await send(message)

    return heard, told


def _note(work: _Work, message: Message) -> None:
    kind: Any = message["type"]
    if kind == "websocket.accept":
        work.status = 101
    elif kind == "websocket.http.response.start":
        work.status = message["status"]
    elif kind == "websocket.close":
        if work.status == 101:
            work.code = message.get("code", 1000)
        else:
            work.status = work.status or 403


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")
