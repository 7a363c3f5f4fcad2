"""The ASGI application: pages, stage, health, metrics, behind the origin guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
from .listen import serve_listener
from .origin import OriginGuard
from .stage import serve_stage


def build_app(engine: Engine) -> Starlette:
    """The application around an engine that is open. Its lifespan holds the sessions."""
    settings = engine.settings
    doors = Doors(engine)
    rooms = doors.rooms

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _running(doors):
            yield

    async def stage_socket(websocket: WebSocket) -> None:
        await serve_stage(websocket, rooms)

    async def listening_socket(websocket: WebSocket) -> None:
        await serve_listener(websocket, engine.hearing, doors.admission)

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
async def _running(doors: Doors) -> AsyncIterator[None]:
    started = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(doors.rooms.run(started), name="rooms"),
            group.create_task(doors.admission.lag.watch(), name="loop lag"),
        ]
        await started.wait()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
