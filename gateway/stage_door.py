"""``GET /stage/ws``: browsers do not tell a page why its WebSocket was refused, so it may ask."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import ProtocolError
from ..orchestrator.gateway_settings import Scope
from .api.endpoint import Answer, Endpoint, Parameter
from .api.problem import Problem
from .caller import caller_of
from .doors import doors_of
from .rooms import MAIN


async def stage_door(request: Request) -> Response:
    """204 where the WebSocket would be accepted now, else what it would be refused with."""
    rooms = doors_of(request).rooms
    try:
        with rooms.admission.socket():
            rooms.check(caller_of(request.scope).owner, request.query_params.get("session", MAIN))
    except ProtocolError as error:
        raise Problem(400, str(error), error.code, "session") from error
    return Response(status_code=204)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/stage/ws",
        Scope.SPEAK,
        "Would the stage take a viewer on?",
        stage_door,
        description="The WebSocket of this path is the stage's (docs/stage-protocol.md). A page cannot see why it was refused "
        "there, and may ask here.",
        tag="Server",
        parameters=(Parameter("session", "query", "Which conversation; left out: `main`", example="main"),),
        answers={
            204: Answer("It would"),
            400: Answer("The session's name is not one"),
        },
    ),
)
