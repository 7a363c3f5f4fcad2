"""Several frontends of Open-LLM-VTuber at one real server: each plays what it is sent as theirs do, but in no time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from chatting import Desk, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hayakuchi.gateway.open_llm_vtuber.client import Client

Told = dict[str, Any]
END = ("control", "conversation-chain-end")


@dataclass
class Front:
    """``told``: everything that it was told, in order. ``plays`` False: it says nothing of what it plays."""

    socket: ClientConnection
    desk: Desk
    told: list[Told] = field(default_factory=list)
    plays: bool = True

    @property
    def uid(self) -> str:
        return next(one["client_uid"] for one in self.told if one["type"] == "set-model-and-conf")

    @property
    def client(self) -> Client:
        """What the server knows of it."""
        found = self.desk.app.state.doors.clients.find(self.uid)
        assert found is not None
        return found

    @property
    def memory(self) -> list[tuple[str, str | None, str]]:
        """What its character remembers."""
        return [(one.role, one.viewer, one.content) for one in self.client.session.history.messages]

    async def named(self, name: str) -> None:
        """Another character is on stage for it."""
        part = self.client.part
        character = part.character.model_copy(update={"name": name})
        await self.client.begin(part=replace(part, settings=replace(part.settings, character=character)))

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def read(self) -> None:
        with suppress(ConnectionClosed):
            await self._read()

    async def _read(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            self.told.append(message)
            if not self.plays:
                continue
            if message["type"] == "audio" and not message["forwarded"]:
                await self.send("audio-play-start", display_text=message["display_text"], forwarded=True)
            elif message["type"] == "backend-synth-complete":
                await self.send("frontend-playback-complete")

    async def asked(self, kind: str, answer: str, **fields: Any) -> Told:
        """Send it, and wait for its answer, which is found by its request_id."""
        number = f"r{len(self.told)}"
        await self.send(kind, request_id=number, **fields)
        await self.until(lambda: any(one.get("request_id") == number for one in self.told))
        found = next(one for one in self.told if one.get("request_id") == number)
        assert found["type"] == answer
        return found

    async def until(self, true: Callable[[], bool], limit_s: float = 8.0) -> None:
        try:
            await until(true, limit_s)
        except AssertionError:
            raise AssertionError(f"told: {self.lines()}") from None

    async def ended(self, times: int = 1) -> None:
        """Wait until it was told so often that a reply is over."""
        await self.until(lambda: [key(one) for one in self.told].count(END) >= times)

    def since(self, index: int) -> list[Told]:
        return self.told[index:]

    def lines(self, begin: int = 0) -> list[str]:
        """What it was told, a line each: easy to compare."""
        return [line(one) for one in self.told[begin:]]


def key(message: Told) -> tuple[str, str | None]:
    return message["type"], message.get("text")


def line(message: Told) -> str:
    match message["type"]:
        case "control":
            return message["text"].removeprefix("conversation-")
        case "audio":
            shown = message["display_text"]
            whose = "forwarded" if message["forwarded"] else "own"
            return f"{whose} {'sound' if message['audio'] else 'words'} {shown['name']}: {shown['text'].strip()}"
        case "user-input-transcription":
            return f"person: {message['text']}"
        case "full-text" | "interrupt-signal":
            return message["text"]
        case "error":
            return f"error: {message['message']}"
        case kind:
            return kind


@asynccontextmanager
async def fronts(desk: Desk, count: int, headers: Sequence[dict[str, str]] = ()) -> AsyncIterator[list[Front]]:
    """So many frontends that were greeted, in an order."""
    made: list[Front] = []
    async with asyncio.TaskGroup() as group:
        for index in range(count):
            front = await joined(desk, group, headers[index] if index < len(headers) else {})
            made.append(front)
        try:
            yield made
        finally:
            for front in made:
                await front.socket.close()


async def joined(desk: Desk, group: asyncio.TaskGroup, headers: dict[str, str], path: str = "/client-ws") -> Front:
    address = desk.url.replace("http", "ws", 1) + path
    socket = await connect(address, proxy=None, compression=None, additional_headers=headers, max_size=None)
    front = Front(socket, desk)
    group.create_task(front.read())
    await front.until(lambda: ("control", "start-mic") in [key(one) for one in front.told])
    return front
