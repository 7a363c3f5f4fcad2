"""The real server in this process, around scripted providers, and a viewer that speaks the stage protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from scripted import EchoAgent
from websockets.asyncio.client import ClientConnection, connect

from hayakuchi.agents import AgentConfig
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.cli.run import address, bind
from hayakuchi.core.character import Character
from hayakuchi.gateway import server as gateway
from hayakuchi.live2d_bridge.wire import AudioFrame
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import GatewaySettings
from hayakuchi.orchestrator.settings import (
    AvatarSettings,
    Component,
    LatencySettings,
    PlaybackSettings,
    ServerSettings,
    Settings,
)
from hayakuchi.tts.cache_settings import CacheSettings


def component(make: Callable[[], Any]) -> Component:
    """A provider made by ``make``, as the settings name one."""

    def made(config: None) -> Any:
        return make()

    stands_for_a_class: Any = made
    return Component("scripted", None, stands_for_a_class)


def settings_for(
    llm: Callable[[], Any],
    tts: Callable[[], Any],
    *,
    asr: Callable[[], Any] | None = None,
    ears: EarsSettings | None = None,
    **gateway_settings: Any,
) -> Settings:
    return Settings(
        character=Character(name="Test", opening_line="[joy] Hello, you!"),
        character_file=None,
        server=ServerSettings(),
        agent=Component("echo_agent", AgentConfig(), EchoAgent),
        llm=(component(llm),),
        tts=(component(tts),),
        asr=(component(asr),) if asr else (),
        avatar=AvatarSettings(),
        latency=LatencySettings(),
        # A machine that is busy with other tests must not send callers away.
        gateway=GatewaySettings(**{"shed_lag_ms": 60_000, **gateway_settings}),
        playback=PlaybackSettings(),
        files=(),
        cache=CacheSettings(enabled=False),
        ears=ears or EarsSettings(),
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[str, Engine]]:
    """The server on a free port: its URL and its engine."""
    async with ending(settings) as (url, engine, _, _):
        yield url, engine


@asynccontextmanager
async def ending(settings: Settings) -> AsyncIterator[tuple[str, Engine, gateway.Server, asyncio.Task[None]]]:
    """The same with the server, whose end a test may bring about, and the task that runs it."""
    listener = bind("127.0.0.1", 0)
    engine = Engine(settings)
    ready = asyncio.Event()
    server = gateway.make_server(engine, ready.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gateway.run(engine, server, listener))
        async with asyncio.timeout(10):
            await ready.wait()
        try:
            yield address(listener), engine, server, running
        finally:
            server.should_exit = True
            await running


class Viewer:
    """A connection to the stage. It plays nothing by itself: tests say what it reports."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.snapshot: dict[str, Any] = {}
        self.frames: list[AudioFrame] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of these types; binary frames are decoded and kept."""
        async with asyncio.timeout(10):
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.frames.append(AudioFrame.decode(message))
                    if "audio" in kinds:
                        return {"type": "audio"}
                    continue
                event = json.loads(message)
                if event["type"] in kinds:
                    return event
        raise AssertionError(f"the connection ended before {kinds}")

    async def played(self, up_to_ms: float, turn: int) -> None:
        await self.send(type="playback", turn=turn, played_ms=up_to_ms)


@asynccontextmanager
async def viewing(url: str, query: str = "", **options: Any) -> AsyncIterator[Viewer]:
    """A viewer that has read its snapshot."""
    address = f"{url.replace('http', 'ws', 1)}/stage/ws?{query}"
    async with connect(address, proxy=None, compression=None, **options) as socket:
        viewer = Viewer(socket)
        viewer.snapshot = await viewer.next("session.snapshot")
        yield viewer
