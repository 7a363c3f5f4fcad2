"""Runs the application on uvicorn, from open providers to closed ones."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import HANDLED_SIGNALS

from ..core.errors import HayakuchiError
from ..orchestrator.engine import Engine
from .app import build_app
from .http_deadlines import DeadlineProtocol
from .rooms import Rooms

MAX_FRAME_BYTES = 65_536
CLOSE_WITHIN_S = 5

Beside = Callable[[Rooms], Awaitable[None]]
"""Runs beside the server, with its rooms, until it is cancelled."""


class _Server(uvicorn.Server):
    """uvicorn raises the signal that ended it once more when it is done, which would end us before providers are closed."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What was loaded until here stays for good; the collector need not look at it between two words of a reply.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            self._on_ready()
            self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(engine: Engine, on_ready: Callable[[], None]) -> _Server:
    """A server around an engine that is not open yet. ``on_ready`` is called when requests are answered."""
    config = uvicorn.Config(
        build_app(engine),
        http=DeadlineProtocol,
        forwarded_allow_ips=list(engine.settings.gateway.trusted_proxies),
        log_config=None,
        # Its other lines show the addresses, headers and messages of WebSockets, and keys among them.
        log_level=max(logging.WARNING, logging.getLogger().getEffectiveLevel()),
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )
    return _Server(config, on_ready)


async def run(engine: Engine, server: _Server, listener: socket.socket, beside: Beside | None = None) -> None:
    """Open the engine, serve until the server is told to exit, close the engine.

    Raises AllProvidersFailed when no model or no voice opens, and what ``beside`` raises, which ends the server as well.
    """
    failures: list[HayakuchiError] = []
    async with engine, asyncio.TaskGroup() as group:
        background = [
            group.create_task(engine.keep_warm(), name="probe providers"),
            group.create_task(engine.warm_phrases(), name="warm the voice"),
            group.create_task(engine.conversations.run(), name="forget old conversations"),
        ]
        if beside:
            background.append(group.create_task(_run_beside(server, beside, failures), name="beside the server"))
        await server.serve(sockets=[listener])
        for task in background:
            task.cancel()
    if failures:
        raise failures[0]
    if not server.started:
        raise HayakuchiError("the server could not start; the log has the details")


async def _run_beside(server: _Server, beside: Beside, failures: list[HayakuchiError]) -> None:
    await server.ready.wait()
    app = server.config.app
    assert isinstance(app, Starlette)
    try:
        await beside(app.state.rooms)
    except HayakuchiError as error:
        failures.append(error)
        server.should_exit = True


def serve(engine: Engine, listener: socket.socket, on_ready: Callable[[], None], beside: Beside | None = None) -> None:
    """:func:`run` on the fastest event loop there is, until SIGINT or SIGTERM."""
    server = make_server(engine, on_ready)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(run(engine, server, listener, beside))
