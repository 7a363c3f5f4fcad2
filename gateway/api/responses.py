"""``POST /v1/responses``, which some of OpenAI's clients ask unless they are told not to: refused, with what to do instead."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...orchestrator.gateway_settings import Scope
from .endpoint import Answer, Endpoint
from .problem import Problem


async def respond(request: Request) -> Response:
    """Always a Problem."""
    message = "the Responses API is not spoken here; set your client to chat completions (POST /v1/chat/completions)"
    raise Problem(404, message, "unsupported_endpoint", close=True)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/v1/responses",
        Scope.CHAT,
        "Refused: replies are made by chat completions",
        respond,
        answers={404: Answer("Always; the message says what to do instead")},
    ),
)
