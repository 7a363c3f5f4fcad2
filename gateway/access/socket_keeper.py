"""The doorkeeper of WebSockets. A page may also send its key as the first message: ``{"type": "auth", "key": "hk_…"}``."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from ...core.clock import loop_ms
from ...core.errors import HayakuchiError
from ..api.problem import Problem
from ..api.serving import problem_of
from .caller import Caller, introduce
from .door_answers import close_code, close_reason, send_problem
from .entrance import Entrance
from .meter import FrameBudget, Meter, too_many
from .origin import ASGIApp, Message, Receive, Scope, Send
from .rules import Need
from .tokens import KEY_PREFIX, MAX_CHARS, SUBPROTOCOL, bearer, host_of, offered, without_key

AUTH_S = 5.0
"""How long the first message is waited for."""
MOST_WAITING = 128
"""WebSockets that are open without having shown a key."""
CLOSE_S = 1.0
AUTH_OK = json.dumps({"type": "auth.ok"})
_ENDED = "the API key was revoked or has expired"
_LATE = Problem(
    401, "send the key as a header or subprotocol: this address is open to those without one", "key_too_late"
)


class SocketKeeper:
    """Counts those that have not said yet who they are."""

    def __init__(self, app: ASGIApp, entrance: Entrance, meter: Meter) -> None:
        self._app, self._entrance, self._meter = app, entrance, meter
        self._waiting = 0

    async def serve(self, need: Need, scope: Scope, receive: Receive, send: Send) -> None:
        line = _Line(scope, receive, send)
        try:
            caller = await self._at_the_door(need, scope)
        except HayakuchiError as error:
            await send_problem(problem_of(error), scope, send)
            return
        if caller is None:
            caller = await self._after_accepting(need, scope, line)
            if caller is None:
                return
        introduce(scope, caller)
        line.expected = caller
        line.open = not self._entrance.closed
        if not await self._entrance.keys.while_usable(caller, self._app(without_key(scope), line.receive, line.send)):
            await line.close(1008, _ENDED)

    async def _at_the_door(self, need: Need, scope: Scope) -> Caller | None:
        """Who it is; None when it may still say so. Raises HayakuchiError."""
        host = host_of(scope)
        token = bearer(scope) if bearer(scope) is not None else offered(scope)
        caller = await self._entrance.identify(token, host)
        allowance = self._meter.count(caller)
        if allowance.retry_s is not None:
            raise too_many(allowance)
        if token is None and need.known and need.scope is not None and not caller.may(need.scope):
            self._entrance.check_wait(host)
            if self._waiting >= MOST_WAITING:
                raise Problem(503, "too many connections have not shown a key yet", "overloaded", retry_after_s=AUTH_S)
            return None
        self._entrance.require(caller, need.scope)
        return caller

    async def _after_accepting(self, need: Need, scope: Scope, line: _Line) -> Caller | None:
        """Who it is by its first message; None when it said nothing good, and the connection is closed."""
        host = host_of(scope)
        self._waiting += 1
        try:
            await line.accept()
            async with asyncio.timeout(AUTH_S):
                token = _token(await line.first())
            if token is None:
                raise Problem(401, "the first message has to be the API key", "missing_api_key")
            caller = await self._entrance.identify(token, host)
            allowance = self._meter.count(caller)
            if allowance.retry_s is not None:
                raise too_many(allowance)
            self._entrance.require(caller, need.scope)
        except TimeoutError:
            self._entrance.failed(host)
            await line.close(1008, f"no API key within {AUTH_S:g} s")
            return None
        except HayakuchiError as error:
            problem = problem_of(error)
            await line.close(close_code(problem), close_reason(problem))
            return None
        finally:
            self._waiting -= 1
        await line.send({"type": "websocket.send", "text": AUTH_OK})
        return caller


class _Line:
    """A WebSocket between its client and the application, which does not notice what was said before it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        self._budget = FrameBudget(loop_ms())
        self._accepted = self._ahead = self._closed = self._spoken = False
        self.expected: Caller | None = None
        """Who a key that comes once more has to be of."""
        self.open = False
        """No keys are asked for; one that is sent all the same is welcome."""

    async def accept(self) -> None:
        """Ahead of the application."""
        await self._receive()
        self._ahead = True
        await self._accept({"type": "websocket.accept"})

    async def first(self) -> Message:
        self._spoken = True
        return await self._receive()

    async def receive(self) -> Message:
        if self._ahead:
            self._ahead = False
            return {"type": "websocket.connect"}
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            if not self._budget.take(loop_ms()):
                await self.close(1008, "too many messages")
                return {"type": "websocket.disconnect", "code": 1008}
            first, self._spoken = not self._spoken, True
            token = _token(message) if first else None
            if token is None:
                return message
            if not await self._once_more(token):
                return {"type": "websocket.disconnect", "code": 1008}

    async def _once_more(self, token: str) -> bool:
        """A key is sent by whoever is let in already."""
        known = self.expected is not None and token.startswith(f"hk_{self.expected.id}_")
        if self.open or known:
            await self._send({"type": "websocket.send", "text": AUTH_OK})
            return True
        await self.close(1008, close_reason(_LATE))
        return False

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.http.response.start" if self._accepted:
                again = message["status"] in (429, 503)
                await self.close(1013 if again else 1008, "try again later" if again else "refused")
            case "websocket.http.response.body" if self._accepted:
                pass
            case _ if self._closed:
                raise OSError("the connection is closed")  # as when the client has gone
            case "websocket.accept":
                if not self._accepted:
                    await self._accept(message)
            case "websocket.close":
                self._closed = True
                await self._send(message)
            case _:
                await self._send(message)

    async def close(self, code: int, reason: str) -> None:
        """Before or after it was accepted; who does not read may not even take the goodbye."""
        if self._closed:
            return
        self._closed = True
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_S):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _accept(self, message: Message) -> None:
        self._accepted = True
        if self._chosen is not None and not message.get("subprotocol"):
            message = {**message, "subprotocol": self._chosen}
        await self._send(message)


def _token(message: Message) -> str | None:
    """The key that a message bears, if it is one that does."""
    text = message.get("text")
    if not isinstance(text, str) or len(text) > 4 * MAX_CHARS or '"auth"' not in text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("type") != "auth":
        return None
    key = found.get("key")
    return key.removeprefix(KEY_PREFIX)[:MAX_CHARS] if isinstance(key, str) else ""
