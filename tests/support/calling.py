"""A gRPC server in this process around scripted services, and a client of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import grpc

from hayakuchi.core.types import Audio
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.chat.service import ChatEvent, ChatRequest
from hayakuchi.gateway.rpc.entrance import Door
from hayakuchi.gateway.rpc.server import rpc_server
from hayakuchi.gateway.rpc.service import Service
from hayakuchi.gateway.rpc.v1.hayakuchi_pb2_grpc import HayakuchiStub
from hayakuchi.orchestrator.gateway_settings import GatewaySettings, Scope


@dataclass
class ScriptedServices:
    """Answers with ``script``: events, pauses (seconds), errors.

    ``started`` and ``stopped`` are set when one is begun, and has come to its end."""

    script: Sequence[Any] = ()
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    running: int = 0
    port: int = 0
    """Of the server around them."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def reply(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[ChatEvent, None]:
        return self._play(request, caller)

    def speak(
        self, text: str, caller: Caller, *, voice: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Audio, None]:
        return self._play(text, caller, voice, speed)

    async def listed(self) -> Mapping[str, str]:
        return {"kiyo": "hayakuchi", "qwen2.5": "openai_llm"}

    async def _play(self, *asked: Any) -> AsyncGenerator[Any, None]:
        self.asked.append(asked)
        self.running += 1
        self.started.set()
        try:
            for each in self.script:
                if isinstance(each, float):
                    await asyncio.sleep(each)
                elif isinstance(each, Exception):
                    raise each
                else:
                    yield each
        finally:
            self.running -= 1
            self.stopped.set()


KEYS = {"all": frozenset(Scope), "ears": frozenset({Scope.SPEAK})}


@dataclass
class ScriptedDoor:
    """Keys are the names of their callers; without one, whoever it is may chat."""

    leash: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    def end_keys(self) -> None:
        self.leash.reschedule(0)

    async def caller(self, key: str | None, address: str, scope: Scope) -> Caller:
        if key is not None and key not in KEYS:
            raise Problem(401, "this key is not known", "invalid_api_key")
        scopes = frozenset({Scope.CHAT}) if key is None else KEYS[key]
        if scope not in scopes:
            raise Problem(403, f"this needs the scope {scope}", "missing_scope")
        return Caller(f"ip:{address}" if key is None else key, key or "", scopes)

    async def while_usable(self, caller: Caller, work: Awaitable[None]) -> bool:
        self.leash = asyncio.timeout(None)
        with suppress(TimeoutError):
            async with self.leash:
                await work
        return not self.leash.expired()


@asynccontextmanager
async def calling(
    services: ScriptedServices, door: Door | None = None, *, ready: Callable[[], bool] = lambda: True, **settings: Any
) -> AsyncIterator[tuple[grpc.aio.Channel, Any]]:
    """A channel to the server, and our stub on it."""
    service = Service(door or ScriptedDoor(), services, services, services.listed)
    chosen = GatewaySettings.model_validate({"grpc": {"port": 0}, **settings})
    async with rpc_server(service, chosen, "127.0.0.1", ready) as port:
        services.port = port
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel, HayakuchiStub(channel)
