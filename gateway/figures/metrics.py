"""``GET /metrics``: all figures for Prometheus, or in JSON how fast replies are, with and without the quick reply.

``POST /metrics/reset`` begins the JSON summary anew. Counters never go back: Prometheus takes that for a restart.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ... import __version__
from ...orchestrator.gateway_settings import Scope
from ..api.answers import FiguresSummary
from ..api.endpoint import Answer, Endpoint
from ..doors import Doors, doors_of
from . import names

JSON = "application/json"
OPEN_METRICS = "application/openmetrics-text"


async def metrics(request: Request) -> Response:
    """The figures, in the form that is asked for: JSON, OpenMetrics, or the text that every Prometheus reads."""
    doors = doors_of(request)
    accept = request.headers.get("accept", "").lower()
    if JSON in accept:
        return JSONResponse(summary(doors))
    from prometheus_client import exposition
    from prometheus_client.openmetrics import exposition as openmetrics

    shown: Any = exposition.generate_latest
    kind = exposition.CONTENT_TYPE_PLAIN_0_0_4
    if OPEN_METRICS in accept:
        shown, kind = openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    doors.sampled.take()
    text = await asyncio.to_thread(shown, doors.figures.registry)
    return Response(text, media_type=kind, headers={"Vary": "Accept"})


async def reset(request: Request) -> JSONResponse:
    """Forget what the summary counted; the phrase cache keeps its phrases and its own count."""
    doors = doors_of(request)
    doors.engine.statistics.reset()
    doors.text_statistics.reset()
    return JSONResponse(summary(doors))


def summary(doors: Doors) -> dict[str, Any]:
    """How fast replies were since the start, or the last reset, in seconds: to their first sound, and under ``text``, for those
    of the API, to their first text; and what the server does at the moment."""
    engine = doors.engine
    cache = getattr(engine.voice, "snapshot", None)
    return {
        **engine.statistics.snapshot(),
        "text": doors.text_statistics.snapshot(),
        "phrase_cache": cache() if cache else None,
        "server": _server(doors),
    }


def _server(doors: Doors) -> dict[str, Any]:
    found = doors.sampled.values()
    running = {door: count for (door,), count in found[names.RUNNING].items()}
    told = {name: found[figure][()] for name, figure in _NOW.items()}
    return {"version": __version__, **told, "turns_running": running, "draining": doors.admission.draining}


_NOW = {"sessions": names.SESSIONS, "viewers": names.VIEWERS, "listeners": names.LISTENERS}

_EXAMPLE = {
    "quick_response_mode": {"total_requests": 2, "first_response_latency": {"avg": 0.11, "min": 0.1, "max": 0.12}},
    "direct_mode": {"total_requests": 1, "first_response_latency": {"avg": 0.65, "min": 0.65, "max": 0.65}},
    "comparison": {"avg_first_response_improvement": 0.83},
    "text": {"quick_response_mode": {"total_requests": 0}, "direct_mode": {"total_requests": 3}},
    "phrase_cache": None,
    "server": {"version": __version__, "sessions": 1, "turns_running": {"stage": 0, "api": 1}, "draining": False},
}
ENDPOINTS = (
    Endpoint(
        "GET",
        "/metrics",
        Scope.METRICS,
        "Read the figures",
        metrics,
        description="For Prometheus; with `Accept: application/json` a summary of how soon replies began with and without the "
        "quick reply, and of what the server does at the moment.",
        tag="Server",
        answers={
            200: Answer(
                "The figures, in the form that `Accept` asks for",
                FiguresSummary,
                example=_EXAMPLE,
                further={"text/plain": "For every Prometheus", OPEN_METRICS: "For those that ask for OpenMetrics"},
            )
        },
    ),
    Endpoint(
        "POST",
        "/metrics/reset",
        Scope.ADMIN,
        "Begin the summary anew",
        reset,
        description="Figures for Prometheus never go back.",
        tag="Server",
        answers={200: Answer("The summary", FiguresSummary, example=_EXAMPLE)},
    ),
)
