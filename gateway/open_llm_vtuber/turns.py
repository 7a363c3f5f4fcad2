"""What a client says of a turn: what begins it, what it has played, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.errors import ProtocolError
from ...core.types import UserInput
from . import server_messages as told
from .client import Client, Handler
from .client_messages import (
    AudioPlayStart,
    AudioStreamWanted,
    FrontendPlaybackComplete,
    Heartbeat,
    InterruptSignal,
    TextInput,
)
from .pictures import images_of

MAX_HEARD = 100_000
"""Characters that are looked at of what a client says was heard. An interruption never fails for its words."""


async def _answer(client: Client, message: TextInput, request_id: str | None) -> None:
    """Raises ProtocolError where there is nothing to answer."""
    images = images_of(message.images)
    if not message.text.strip() and not images:
        raise ProtocolError("text-input: there is nothing in it")
    await client.say(UserInput(message.text, message.from_name or None, images=images))


async def _interrupt(client: Client, message: InterruptSignal, request_id: str | None) -> None:
    client.interrupt(message.text[:MAX_HEARD] if isinstance(message.text, str) else None)


async def _play_started(client: Client, message: AudioPlayStart, request_id: str | None) -> None:
    shown = message.display_text
    text = shown.get("text") if isinstance(shown, dict) else shown
    client.play_started(text if isinstance(text, str) else None)


async def _play_completed(client: Client, message: FrontendPlaybackComplete, request_id: str | None) -> None:
    client.play_completed()


async def _beat(client: Client, message: Heartbeat, request_id: str | None) -> None:
    client.send(told.heartbeat_ack(), request_id)


async def _stream(client: Client, message: AudioStreamWanted, request_id: str | None) -> None:
    client.streams = message.enabled


HANDLERS: Mapping[type, Handler] = {
    TextInput: _answer,
    InterruptSignal: _interrupt,
    AudioPlayStart: _play_started,
    FrontendPlaybackComplete: _play_completed,
    Heartbeat: _beat,
    AudioStreamWanted: _stream,
}
