"""Stands at every door: finds out who asks, and lets in who may, before a body is read or a WebSocket is accepted.

Whoever is behind knows its caller (``caller_of``), and never sees the key.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ...core.errors import HayakuchiError
from ..api.problem import Problem
from ..api.serving import problem_of
from .caller import Caller, introduce
from .door_answers import API_HEADERS, Header, send_problem
from .entrance import Entrance
from .meter import Meter, too_many
from .origin import ASGIApp, Message, Receive, Scope, Send
from .rules import Access
from .socket_keeper import SocketKeeper
from .tokens import bearer, host_of, without_key

IDLE_S = 30.0
"""How long nothing of a body may come."""
BODY_S = 300.0
"""How long a whole body may take."""
GOODBYE_S = 1.0
UNREAD_BYTES = 32_000_000
"""A body that is refused is passed over if it says that it is not longer: most clients listen only once they have sent it."""
_CHANGED = Problem(401, "the API key was revoked or has expired", "key_revoked", close=True)


class Doorkeeper:
    """Pure ASGI middleware."""

    def __init__(self, app: ASGIApp, *, entrance: Entrance, meter: Meter, access: Access) -> None:
        self._app, self._entrance, self._meter, self._access = app, entrance, meter, access
        self._sockets = SocketKeeper(app, entrance, meter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._sockets.serve(self._access.websocket(scope["path"]), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        need = self._access.http(scope["method"], scope["path"])
        if need.page:
            introduce(scope, self._entrance.anonymous(host_of(scope)))
            await self._app(without_key(scope), receive, send)
            return
        answer = _Answer(scope, send)
        try:
            caller = await self._entrance.identify(bearer(scope), host_of(scope))
            if need.scope is not None and need.counted:
                allowance = self._meter.count(caller)
                answer.further = allowance.headers
                if allowance.retry_s is not None:
                    raise too_many(allowance)
            if not need.known and self._entrance.closed and caller.scopes:
                raise Problem(404, "there is nothing at this address; GET /docs shows what there is", "not_found")
            self._entrance.require(caller, need.scope)
        except HayakuchiError as error:
            answer.further += _unread(scope)
            await answer.refuse(problem_of(error))
            return
        await self._let_in(caller, scope, receive, answer)

    async def _let_in(self, caller: Caller, scope: Scope, receive: Receive, answer: _Answer) -> None:
        introduce(scope, caller)
        body = _Body(receive, answer)
        try:
            work = self._app(without_key(scope), body.receive, answer.send)
            if not await self._entrance.keys.while_usable(caller, work):
                await answer.break_off(_CHANGED)
        except HayakuchiError as error:
            if answer.begun:
                raise
            await answer.refuse(problem_of(error))


class _Answer:
    """What is sent back, with the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self.further: list[Header] = []
        self.begun = self._events = self._complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message.get("headers", ()))
            there = {name.lower(): value for name, value in headers}
            self._events = there.get(b"content-type", b"").startswith(b"text/event-stream")
            headers += [header for header in (*API_HEADERS, *self.further) if header[0] not in there]
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self._complete = not message.get("more_body", False)
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        self.begun = True
        await send_problem(problem, self._scope, self._send, self.further)

    async def break_off(self, problem: Problem) -> None:
        """End an answer in its middle: events with an error; of anything else the end is missing, and the connection closes."""
        if not self.begun:
            await self.refuse(problem)
        elif self._events and not self._complete:
            data = b"data: " + problem.response().body + b"\n\n"
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(GOODBYE_S):  # who does not read does not hold us
                    await self._send({"type": "http.response.body", "body": data, "more_body": False})


class _Body:
    """The request's body, with a deadline as long as there is more of it."""

    def __init__(self, receive: Receive, answer: _Answer) -> None:
        self._receive, self._answer = receive, answer
        self._complete = False
        self._ends = asyncio.get_running_loop().time() + BODY_S

    async def receive(self) -> Message:
        """Raises Problem (408) when nothing came for too long."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + IDLE_S, self._ends)):
                message = await self._receive()
        except TimeoutError:
            if self._answer.begun:
                return {"type": "http.disconnect"}
            raise Problem(408, "the body came too slowly", "timeout", close=True) from None
        self._complete = not message.get("more_body", False)
        return message


def _unread(scope: Scope) -> list[Header]:
    """Closes the connection behind a refusal where too much of the request would have to be passed over."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    short = length.isdigit() and int(length[:20]) <= UNREAD_BYTES
    waiting = b"expect" in headers or b"transfer-encoding" in headers
    return [] if short and not waiting else [(b"connection", b"close")]
