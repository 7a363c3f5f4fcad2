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
from .api.answering import Chat
from .api.serving import http_problem, routes_of
from .api.table import ALL
from .caller import Caller, introduce
from .chat_service import ChatService
from .chat_socket import serve_chat
from .doors import Doors
from .idempotency import Replays
from .listen import serve_listener
from .origin import ASGIApp, OriginGuard, Receive, Scope, Send
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

    chat = Chat(ChatService(doors), Replays())

    async def chat_socket(websocket: WebSocket) -> None:
        await serve_chat(websocket, doors, chat.service)

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
            *routes_of(ALL),
            *pages.ROUTES,
            WebSocketRoute("/stage/ws", stage_socket),
            WebSocketRoute("/chat/ws", chat_socket),
            *listening,
        ],
        middleware=[
            Middleware(OriginGuard, names=[settings.server.host], origins=settings.gateway.cors),
            Middleware(Unasked),
        ],
        exception_handlers={HTTPException: http_problem},
        lifespan=lifespan,
    )
    app.state.rooms = rooms
    app.state.doors = doors
    app.state.chat = chat
    return app


class Unasked:
    """Pure ASGI middleware: whom nobody has introduced is a caller without a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and "caller" not in scope.get("state", {}):
            client = scope.get("client")
            introduce(scope, Caller(f"ip:{client[0] if client else 'unknown'}"))
        await self._app(scope, receive, send)


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
