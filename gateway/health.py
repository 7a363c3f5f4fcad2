"""Is the server alive, and can it talk?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .doors import doors_of


async def health(request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readiness(request: Request) -> JSONResponse:
    """Whether a model and a voice can be used and the server is not about to end (else 503); which ones, and what is
    wrong with the others."""
    doors = doors_of(request)
    found = doors.rooms.models()
    ready = found["llm"] is not None and found["tts"] is not None and not doors.admission.draining
    return JSONResponse({"status": "ready" if ready else "not ready", **found}, 200 if ready else 503)


ROUTES = (Route("/health", health), Route("/readiness", readiness))
