"""Pages of other origins, as far as ``gateway.cors`` lists them, and guests where guests may come.

A browser's own credentials are never asked for: keys are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ..api.problem import Problem
from .door_answers import send_problem
from .guests import NOBODY, Guests
from .origin import ASGIApp, Message, Receive, Scope, Send

METHODS = b"GET, POST, PATCH, DELETE"
EXPOSED = (
    b"Retry-After, X-Request-Id, Idempotent-Replayed, "
    b"X-RateLimit-Limit-Requests, X-RateLimit-Remaining-Requests, X-RateLimit-Reset-Requests"
)
MAX_AGE_S = b"600"
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~ ,-]{0,2000}")


class Cors:
    """Pure ASGI middleware: answers preflights, and lets pages of the listed origins read answers."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str] = (), guests: Guests = NOBODY) -> None:
        self._app, self._guests = app, guests
        self._origins = {origin.encode("latin-1") for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        origin = asked.get(b"origin")
        if scope["method"] == "OPTIONS" and origin is not None and b"access-control-request-method" in asked:
            await self._preflight(origin, asked, scope, send)
        elif self._origins or (self._guests and self._guests.come_to(scope["path"])):
            listed = origin is not None and self._listed(origin, scope["path"], scope["method"])
            await self._app(scope, receive, self._telling(origin if listed else None, send))
        else:
            await self._app(scope, receive, send)

    def _listed(self, origin: bytes, path: str, method: str) -> bool:
        return origin.lower() in self._origins or self._guests.welcome(origin.decode("latin-1"), path, method)

    async def _preflight(self, origin: bytes, asked: Mapping[bytes, bytes], scope: Scope, send: Send) -> None:
        names = asked.get(b"access-control-request-headers", b"")
        method = asked[b"access-control-request-method"].decode("latin-1")
        if not self._listed(origin, scope["path"], method) or not _HEADER_NAMES.fullmatch(names):
            remedy = self._guests.remedy(origin.decode("latin-1"), scope["path"])
            message = remedy or "this origin is not listed in gateway.cors of conf.yaml"
            problem = Problem(403, message, "origin_not_allowed")
            await send_problem(problem, scope, send, [(b"vary", b"Origin")])
            return
        headers = [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-max-age", MAX_AGE_S),
            (b"vary", b"Origin, Access-Control-Request-Headers"),
        ]
        if names:
            headers.append((b"access-control-allow-headers", names))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _telling(self, origin: bytes | None, send: Send) -> Send:
        """``origin`` None: the answer is not for its page to read."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = _varying(message.get("headers", ()))
                if origin is not None:
                    headers += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]
                message = {**message, "headers": headers}
            await send(message)

        return tell


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, with the origin among what the answer depends on."""
    found = list(headers)
    before = [value for name, value in found if name == b"vary"]
    return [*(header for header in found if header[0] != b"vary"), (b"vary", b", ".join([*before, b"Origin"]))]
