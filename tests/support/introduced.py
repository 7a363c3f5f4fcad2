"""A server whose callers are all known, for tests that are about something else than who may come in."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette

from hayakuchi.gateway import server
from hayakuchi.gateway.app import build_app
from hayakuchi.gateway.caller import Caller, introduce
from hayakuchi.orchestrator.engine import Engine


class Introduce:
    """ASGI middleware that gives every connection the caller ``test``, unless somebody has given it one."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if "caller" not in scope.setdefault("state", {}):
            introduce(scope, Caller("test"))
        await self._app(scope, receive, send)


def introduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that are made from here on introduce everybody."""

    def build(engine: Engine) -> Starlette:
        app = build_app(engine)
        app.add_middleware(Introduce)
        return app

    monkeypatch.setattr(server, "build_app", build)
