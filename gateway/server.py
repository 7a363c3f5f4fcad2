"""Runs the application on uvicorn, from open providers to closed ones."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from ..core.errors import ConfigError, HayakuchiError
from ..orchestrator.engine import Engine
from .app import build_app
from .doors import Doors
from .drain import Farewell, drain
from .http_deadlines import DeadlineProtocol
from .sockets import Sockets
from .stage.rooms import Rooms

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 65_536
CLOSE_WITHIN_S = 2
"""How long HTTP requests have that are still being answered when all replies were made."""
LEAVE_WITHIN_S = 1
"""How long the sessions have to end when it is to be at once."""

Beside = Callable[[Rooms], Awaitable[None]]
"""Runs beside the server, with its rooms, until it is cancelled."""


Ending = Callable[[float], None]
"""Told how long (s) the server will wait for what is being said, when it is told to end."""


class Server(uvicorn.Server):
    """uvicorn raises the signal that ended it once more when it is done, which would end us before providers are closed.
    And it leaves everybody in mid-sentence: ``doors`` are drained before.

    SIGTERM waits for replies. Ctrl+C and Ctrl+Break do not, nor does any second signal. The next signal leaves at once.
    """

    def __init__(self, config: uvicorn.Config, doors: Doors, on_ready: Callable[[], None], on_ending: Ending) -> None:
        super().__init__(config)
        self.doors, self._on_ready, self._on_ending = doors, on_ready, on_ending
        self.ready = asyncio.Event()
        self.farewell = Farewell()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What was loaded until here stays for good; the collector need not look at it between two words of a reply.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            self._on_ready()
            self.ready.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.farewell.hurry.is_set():
            self.force_exit = True
        elif self.should_exit or sig != signal.SIGTERM:
            self.farewell.hurry.set()
        else:
            self.farewell.patience_s = self.doors.settings.drain_seconds
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_ending(0.0 if self.farewell.hurry.is_set() else self.farewell.patience_s)
        await drain(self.doors, self.farewell)
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn leaves the sessions open then
            try:
                await asyncio.wait_for(self.lifespan.shutdown(), LEAVE_WITHIN_S)
            except TimeoutError:
                log.warning("the sessions did not end within %g s and are left", LEAVE_WITHIN_S)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(engine: Engine, on_ready: Callable[[], None], on_ending: Ending = lambda patience_s: None) -> Server:
    """A server around an engine that is not open yet. ``on_ready`` is called when requests are answered."""
    app = build_app(engine)
    config = uvicorn.Config(
        app,
        http=DeadlineProtocol,
        forwarded_allow_ips=list(engine.settings.gateway.trusted_proxies),
        log_config=None,
        # Its other lines show the addresses, headers and messages of WebSockets, and keys among them.
        log_level=max(logging.WARNING, logging.getLogger().getEffectiveLevel()),
        access_log=False,
        server_header=False,
        ws=Sockets,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )
    return Server(config, app.state.doors, on_ready, on_ending)


async def run(engine: Engine, server: Server, listener: socket.socket, beside: Beside | None = None) -> None:
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
        if engine.settings.gateway.grpc.enabled:
            background.append(group.create_task(_run_beside(server, _serve_rpc(server.doors), failures), name="gRPC"))
        await server.serve(sockets=[listener])
        for task in background:
            task.cancel()
    if failures:
        raise failures[0]
    if not server.started:
        raise HayakuchiError("the server could not start; the log has the details")


async def _run_beside(server: Server, beside: Beside, failures: list[HayakuchiError]) -> None:
    await server.ready.wait()
    try:
        await beside(server.doors.rooms)
    except HayakuchiError as error:
        failures.append(error)
        server.should_exit = True


def _serve_rpc(doors: Doors) -> Beside:
    async def serve_calls(rooms: Rooms) -> None:
        try:
            from .rpc.beside import serve_rpc
        except ModuleNotFoundError as missing:
            message = f"gRPC needs the package {missing.name}: pip install 'hayakuchi[grpc]', or uv sync --extra grpc"
            raise ConfigError(message, path="gateway.grpc.enabled") from None
        await serve_rpc(doors)

    return serve_calls


def serve(
    engine: Engine,
    listener: socket.socket,
    on_ready: Callable[[], None],
    beside: Beside | None = None,
    on_ending: Ending = lambda patience_s: None,
) -> None:
    """:func:`run` on the fastest event loop there is, until SIGINT or SIGTERM."""
    server = make_server(engine, on_ready, on_ending)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(run(engine, server, listener, beside))
