"""The real server in this process, with something that runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hayakuchi.cli.run import address, bind
from hayakuchi.gateway import server as gateway
from hayakuchi.orchestrator.engine import Engine


@asynccontextmanager
async def serving_beside(engine: Engine, beside: gateway.Beside, within_s: float = 30) -> AsyncIterator[str]:
    """The server on a free port: its URL. ``engine`` is not open yet."""
    listener = bind("127.0.0.1", 0)
    server = gateway.make_server(engine, lambda: None)
    async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
        running = group.create_task(gateway.run(engine, server, listener, beside))
        await server.ready.wait()
        yield address(listener)
        server.should_exit = True
        await running
