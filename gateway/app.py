"""The ASGI application: pages, stage, health, metrics, behind the origin guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ..orchestrator.engine import Engine
from . import health, metrics, pages, transcriptions
from .api import speech
from .api.serving import http_problem, routes_of
from .doors import Doors
from .listen import Listeners, serve_listener
from .origin import OriginGuard
from .rooms import Rooms
from .stage import serve_stage


def build_app(engine: Engine) -> Starlette:
    """The application around an engine that is open. Its lifespan holds the sessions."""
    settings = engine.settings
    doors = Doors(engine)
    rooms = doors.rooms
    listeners = Listeners(engine.hearing, settings.gateway.max_sessions)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _running(rooms):
            yield

    async def stage_socket(websocket: WebSocket) -> None:
        await serve_stage(websocket, rooms)

    async def listening_socket(websocket: WebSocket) -> None:
        await serve_listener(websocket, listeners)

    listening = [WebSocketRoute(path, listening_socket) for path in ("/ws", "/ws_asr")]
    app = Starlette(
        routes=[
            *health.ROUTES,
            *metrics.ROUTES,
            *transcriptions.routes(),
            *routes_of(speech.ENDPOINTS),
            *pages.ROUTES,
            WebSocketRoute("/stage/ws", stage_socket),
            *listening,
        ],
        middleware=[Middleware(OriginGuard, names=[settings.server.host], origins=settings.gateway.cors)],
        exception_handlers={HTTPException: http_problem},
        lifespan=lifespan,
    )
    app.state.rooms = rooms
    app.state.doors = doors
    return app


@asynccontextmanager
async def _running(rooms: Rooms) -> AsyncIterator[None]:
    started = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(rooms.run(started), name="rooms")
        await started.wait()
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
