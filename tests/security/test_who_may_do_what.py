"""Every route times every kind of key: what is not told in gateway/access/rules.py is found here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from keyed import Keyed, asking, bearing, keyed
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.gateway.access.doorkeeper import Doorkeeper
from hayakuchi.gateway.access.rules import WEBSOCKETS, Access
from hayakuchi.gateway.api.endpoint import Endpoint
from hayakuchi.gateway.app import build_app
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import Scope

KINDS: dict[str, tuple[Scope, ...] | None] = {
    "none": None,
    "no scope": (),
    **{scope.value: (scope,) for scope in Scope},
    "chat and speak": (Scope.CHAT, Scope.SPEAK),
}


def app() -> Any:
    return build_app(Engine(settings_for(lambda: ScriptedLLM([]), ScriptedTTS)))


def access_of(application: Any) -> Access:
    found = next(middleware for middleware in application.user_middleware if middleware.cls is Doorkeeper)
    return found.kwargs["access"]


def routes(application: Any) -> list[tuple[str, str]]:
    """Method and path of all that the application answers, parameters filled in."""
    return [
        (method, filled(route.path))
        for route in application.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def filled(path: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


def test_every_route_has_an_entry() -> None:
    application = app()
    access = access_of(application)
    unknown = [place for place in routes(application) if not access.http(*place).known]
    assert unknown == []
    sockets = {route.path for route in application.routes if isinstance(route, WebSocketRoute)}
    assert sockets <= set(WEBSOCKETS)
    others = [r for r in application.routes if not isinstance(r, Route | WebSocketRoute | Mount)]
    assert others == []
    for mount in (route for route in application.routes if isinstance(route, Mount)):
        assert access.http("GET", f"{mount.path}/x").page, f"{mount.path} is open to all without being a page"


def test_a_path_without_parameters_is_never_answered_by_a_route_with_other_needs() -> None:
    """The rules look at plain paths first, Starlette at routes in order: they must come to the same."""
    application = app()
    access = access_of(application)
    for method, path in routes(application):
        scope = {"type": "http", "method": method, "path": path, "headers": []}
        route = next(r for r in application.routes if r.matches(scope)[0].value == 2)
        if isinstance(route, Route):
            assert access.http(method, path) == access.http(method, filled(route.path)), path


@pytest.mark.parametrize(
    "path", ["/unknown", "/v1", "/v1/unknown", "/metrics/", "/METRICS", "//metrics", "/static", ""]
)
def test_what_is_not_known_is_for_administrators(path: str) -> None:
    assert access_of(app()).http("GET", path).scope is Scope.ADMIN


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get"])
def test_another_method_is_no_way_around(method: str) -> None:
    access = access_of(app())
    assert access.http(method, "/metrics").scope is Scope.METRICS
    assert access.http(method, "/metrics/reset").scope is Scope.ADMIN


def test_a_method_without_an_entry_of_its_own_needs_what_the_strictest_does() -> None:
    async def handler(request: Request) -> Response:
        raise AssertionError

    access = Access([Endpoint("GET", "/a", None, "", handler), Endpoint("POST", "/a", Scope.ADMIN, "", handler)])
    assert access.http("PATCH", "/a").scope is Scope.ADMIN
    assert access.http("HEAD", "/a").scope is None


async def test_the_matrix_over_http(tmp_path: Path) -> None:
    application = app()
    access, mistakes = access_of(application), []
    async with keyed(tmp_path, limits={"requests_per_minute": 0}) as server, asking() as client:
        tokens = {kind: None if scopes is None else server.key(*scopes) for kind, scopes in KINDS.items()}
        for method, path in [*routes(application), ("GET", "/not/there"), ("POST", "/docs")]:
            found = access.http(method, path)
            need = found.scope
            for kind, scopes in KINDS.items():
                refusal = 403 if found.known or not scopes else 404
                async with client.request(method, server.url + path, headers=bearing(tokens[kind])) as answer:
                    text = await answer.text()
                    mistakes += wrong(
                        answer.status, need, scopes, answer.headers, f"{kind}: {method} {path}: {text}", refusal
                    )
    assert mistakes == []


def wrong(
    status: int, need: Scope | None, scopes: tuple[Scope, ...] | None, headers: Any, what: str, refusal: int = 403
) -> list[str]:
    allowed = need is None or (scopes is not None and (need in scopes or Scope.ADMIN in scopes))
    if allowed:
        return [] if status not in (401, 403) else [f"{status} for {what}"]
    expected = 401 if scopes is None else refusal
    if status != expected or (status == 401 and not headers.get("WWW-Authenticate", "").startswith("Bearer")):
        return [f"{status} instead of {expected} for {what}"]
    return []


@pytest.mark.parametrize("path", [*WEBSOCKETS, "/not/there"])
async def test_the_matrix_over_websockets(tmp_path: Path, path: str) -> None:
    need, served = WEBSOCKETS.get(path, Scope.ADMIN), {r.path for r in app().routes if isinstance(r, WebSocketRoute)}
    async with keyed(tmp_path, limits={"requests_per_minute": 0}) as server:
        tokens = {kind: None if scopes is None else server.key(*scopes) for kind, scopes in KINDS.items()}
        for kind, scopes in KINDS.items():
            token = tokens[kind]
            outcome = await opened(server, path, token)
            if scopes is not None and (need in scopes or Scope.ADMIN in scopes):
                assert outcome == ("open" if path in served else 403), kind
            elif token is None:
                assert outcome == (1008 if path in WEBSOCKETS else 401)
            else:
                assert outcome == 403, kind


async def opened(server: Keyed, path: str, token: str | None) -> int | str:
    """The status that refuses the WebSocket, the code that closes it after a wrong first message, or "open"."""
    try:
        async with connect(server.ws + path, proxy=None, additional_headers=bearing(token)) as socket:
            if token is not None:
                return "open"
            await socket.send("{}")
            await socket.recv()
    except InvalidStatus as refused:
        return refused.response.status_code
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else "lost"
    return "open"


async def test_without_keys_everything_is_as_it_was(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"enabled": False}) as server, asking() as client:
        for headers in ({}, bearing("sk-whatever"), {"Authorization": "Basic eDp5"}):
            async with client.get(f"{server.url}/metrics", headers=headers) as answer:
                assert answer.status == 200
                assert "x-ratelimit-limit-requests" not in answer.headers  # this machine's own
        async with client.get(f"{server.url}/not/there") as answer:
            assert answer.status == 404


async def test_what_anonymous_callers_may(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"anonymous": ["metrics"]}) as server, asking() as client:
        async with client.get(f"{server.url}/metrics") as answer:
            assert answer.status == 200
            assert answer.headers["x-ratelimit-limit-requests"] == "120"
        async with client.post(f"{server.url}/metrics/reset") as answer:
            assert answer.status == 401
        async with client.get(f"{server.url}/metrics", headers=bearing(server.key(Scope.CHAT))) as answer:
            assert answer.status == 403, "a key does what it may, not what anybody may"


async def test_what_is_wrong_with_providers_is_not_for_strangers(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, asking() as http:
        server.engine.conversations.problem = "/secret/place: is full"
        for token, whole in ((None, False), (server.key(Scope.CHAT), False), (server.key(Scope.METRICS), True)):
            async with http.get(f"{server.url}/readiness", headers=bearing(token)) as answer:
                told = await answer.json()
            assert (answer.status, told["status"]) == (200, "ready")
            assert ("/secret/place: is full" in told["problems"]) is whole
