"""The real server around a model that does what its script says and remembers what it was asked; a caller for its doors."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from scripted import ScriptedTTS
from serving import component, settings_for
from starlette.applications import Starlette

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.cli.run import address, bind
from hayakuchi.core.errors import ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Generation, LLMDelta, Message, TextDelta, Usage
from hayakuchi.gateway import server as gateway
from hayakuchi.gateway.access.keys import Key, insert, new_key
from hayakuchi.llm.embeddings import Embedded
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import AuthSettings, Scope, SessionsSettings
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from hayakuchi.orchestrator.settings import Component, Settings

Step = LLMDelta | ProviderError | float | asyncio.Semaphore
"""Of a script: a delta, an error to raise, seconds to wait, or a semaphore to wait for."""


def words(text: str) -> list[Step]:
    """A delta per word."""
    return [TextDelta(word) for word in text.replace(" ", " \0").split("\0")]


WHOLE = OpenLlmVtuberSettings(split="never")
"""A clip is one item, also where the machine is too busy for it to be in time."""


async def until(true: Callable[[], bool], limit_s: float = 5.0) -> None:
    """Wait for something that nobody tells of."""
    for _ in range(round(limit_s / 0.005)):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that")


@dataclass
class Asked:
    """One request to the model."""

    messages: Sequence[Message]
    options: Generation | None
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.role, one.content) for one in self.messages]


class RecordingLLM:
    """Plays ``script``; each request takes the next of ``scripts`` where there are some, or that of ``answers`` for what was
    said last."""

    name = "recording_llm"

    def __init__(self, *script: Step, first_s: float = 4.0) -> None:
        self.script: Sequence[Step] = script or words("Hello you there.")
        self.scripts: list[Sequence[Step]] = []
        self.answers: dict[str, Sequence[Step]] = {}
        self.deadlines = Deadlines(first_s, 5.0)
        self.asked: list[Asked] = []
        self.running = 0

    async def asked_first(self) -> None:
        """Wait until it was asked at all."""
        await until(lambda: bool(self.asked))

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "recording"

    async def aclose(self) -> None: ...

    async def stream(
        self, messages: Sequence[Message], options: Generation | None = None
    ) -> AsyncGenerator[LLMDelta, None]:
        asked = Asked(messages, options)
        self.asked.append(asked)
        self.running += 1
        try:
            answer = self.answers.get(messages[-1].content, self.script)
            for step in self.scripts.pop(0) if self.scripts else answer:
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, asyncio.Semaphore):
                    await step.acquire()
                elif isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.running -= 1
            asked.closed.set()


class RecordingEmbedder:
    """Makes a vector of each text: its length, a half, and minus one."""

    name = "recording_embeddings"
    model = "vectors-1"

    def __init__(self) -> None:
        self.deadlines = Deadlines(2.0, 2.0)
        self.asked: list[tuple[Sequence[str], int | None]] = []

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "recording"

    async def aclose(self) -> None: ...

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        self.asked.append((texts, dimensions))
        return Embedded([[float(len(text)), 0.5, -1.0] for text in texts], Usage(3 * len(texts), 0))


def chat_settings(
    llm: RecordingLLM,
    *,
    raw: dict[str, RecordingLLM] | None = None,
    quick: RecordingLLM | None = None,
    embedder: RecordingEmbedder | None = None,
    **gateway_settings: Any,
) -> Settings:
    settings = settings_for(lambda: llm, ScriptedTTS, **gateway_settings)
    return replace(
        settings,
        agent=Component("basic_memory_agent", BasicMemoryConfig(), BasicMemoryAgent),
        models={name: (component(lambda model=model: model),) for name, model in (raw or {}).items()},
        quick_llm=(component(lambda: quick),) if quick else (),
        embeddings=(component(lambda: embedder),) if embedder else (),
        sessions=SessionsSettings(keep=False),
    )


@dataclass
class Desk:
    """A server that runs, and its parts."""

    url: str
    engine: Engine
    llm: RecordingLLM
    app: Starlette
    tokens: dict[str, str]
    """API keys by their names."""

    @property
    def turns(self) -> int:
        return self.app.state.doors.admission.turns


@asynccontextmanager
async def chatting(
    llm: RecordingLLM | None = None,
    *,
    keys: dict[str, tuple[Scope, ...]] | None = None,
    key_limits: dict[str, dict[str, int]] | None = None,
    theirs: OpenLlmVtuberSettings | None = None,
    **settings: Any,
) -> AsyncIterator[Desk]:
    """The server on a free port of this process. ``keys``: what each may do; whoever shows none may do all, too, unless
    ``auth`` says otherwise. ``key_limits``: what a key has of its own."""
    if keys:
        settings.setdefault("auth", AuthSettings(enabled=True, anonymous=tuple(Scope)))
    llm = llm or RecordingLLM()
    listener = bind("127.0.0.1", 0)
    engine = Engine(replace(chat_settings(llm, **settings), open_llm_vtuber=theirs or WHOLE))
    ready = asyncio.Event()
    server = gateway.make_server(engine, ready.set)
    app: Any = server.config.app
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gateway.run(engine, server, listener))
        async with asyncio.timeout(10):
            await ready.wait()
        try:
            yield Desk(address(listener), engine, llm, app, await _made(app, keys or {}, key_limits or {}))
        finally:
            server.should_exit = True
            await running


async def _made(
    app: Starlette, keys: dict[str, tuple[Scope, ...]], limits: dict[str, dict[str, int]]
) -> dict[str, str]:
    tokens: dict[str, str] = {}
    for name, scopes in keys.items():
        key, tokens[name] = new_key(name, scopes, time.time(), limits=limits.get(name))
        await app.state.doors.database.write(partial(_insert, key))
    return tokens


def _insert(key: Key, connection: sqlite3.Connection) -> None:
    insert(connection, key)
