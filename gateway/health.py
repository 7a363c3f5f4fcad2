"""Is the server alive, and can it talk?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .rooms import Rooms


async def health(request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readiness(request: Request) -> JSONResponse:
    """Whether a model and a voice can be used (else 503); which ones, and what is wrong with the others."""
    rooms: Rooms = request.app.state.rooms
    found = rooms.models()
    ready = found["llm"] is not None and found["tts"] is not None
    return JSONResponse({"status": "ready" if ready else "not ready", **found}, 200 if ready else 503)


ROUTES = (Route("/health", health), Route("/readiness", readiness))
