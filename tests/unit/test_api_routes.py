"""Endpoints as routes: those of one path are one route, so that a wrong method is told of all that are right."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hayakuchi.gateway.api.endpoint import Endpoint
from hayakuchi.gateway.api.serving import routes_of


async def read(request: Request) -> Response:
    return PlainTextResponse("read")


async def written(request: Request) -> Response:
    return PlainTextResponse("written")


ENDPOINTS = (
    Endpoint("GET", "/notes", None, "Read", read),
    Endpoint("POST", "/notes", None, "Write", written, aliases=("/jot",)),
)


async def asked(method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "root_path": ""}
    await Starlette(routes=routes_of(ENDPOINTS))(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1].get("body", b"")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/notes", b"read"),
        ("POST", "/notes", b"written"),
        ("HEAD", "/notes", b"read"),
        ("POST", "/jot", b"written"),
    ],
)
async def test_each_method_has_its_handler(method: str, path: str, answer: bytes) -> None:
    status, _, body = await asked(method, path)
    assert (status, body) == (200, answer)


async def test_a_wrong_method_is_told_of_all_that_are_right() -> None:
    for path, right in (("/notes", {b"GET", b"HEAD", b"POST"}), ("/jot", {b"POST"})):
        status, headers, _ = await asked("PUT", path)
        assert status == 405
        assert set(headers[b"allow"].split(b", ")) == right
