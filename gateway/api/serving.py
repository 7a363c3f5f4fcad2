"""Endpoints as routes, their errors as answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from ...core.errors import AllProvidersFailed, CapacityError, Category, HayakuchiError, ProviderError
from .endpoint import Endpoint, Handler
from .problem import Problem

B = TypeVar("B", bound=BaseModel)

RETRY_S = 5.0


def routes_of(endpoints: Iterable[Endpoint]) -> list[Route]:
    """A route for each path: who comes with a wrong method is told of all that are right."""
    handlers: dict[str, dict[str, Handler]] = {}
    for endpoint in endpoints:
        for path in (endpoint.path, *endpoint.aliases):
            handlers.setdefault(path, {})[endpoint.method] = _answering(endpoint.handler)
    return [Route(path, _by_method(found), methods=list(found)) for path, found in handlers.items()]


def _by_method(handlers: Mapping[str, Handler]) -> Handler:
    async def answer(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return answer


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except HayakuchiError as error:
            return refused_as(problem_of(error), request.scope)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it

    return answer


def refused_as(problem: Problem, scope: Scope) -> Response:
    """The problem as an answer, which the figures count by its code."""
    scope.setdefault("state", {})["refused"] = problem.code
    return problem.response()


def problem_of(error: HayakuchiError) -> Problem:
    """What a caller is told of an error."""
    match error:
        case Problem():
            return error
        case CapacityError():
            return Problem(503, str(error), "overloaded", retry_after_s=error.retry_after_s)
        case ProviderError():
            return _of_providers((error,), error)
        case AllProvidersFailed():
            return _of_providers(error.attempts, error)
        case _:
            return Problem(503, str(error), error.code, retry_after_s=RETRY_S)


def _of_providers(attempts: tuple[ProviderError, ...], error: HayakuchiError) -> Problem:
    if attempts and all(attempt.category is Category.INVALID_REQUEST for attempt in attempts):
        return Problem(400, str(error), attempts[0].code)
    retry_s = max((attempt.retry_after_s or 0 for attempt in attempts), default=0) or RETRY_S
    return Problem(503, str(error), error.code, retry_after_s=retry_s)


async def read_body(request: Request, model: type[B], most_bytes: int) -> B:
    """The JSON body. Raises Problem: 413 for one that is too large, 422 for one that is not as expected, naming the field."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most_bytes:
            message = f"the body is larger than {most_bytes // 1000} KB, which is the limit"
            raise Problem(413, message, "body_too_large", close=True)
        parts.append(part)
    try:
        return model.model_validate_json(b"".join(parts))
    except ValidationError as error:
        raise _mistake(error) from None


def _mistake(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return Problem(422, f"{where}: {first['msg']}" if where else first["msg"], "invalid_body", where or None)


def http_problem(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: no such path, or not with this method."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    found = Problem(error.status_code, str(error.detail), codes.get(error.status_code, "refused")).response()
    found.headers.update(error.headers or {})
    return found
