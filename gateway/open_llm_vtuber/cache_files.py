"""``GET /cache/NAME``: the clips that ``/tts-ws`` tells of. Players send no keys: the name, which nobody can guess, is one."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ..api.problem import Problem
from ..api.serving import refused_as
from ..doors import doors_of

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
HEADERS = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}


def answer(request: Request) -> Response:
    """The clip, or the part of it that is asked for: some players ask for nothing else."""
    if request.method not in ("GET", "HEAD"):
        problem = Problem(405, "a clip can be fetched, and nothing else", "method_not_allowed")
        found = refused_as(problem, request.scope)
        found.headers["Allow"] = "GET, HEAD"
        return found
    data = doors_of(request).clips.find(request.scope["path"].removeprefix(f"{request.scope['root_path']}/"))
    if data is None:
        message = "there is no such clip, or no more: clips are kept for some minutes"
        return refused_as(Problem(404, message, "not_found"), request.scope)
    part = _part(request.headers.get("range", ""), len(data))
    if part is None:
        return Response(data, 200, HEADERS, "audio/wav")
    if not part:
        return Response(b"", 416, {**HEADERS, "Content-Range": f"bytes */{len(data)}"}, "audio/wav")
    told = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return Response(data[part.start : part.stop], 206, {**HEADERS, "Content-Range": told}, "audio/wav")


def _part(asked: str, size: int) -> range | None:
    """The bytes that are asked for; None: all; empty: there are none such."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


async def cache(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application."""
    if scope["type"] == "http":
        await answer(Request(scope))(scope, receive, send)
    else:
        await WebSocketClose()(scope, receive, send)


ROUTES: tuple[BaseRoute, ...] = (Mount("/cache", cache),)
"""Open to all, as pages are."""
