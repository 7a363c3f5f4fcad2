"""A file of the user's as an answer: its type, its age, ranges, and no more rights in a browser than it needs."""

from __future__ import annotations

import os
import stat
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from .file_types import Types, content_type

COMMON: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every file. ``no-cache``: the browser asks whether a file changed, so a new picture is seen at the next reload."""
_CONDITIONS = StaticFiles(check_dir=False)


async def answer(request: Request, file: Path | None, types: Types, headers: Mapping[str, str]) -> Response:
    """The file, the part of it that is asked for, or that it has not changed. Raises HTTPException (404)."""
    kind = content_type(file.name, types) if file else None
    if file is None or kind is None:
        raise not_found()
    try:
        about = await to_thread(os.stat, file)
    except (OSError, ValueError):
        raise not_found() from None
    if not stat.S_ISREG(about.st_mode):
        raise not_found()
    whole = FileResponse(file, headers={**COMMON, **headers, "Content-Type": kind}, stat_result=about)
    if _CONDITIONS.is_not_modified(whole.headers, request.headers):
        return NotModifiedResponse(whole.headers)
    return whole


def not_found() -> HTTPException:
    """The same whether it is not there, or not to be served."""
    return HTTPException(404, "there is no such file")
