"""``GET /stage/ws``: browsers do not tell a page why its WebSocket was refused, so it may ask."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import CapacityError, ProtocolError
from .api.problem import Problem
from .api.serving import problem_of
from .caller import caller_of
from .doors import doors_of
from .rooms import MAIN


async def stage_door(request: Request) -> Response:
    """204 where the WebSocket would be accepted now, else what it would be refused with."""
    rooms = doors_of(request).rooms
    try:
        with rooms.admission.socket():
            rooms.check(caller_of(request.scope).owner, request.query_params.get("session", MAIN))
    except CapacityError as error:
        return problem_of(error).response()
    except ProtocolError as error:
        return Problem(400, str(error), error.code, "session").response()
    return Response(status_code=204)
