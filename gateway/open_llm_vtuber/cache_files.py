"""``GET /cache/NAME``: the clips that ``/tts-ws`` tells of. Players send no keys: the name, which nobody can guess, is one."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from ..api.endpoint import Answer, Endpoint, Parameter
from ..api.problem import Problem
from ..doors import doors_of
from .served import check_served

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
HEADERS = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}


async def clip(request: Request) -> Response:
    """The clip, or the part of it that is asked for: some players ask for nothing else. Raises Problem."""
    doors = doors_of(request)
    check_served(doors)
    data = doors.clips.find(request.path_params["name"])
    if data is None:
        raise Problem(404, "there is no such clip, or no more: clips are kept for some minutes", "not_found")
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


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/cache/{name}",
        None,
        "A clip that /tts-ws told of",
        clip,
        description="It is there for some minutes. Its name cannot be guessed, and stands for a key.",
        tag="Audio",
        parameters=(
            Parameter("name", "path", "As `/tts-ws` told it", required=True, example=f"{'x' * 32}.wav"),
            Parameter("Range", "header", "Part of it, as `bytes=0-1023`", example="bytes=0-1023"),
        ),
        answers={
            200: Answer("The clip: mono, 16 bits", content_type="audio/wav"),
            206: Answer("The part of it that was asked for", content_type="audio/wav"),
            404: Answer("There is none of that name, or no more"),
            416: Answer("It is not that long", content_type="audio/wav"),
        },
    ),
)
