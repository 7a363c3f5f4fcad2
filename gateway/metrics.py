"""How fast replies are, with and without the quick reply: ``GET /metrics``, and ``POST /metrics/reset`` to count anew."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..orchestrator.engine import Engine
from .rooms import Rooms


async def metrics(request: Request) -> JSONResponse:
    """The figures since the start, or the last reset. Times are seconds."""
    return JSONResponse(_figures(_engine(request)))


async def reset(request: Request) -> JSONResponse:
    """Forget what was counted; the phrase cache keeps its phrases and its own count."""
    engine = _engine(request)
    engine.statistics.reset()
    return JSONResponse(_figures(engine))


def _figures(engine: Engine) -> dict[str, Any]:
    cache = getattr(engine.voice, "snapshot", None)
    return {**engine.statistics.snapshot(), "phrase_cache": cache() if cache else None}


def _engine(request: Request) -> Engine:
    rooms: Rooms = request.app.state.rooms
    return rooms.engine


ROUTES = (Route("/metrics", metrics, methods=["GET"]), Route("/metrics/reset", reset, methods=["POST"]))
