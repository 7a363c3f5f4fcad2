"""The web pages, as they lie in the package: what is in the repository is what the browser runs."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).resolve().parent.parent / "live2d_bridge" / "web"

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob: https:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every page and file. ``no-cache``: the browser asks whether a file changed, so an upgrade is seen at the next reload."""

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Fixed here, because on Windows the registry may say otherwise, and a browser runs no module of another type."""


async def studio(request: Request) -> FileResponse:
    return FileResponse(WEB / "index.html", headers=HEADERS)


async def stage(request: Request) -> FileResponse:
    return FileResponse(WEB / "stage.html", headers=HEADERS)


async def docs(request: Request) -> FileResponse:
    """Holds nothing itself: it asks for a key where one is needed, and reads ``/openapi.json`` with it."""
    return FileResponse(WEB / "docs.html", headers=HEADERS)


class WebFiles(StaticFiles):
    """Static files with our headers."""

    def __init__(self) -> None:
        super().__init__(directory=WEB)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        kind = TYPES.get(Path(path).suffix)
        if kind and response.status_code == 200:
            response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        return response


ROUTES = (
    Route("/", studio),
    Route("/studio", studio),
    Route("/stage", stage),
    Route("/docs", docs),
    Mount("/static", WebFiles(), name="static"),
)
"""The studio has two addresses: a frontend of the user's may take the first one."""
