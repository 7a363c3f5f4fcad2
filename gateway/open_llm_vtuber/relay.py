"""A reply as the other clients of a group see it.

Their clients show a forwarded item as it comes, and what is forwarded without sound they show at once. So words are forwarded
when the speaker's client can begin to play them, and the last of them before the reply is over. Where members are to hear each
other, the sound is forwarded as it comes, and their clients play it in order. What the speaker's model does with its face is
never forwarded: the others' models have other expressions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Final

from ...core.clock import loop_ms
from ...core.events import SessionEvent, ToolUsed, TurnStarted
from ...core.types import BYTES_PER_SAMPLE, UserInput
from . import server_messages as told
from .calls import Calls
from .client import Client, ClientEvent, ItemSent, ReplyOver
from .server_messages import SLICE_MS, Message

STILL_MS: Final = 90_000.0
"""How long nothing may come of a reply when all that came of it can have been heard, unless it waits for a tool. Models may
have to be loaded first."""
LONGEST_MS: Final = 900_000.0
STOPPED_MS: Final = 2_000.0
"""How long a reply that is interrupted may take to end."""
SLACK_MS: Final = 1.0
"""Timers are kept in seconds, and rounded."""
GAP_MS: Final = 20.0
"""Between two items, in their web client."""


class Relay:
    """One reply of ``speaker``: the one that follows on what it was asked, see :meth:`follow`. ``observe`` is told what its
    client is told; ``over`` waits until the reply is."""

    def __init__(self, speaker: Client, listeners: Iterable[Client], *, sound: bool) -> None:
        self.speaker = speaker
        self.shown = ""
        """The words that were forwarded so far."""
        self.stopped = False
        self._begun = False
        self._listeners = list(listeners)
        self._sound = sound
        self._turn: int | None = None
        """Of the speaker's session; None: it has not begun."""
        self._calls = Calls()
        self._forget: Callable[[], None] = lambda: None
        self._over: ReplyOver | None = None
        self._waiting: deque[tuple[float, Message]] = deque()
        """What is to be forwarded, and when (ms)."""
        now = loop_ms()
        self._played_at = now
        """When all that was sent can have been played."""
        self._rate = 0
        """Of the stream of sound that is being sent, if it is one."""
        self._patience, self._longest = now + STILL_MS, now + LONGEST_MS
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """The listeners' clients make ready for it."""
        self._begun = True
        for listener in self._listeners:
            listener.send(told.control("conversation-chain-start"))
            listener.send(told.full_text(told.THINKING))

    def follow(self, asked: UserInput) -> None:
        """The speaker was asked this a moment ago. What its session still says before it begins to answer is another reply."""

        def note(event: SessionEvent) -> None:
            if isinstance(event, TurnStarted) and event.heard is asked:
                self._turn = event.turn
            self._calls.observe(event)
            if isinstance(event, ToolUsed) and event.turn == self._turn and not self.stopped:
                self._patience = max(loop_ms(), self._played_at) + STILL_MS
                self._changed.set()

        self._forget = self.speaker.session.observe(note)

    def observe(self, event: ClientEvent) -> None:
        if self._turn is None or self._over is not None:
            return
        if isinstance(event, ItemSent):
            self._take(event.message, loop_ms())
        elif event.turn == self._turn:
            self._over = event
        self._changed.set()

    def stop(self) -> None:
        """The reply is interrupted: what was not heard of it is not shown either."""
        self.stopped = True
        self._waiting.clear()
        self._patience = loop_ms() + STOPPED_MS
        self._changed.set()

    def leave(self, listener: Client) -> None:
        """One listener less; what it was told to wait for has come to an end."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            if self._begun:
                _end(listener)

    async def over(self) -> ReplyOver | None:
        """How it ended; None where it did not end in time."""
        while self._over is None:
            now = loop_ms() + SLACK_MS
            self._forward(now)
            waits_for_tool = self._calls.running and not self.stopped
            due = self._longest if waits_for_tool else min(self._patience, self._longest)
            if now >= due:
                return None
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min([due, *(at for at, _ in self._waiting)]) / 1000):
                    await self._changed.wait()
        self._forward(inf)
        return self._over

    def end(self) -> None:
        """The listeners' clients are told that it has come to its end."""
        self._forget()
        for listener in self._listeners if self._begun else ():
            _end(listener)

    def _take(self, message: Message, now: float) -> None:
        if self.stopped:
            return
        begins = max(now, self._played_at)
        if message["type"] == "audio-stream-chunk":
            lasts = len(message["chunk"]) * 3 / 4 / BYTES_PER_SAMPLE * 1000 / self._rate if self._rate else 0.0
        else:
            lasts = len(message.get("volumes", ())) * SLICE_MS + GAP_MS
            self._rate = message.get("sample_rate", self._rate)
        self._played_at = begins + lasts
        self._patience = self._played_at + STILL_MS
        if self._sound:
            self._waiting.append((now, _aloud(message)))
        elif "display_text" in message:
            self._waiting.append((begins, told.audio(None, (), message["display_text"], None, forwarded=True)))
        self._forward(now)

    def _forward(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, message = self._waiting.popleft()
            self.shown += message.get("display_text", {}).get("text", "")
            for listener in self._listeners:
                listener.send(message)


async def hushed(clients: Iterable[Client]) -> None:
    """Whoever of them speaks by itself stops. Returns when their clients were told that those replies are over, or when that
    has taken longer than it may."""
    speaking, over = [client for client in clients if client.speaking], asyncio.Event()
    forgets = [client.watch(lambda _: over.set()) for client in speaking]
    for client in speaking:
        client.hush()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_MS / 1000):
                while any(client.speaking for client in speaking):
                    over.clear()
                    await over.wait()
    finally:
        for forget in forgets:
            forget()


def _aloud(message: Message) -> Message:
    return {**message, "actions": None, "forwarded": True} if "display_text" in message else message


def _end(listener: Client) -> None:
    listener.send(told.force_new_message())
    listener.send(told.control("conversation-chain-end"))
