"""``GET /stage/ws``: browsers do not tell a page why its WebSocket was refused, so it may ask."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from ...core.errors import ProtocolError
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..api.answers import Open
from ..api.endpoint import Answer, Endpoint, Parameter
from ..api.problem import Problem
from ..doors import doors_of
from .rooms import MAIN


async def stage_door(request: Request) -> JSONResponse:
    """What the WebSocket would be refused with, if it would."""
    rooms = doors_of(request).rooms
    try:
        with rooms.admission.socket():
            rooms.check(caller_of(request.scope).owner, request.query_params.get("session", MAIN))
    except ProtocolError as error:
        raise Problem(400, str(error), error.code, "session") from error
    return JSONResponse({"status": "open"})


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
            200: Answer("It would", Open, example={"status": "open"}),
            400: Answer("The session's name is not one"),
        },
    ),
)
