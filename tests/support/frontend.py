"""A frontend of Open-LLM-VTuber on ``/client-ws`` that does what a test says, and no more."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

HELLO = ("group-update", "full-text", "set-model-and-conf", "group-update", "control")


class Frontend:
    """``told`` is all that came, in order; ``name`` gives a message's type, with the text of a control or full-text."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            message = json.loads(await self.socket.recv())
        self.told.append(message)
        return message

    async def next(self, *names: str) -> dict[str, Any]:
        """The next message of one of these names."""
        while name(message := await self.receive()) not in names:
            pass
        return message

    async def plays(self, *, starts: bool = True, completes: bool = True) -> list[str]:
        """Play all in no time until the chain ends; the names of what came."""
        names: list[str] = []
        while not names or names[-1] != "control conversation-chain-end":
            message = await self.receive()
            names.append(name(message))
            if names[-1] == "audio" and starts:
                await self.send("audio-play-start", display_text=message["display_text"], forwarded=True)
            if names[-1] == "backend-synth-complete" and completes:
                await self.send("frontend-playback-complete")
        return names

    def items(self) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == "audio"]

    async def silent_for(self, seconds: float) -> bool:
        """Whether nothing comes."""
        try:
            async with asyncio.timeout(seconds):
                self.told.append(json.loads(await self.socket.recv()))
        except TimeoutError:
            return True
        return False

    async def close_code(self) -> int | None:
        """Read until the server closes."""
        try:
            async with asyncio.timeout(10):
                while True:
                    self.told.append(json.loads(await self.socket.recv()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def name(message: dict[str, Any]) -> str:
    kind = message["type"]
    return f"{kind} {message['text']}" if kind in ("control", "full-text") else kind


def check_order(told: list[dict[str, Any]]) -> int:
    """Whether what came keeps the order of a turn, whatever became of the turns; how many chains there were."""
    inside, complete, chains, before = False, False, 0, ""
    for message in told:
        match name(message):
            case "control conversation-chain-start":
                assert not inside, "a chain within a chain"
                inside, complete, chains = True, False, chains + 1
            case "control conversation-chain-end":
                assert inside, "an end without a beginning"
                assert before == "force-new-message"
                inside = False
            case "full-text Thinking...":
                assert before == "control conversation-chain-start"
            case "backend-synth-complete":
                assert inside
                assert not complete, "it is said once"
                complete = True
            case kind if kind.startswith("audio"):
                assert inside, "sound outside of a chain is dropped"
                assert not complete, "sound after the last sound"
        before = name(message)
    return chains


def sound_of(item: dict[str, Any]) -> bytes:
    """The samples of an item's clip, which must be plain PCM16."""
    with wave.open(io.BytesIO(base64.b64decode(item["audio"]))) as clip:
        assert (clip.getnchannels(), clip.getsampwidth()) == (1, 2)
        return clip.readframes(clip.getnframes())


@asynccontextmanager
async def frontend(url: str, **options: Any) -> AsyncIterator[Frontend]:
    """One that has read its hello."""
    address = f"{url.replace('http', 'ws', 1)}/client-ws"
    async with connect(address, proxy=None, compression=None, max_size=None, **options) as socket:
        made = Frontend(socket)
        for _ in HELLO:
            await made.receive()
        yield made
