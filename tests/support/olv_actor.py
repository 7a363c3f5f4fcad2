"""Stands for a client of ``/client-ws`` with its session: it answers in virtual time, and may fail or fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.events import SessionEvent, TurnStarted, TurnStatus
from hayakuchi.core.types import UserInput
from hayakuchi.gateway.open_llm_vtuber import server_messages as wire
from hayakuchi.gateway.open_llm_vtuber.client import ClientEvent, ItemSent, ReplyOver

DEAD = ProviderError("llm", "actor", Category.UNAVAILABLE, "down")


class Stage:
    """All actors of a server, as ``doors``."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.clients = SimpleNamespace(find=self.actors.get)


class Actor:
    """``does``: speaks, fails (its model), refuses (to begin at all), hangs (nothing comes of it)."""

    streams = gone = False

    def __init__(self, stage: Stage, name: str, tasks: asyncio.TaskGroup, *, turns: int = 4) -> None:
        self.uid = self.name = name
        self.doors, self._tasks = stage, tasks
        stage.actors[name] = self
        self.does = "speaks"
        self.group: Any = None
        self.part = SimpleNamespace(character=SimpleNamespace(name=name))
        self.settings = SimpleNamespace(group_turns=turns, group_sound=False)
        self.caller = SimpleNamespace(owner="")
        self.mic = SimpleNamespace(pending=False)
        self.mics = [self.mic]
        self.initiative = SimpleNamespace(hears=lambda now: False)
        self.session = self.history = self
        self.turns = 0
        self.remembered: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self._reply: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[ClientEvent], None]] = []
        self._observers: list[Callable[[SessionEvent], None]] = []
        self._at_end: list[Callable[[], None]] = []

    # Of the client.

    @property
    def speaking(self) -> bool:
        return self._reply is not None and not self._reply.done()

    def send(self, message: dict[str, Any], request_id: str | None = None) -> None:
        self.told.append(message)

    def complain(self, error: Exception, request_id: str | None = None) -> None:
        self.complaints.append(str(error))

    def watch(self, observer: Callable[[ClientEvent], None]) -> Callable[[], None]:
        self._watchers.append(observer)
        return lambda: self._watchers.remove(observer)

    def at_end(self, callback: Callable[[], None]) -> None:
        self._at_end.append(callback)

    def leave(self) -> None:
        """Its connection is over."""
        self.gone = True
        self.hush()
        for callback in self._at_end:
            callback()

    async def answer(self, heard: UserInput, *, by: object = None, unless: Callable[[], bool] = lambda: False) -> bool:
        await asyncio.sleep(0.01)
        if self.does == "refuses":
            raise DEAD
        if unless():
            return False
        before, self._reply = self._reply, self._tasks.create_task(self._replying(heard, self._reply))
        if before is not None:
            before.cancel()
        return True

    def hush(self, words: str | None = None) -> None:
        if self._reply is not None:
            self._reply.cancel()

    # Of its session.

    def waiting(self) -> int:
        return 0

    def observe(self, observer: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    async def add(self, said: UserInput, reply: str, *, by: object) -> None:
        await asyncio.sleep(0.005)
        self.remembered.append(said.text)

    async def _replying(self, heard: UserInput, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self.turns += 1
        turn, status = self.turns, TurnStatus.INTERRUPTED
        for observer in tuple(self._observers):
            observer(TurnStarted(turn, heard))
        try:
            await asyncio.sleep(0.2)
            if self.does == "hangs":
                await asyncio.Event().wait()
            if self.does == "speaks":
                shown = wire.display_text(f"{self.name} {turn}.", self.name, "")
                self._tell(ItemSent(wire.audio("UklGRg==", [0.5] * 50, shown, None)))
                await asyncio.sleep(1)
            status = TurnStatus.COMPLETED if self.does == "speaks" else TurnStatus.FAILED
        finally:
            if heard.remembered:
                self.remembered.append(heard.text)
            said = f"{self.name} {turn}." if status is TurnStatus.COMPLETED else ""
            self._tell(ReplyOver(turn, status, said, said))

    def _tell(self, event: ClientEvent) -> None:
        for watcher in tuple(self._watchers):
            watcher(event)
