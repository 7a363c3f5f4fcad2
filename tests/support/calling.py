"""A gRPC server in this process around scripted services, and a client of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from hayakuchi.core.types import Audio
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.caller import Caller
from hayakuchi.gateway.chat_service import ChatEvent, ChatRequest
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


async def find_by_name(key: str | None, address: str) -> Caller:
    """Callers by keys that are their names; no key: whoever it is may chat."""
    if key is None:
        return Caller(f"ip:{address}", scopes=frozenset({Scope.CHAT}))
    if key not in KEYS:
        raise Problem(401, "this key is not known", "invalid_api_key")
    return Caller(key, key, KEYS[key])


@asynccontextmanager
async def calling(
    services: ScriptedServices, *, ready: Callable[[], bool] = lambda: True, **settings: Any
) -> AsyncIterator[tuple[grpc.aio.Channel, Any]]:
    """A channel to the server, and our stub on it."""
    service = Service(find_by_name, services, services, services.listed)
    chosen = GatewaySettings.model_validate({"grpc": {"port": 0}, **settings})
    async with rpc_server(service, chosen, "127.0.0.1", ready) as port:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel, HayakuchiStub(channel)
