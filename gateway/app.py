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
from . import pages
from .access.cors import Cors
from .access.doorkeeper import Doorkeeper
from .access.guests import guests_of
from .access.origin import OriginGuard
from .access.rules import Access
from .api.answering import Chat
from .api.serving import broken, http_problem, routes_of
from .api.table import ALL
from .audio.listen import serve_listener
from .chat.idempotency import Replays
from .chat.service import ChatService
from .chat.socket import serve_chat
from .doors import Doors
from .figures.timing import Timing
from .figures.watching import watching
from .open_llm_vtuber import cache_files, files
from .open_llm_vtuber.frontend import frontend_routes
from .open_llm_vtuber.sockets import sockets_of
from .stage.socket import serve_stage


def build_app(engine: Engine) -> Starlette:
    """The application around an engine that is open. Its lifespan holds the sessions."""
    settings = engine.settings
    doors = Doors(engine)
    rooms = doors.rooms
    guests = guests_of(settings.open_llm_vtuber)
    first, last = frontend_routes(settings.open_llm_vtuber)
    open_to_all = [*pages.ROUTES, *(cache_files.ROUTES if settings.open_llm_vtuber.enabled else ())]
    access = Access(ALL, open_to_all, files.ROUTES, frontend=bool(last))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with doors.open(), _running(doors):
            yield

    chat = Chat(ChatService(doors), Replays())

    async def chat_socket(websocket: WebSocket) -> None:
        await serve_chat(websocket, doors, chat.service)

    async def stage_socket(websocket: WebSocket) -> None:
        await serve_stage(websocket, rooms)

    async def listening_socket(websocket: WebSocket) -> None:
        await serve_listener(websocket, doors)

    listening = [WebSocketRoute(path, listening_socket) for path in ("/ws", "/ws_asr")]
    app = Starlette(
        routes=[
            *routes_of(ALL),
            *first,
            *open_to_all,
            *files.ROUTES,
            WebSocketRoute("/stage/ws", stage_socket),
            WebSocketRoute("/chat/ws", chat_socket),
            *listening,
            *sockets_of(doors),
            *last,
        ],
        middleware=[
            Middleware(Timing, doors=doors),
            Middleware(
                OriginGuard,
                names=[settings.server.host, *settings.gateway.hosts],
                origins=settings.gateway.cors,
                guests=guests,
            ),
            Middleware(Cors, origins=settings.gateway.cors, guests=guests),
            Middleware(Doorkeeper, entrance=doors.entrance, meter=doors.meter, access=access),
        ],
        exception_handlers={HTTPException: http_problem, Exception: broken},
        lifespan=lifespan,
    )
    app.state.rooms = rooms
    app.state.doors = doors
    app.state.chat = chat
    return app


@asynccontextmanager
async def _running(doors: Doors) -> AsyncIterator[None]:
    started = asyncio.Event()
    async with watching(doors), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(doors.rooms.run(started), name="rooms"),
            group.create_task(doors.admission.lag.watch(), name="loop lag"),
            group.create_task(doors.groups.run(), name="groups"),
            group.create_task(doors.proxies.run(), name="proxies"),
        ]
        await started.wait()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
