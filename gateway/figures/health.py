"""Is the server alive, and can it talk?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..api.answers import Health, Ready
from ..api.endpoint import Answer, Endpoint
from ..doors import doors_of


async def health(request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readiness(request: Request) -> JSONResponse:
    """Whether a model and a voice answer and turns can be kept (else 503); which ones, and what is wrong with the others: where
    keys are asked for, the latter is for those who may read the figures, since addresses and servers' words stand in it."""
    ready, told = await doors_of(request).readiness.told()
    if not caller_of(request.scope).may(Scope.METRICS):
        told |= {"reasons": [], "problems": []}
    return JSONResponse(told, 200 if ready else 503)


_READY = {
    "status": "ready",
    "reasons": [],
    "answered": {"llm": {"name": "openai_llm", "seconds_ago": 2.5}, "tts": {"name": "edge_tts", "seconds_ago": 4.2}},
    "llm": "openai_llm",
    "tts": "edge_tts",
    "first_choice": {"llm": "openai_llm", "tts": "edge_tts"},
    "demo": False,
    "problems": [],
    "not_kept": False,
}
_NOT_READY = {
    **_READY,
    "status": "not ready",
    "reasons": ["no llm answers"],
    "answered": {"llm": None, "tts": {"name": "edge_tts", "seconds_ago": 4.2}},
    "llm": None,
    "problems": ["openai_llm: nobody listens at http://127.0.0.1:11434/v1"],
}
ENDPOINTS = (
    Endpoint(
        "GET",
        "/health",
        None,
        "Does the server live?",
        health,
        description="Cheap: for restarting what hangs.",
        tag="Server",
        answers={200: Answer("The process answers", Health, example={"status": "ok"})},
    ),
    Endpoint(
        "GET",
        "/readiness",
        None,
        "Can it talk?",
        readiness,
        description="For load balancers. Whoever has not been used for half a minute is asked, once however many ask for it.",
        tag="Server",
        answers={
            200: Answer("A model and a voice answer, and turns can be kept", Ready, example=_READY),
            503: Answer("`reasons` says why not", Ready, example=_NOT_READY),
        },
    ),
)
