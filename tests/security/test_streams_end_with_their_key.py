"""An answer that is being sent ends with the key it was asked for with, and so does what makes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from keyed import bearing, key_file, make_key

from hayakuchi.core.database import Database
from hayakuchi.gateway.access.caller import caller_of
from hayakuchi.gateway.access.doorkeeper import Doorkeeper
from hayakuchi.gateway.access.entrance import Entrance
from hayakuchi.gateway.access.key_ring import KeyRing
from hayakuchi.gateway.access.keys import revoke
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.access.rules import Access
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.api.table import ALL
from hayakuchi.orchestrator.gateway_settings import GatewaySettings, Scope
from hayakuchi.orchestrator.schema import MIGRATIONS


class Stream:
    """An application that answers without end."""

    def __init__(self, kind: bytes) -> None:
        self.kind = kind
        self.ended = self.reached = False
        self.seen: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached, self.seen = True, scope
        headers = [(b"content-type", self.kind)]
        try:
            if self.kind:
                await send({"type": "http.response.start", "status": 200, "headers": headers})
            while True:
                if self.kind:
                    await send({"type": "http.response.body", "body": b"data: {}\n\n", "more_body": True})
                await asyncio.sleep(0.05)
        finally:
            self.ended = True


async def answered(folder: Path, app: Any, *, then_revoke: bool = True, headers: Any = ()) -> list[Any]:
    """What is sent to a request whose key is revoked while it is answered."""
    file = await key_file(folder / "k")
    token = make_key(file, [Scope.METRICS])
    database, sent = Database(file, MIGRATIONS), []
    await database.open()
    keys = KeyRing(lambda: database)
    settings = GatewaySettings.model_validate({"auth": {"enabled": True}})
    keeper = Doorkeeper(app, entrance=Entrance(settings, keys), meter=Meter(lambda: database), access=Access(ALL))

    async def send(message: Any) -> None:
        sent.append(message)
        await asyncio.sleep(0)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    bearer = [(name.lower().encode(), value.encode()) for name, value in bearing(token).items()]
    scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": [*bearer, *headers], "client": None}
    try:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            watching = group.create_task(keys.run())
            asked = group.create_task(keeper(scope, receive, send))
            await asyncio.sleep(0.2)
            if then_revoke:
                await database.write(lambda connection: revoke(connection, token[3:11], 1.0))
            await asked
            watching.cancel()
    finally:
        await database.aclose()
    assert token not in str(getattr(app, "seen", ""))
    return sent


async def test_events_end_with_an_error(tmp_path: Path) -> None:
    app = Stream(b"text/event-stream; charset=utf-8")
    sent = await answered(tmp_path, app)
    assert app.ended
    assert sent[-1]["more_body"] is False
    assert b'"key_revoked"' in sent[-1]["body"]
    assert sent[-1]["body"].startswith(b"data: {")
    assert sent[-1]["body"].endswith(b"\n\n")


async def test_of_anything_else_the_end_is_missing(tmp_path: Path) -> None:
    app = Stream(b"audio/pcm")
    sent = await answered(tmp_path, app)
    assert app.ended
    assert all(message.get("more_body", True) for message in sent)


async def test_what_was_not_begun_is_refused(tmp_path: Path) -> None:
    app = Stream(b"")
    sent = await answered(tmp_path, app)
    assert app.ended
    assert sent[0]["status"] == 401


async def test_whoever_is_behind_knows_the_caller_and_not_the_key(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert caller_of(scope).scopes == {Scope.METRICS}
        assert [name for name, _ in scope["headers"]] == [b"x"]
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        raise Problem(418, "no", "teapot")

    sent = await answered(tmp_path, app, then_revoke=False, headers=[(b"x", b"y")])
    assert sent[0]["status"] == 418
    headers = dict(sent[0]["headers"])
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-ratelimit-remaining-requests"] == b"119"


async def test_other_errors_are_not_ours(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("broken")

    with pytest.raises(ExceptionGroup) as error:
        await answered(tmp_path, app, then_revoke=False)
    assert error.group_contains(RuntimeError)
