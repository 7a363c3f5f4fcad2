"""Is the server alive, and can it talk?"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from .rooms import Rooms

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readiness", responses={503: {"description": "No model or no voice can be used"}})
async def readiness(request: Request, response: Response) -> dict[str, Any]:
    """Whether a model and a voice can be used; which ones, and what is wrong with the others."""
    rooms: Rooms = request.app.state.rooms
    found = rooms.models()
    ready = found["llm"] is not None and found["tts"] is not None
    if not ready:
        response.status_code = 503
    return {"status": "ready" if ready else "not ready", **found}
