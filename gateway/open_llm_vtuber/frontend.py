"""A web frontend that the user has, at ``/``. None is part of this project."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from ...core.errors import ConfigError
from ...orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from ...orchestrator.tree import shown
from . import sending
from .content_policy import SCRIPTS
from .file_types import PAGES
from .safe_paths import file_below

INDEX = "index.html"
HEADERS = {"Content-Security-Policy": SCRIPTS}


class Frontend:
    """Files below ``folder``; an address of the page's own, such as /settings, is the page."""

    def __init__(self, folder: Path) -> None:
        """Raises ConfigError when it holds no page."""
        if problem := what_is_wrong(folder):
            raise ConfigError(problem, path="open_llm_vtuber.frontend")
        self.folder = folder

    async def serve(self, request: Request) -> Response:
        path = request.path_params.get("path") or INDEX
        file = await asyncio.to_thread(file_below, self.folder, path)
        if file is None and _is_page(path, request):
            file = await asyncio.to_thread(file_below, self.folder, INDEX)
        return await sending.answer(request, file, PAGES, HEADERS)


class _Anything(Route):
    """What nothing else answers. Other methods go by as if it were not there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return (match, found) if match is Match.FULL else (Match.NONE, {})


def frontend_routes(settings: OpenLlmVtuberSettings) -> tuple[Sequence[Route], Sequence[Route]]:
    """What is served before all else, and after it. Raises ConfigError."""
    if not settings.enabled or settings.frontend is None:
        return (), ()
    frontend = Frontend(settings.frontend)
    return (Route("/", frontend.serve, methods=["GET"]),), (_Anything("/{path:path}", frontend.serve, methods=["GET"]),)


def what_is_wrong(folder: Path) -> str | None:
    """Why no frontend can be served from there, and what to do."""
    if file_below(folder, INDEX):
        return None
    try:
        there = folder.is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        return f"there is no folder {shown(folder)}"
    source = (folder / "package.json").exists() or (folder / "src").is_dir()
    built = "; name the folder that its build made" if source else "; name the folder of a frontend that is built"
    return f"no {INDEX} in {shown(folder)}{built}"


def _is_page(path: str, request: Request) -> bool:
    """Whether a browser goes there, and to no file."""
    return not PurePosixPath(path).suffix and "text/html" in request.headers.get("accept", "")
