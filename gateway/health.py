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
    """Whether a model and a voice answer and turns can be kept (else 503); which ones, and what is wrong with the others."""
    ready, told = await doors_of(request).readiness.told()
    return JSONResponse(told, 200 if ready else 503)


ROUTES = (Route("/health", health), Route("/readiness", readiness))
