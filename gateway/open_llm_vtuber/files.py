"""``/avatars``, ``/bg``, ``/live2d-models`` and ``/web-tool``: the files of the user's folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..doors import doors_of
from . import sending
from .content_policy import PICTURES, SCRIPTS
from .folder import TYPES, Kind

PATH = "/{path:path}"
WEB_TOOL = "/web-tool/index.html"


def _serving(kind: Kind, policy: str) -> Callable[[Request], Awaitable[Response]]:
    headers = {"Content-Security-Policy": policy}

    async def serve(request: Request) -> Response:
        folder = doors_of(request).user_folder
        file = await asyncio.to_thread(folder.file, kind, request.path_params["path"])
        return await sending.answer(request, file, TYPES[kind], headers)

    return serve


async def _to_web_tool(request: Request) -> Response:
    if await asyncio.to_thread(doors_of(request).user_folder.file, "web_tool", "index.html") is None:
        raise sending.not_found()
    return RedirectResponse(WEB_TOOL, 302)


ROUTES = (
    Route(f"/avatars{PATH}", _serving("avatars", PICTURES), methods=["GET"]),
    Route(f"/bg{PATH}", _serving("backgrounds", PICTURES), methods=["GET"]),
    Route(f"/live2d-models{PATH}", _serving("live2d-models", PICTURES), methods=["GET"]),
    *(Route(path, _to_web_tool, methods=["GET"]) for path in ("/web-tool", "/web_tool", "/web-tool/", "/web_tool/")),
    Route(f"/web-tool{PATH}", _serving("web_tool", SCRIPTS), methods=["GET"]),
)
"""Behind the endpoints: ``/live2d-models/info`` is one."""
