"""A refusal, sent by middleware: over HTTP, or to a WebSocket that is not accepted yet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..api.problem import Problem

Header = tuple[bytes, bytes]

API_HEADERS: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""On every answer that is no page."""


async def send_problem(problem: Problem, scope: Any, send: Any, further: Iterable[Header] = ()) -> None:
    """Answer instead of the application. A WebSocket is refused before it is accepted."""
    kind = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        kind = "websocket.http"
    body = json.dumps(problem.body, ensure_ascii=False).encode()
    headers: list[Header] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *API_HEADERS,
        *further,
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
    ]
    if problem.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="hayakuchi"'))
    await send({"type": f"{kind}.response.start", "status": problem.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})


def close_code(problem: Problem) -> int:
    """What an open WebSocket is closed with instead: 1013 where it may come back later, else 1008."""
    return 1013 if problem.status in (429, 503) else 1008


def close_reason(problem: Problem) -> str:
    """What fits into a close frame."""
    return str(problem).encode()[:120].decode(errors="ignore")
