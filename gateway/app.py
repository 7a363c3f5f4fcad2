"""The ASGI application: pages, stage, health, behind the origin guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, WebSocket
from starlette.middleware import Middleware

from .. import __version__
from ..orchestrator.engine import Engine
from . import health, pages
from .origin import OriginGuard
from .rooms import Rooms
from .stage import serve_stage


def build_app(engine: Engine) -> FastAPI:
    """The application around an engine that is open. Its lifespan holds the sessions."""
    settings = engine.settings
    rooms = Rooms(engine, settings.gateway.max_sessions)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(rooms):
            yield

    guard = Middleware(OriginGuard, names=[settings.server.host], origins=settings.gateway.cors)  # pyright: ignore[reportArgumentType]
    app = FastAPI(title="Hayakuchi", version=__version__, lifespan=lifespan, middleware=[guard])
    app.state.rooms = rooms
    app.include_router(health.router)
    app.include_router(pages.router)
    app.mount("/static", pages.WebFiles(), name="static")

    @app.websocket("/stage/ws")
    async def stage_socket(websocket: WebSocket) -> None:
        await serve_stage(websocket, rooms)

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
