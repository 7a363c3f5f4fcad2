"""``WS /ws`` and ``/ws_asr``: sound in, what is said in it out. They belong to no session, and nobody answers.

A client may say at which rate its sound comes; its sound is binary: PCM, 16 bit, mono. It is taken in no faster than it
can be spoken, but for what was held up on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket

from ...asr.base import SAMPLE_RATE
from ...asr.hearing import Final, HearingEvent, Partial, Settled
from ...asr.recogniser import Recogniser
from ...asr.settings import AUTO
from ...core.clock import loop_ms
from ...core.database import StoreError
from ...core.errors import AllProvidersFailed, ProtocolError, ProviderError
from ...core.types import BYTES_PER_SAMPLE
from ...live2d_bridge.stage import to_json
from ...orchestrator.recognisers import opened_recogniser
from ..access.caller import caller_of
from ..access.meter import SoundMeter
from ..api.problem import Problem
from ..connection import Connection, Goodbye, serve_session
from ..figures.observing import LISTENER
from ..outbox import Outbox
from .listen_protocol import error, final, parse_config, partial
from .pcm_stream import PcmStream

if TYPE_CHECKING:
    from ..doors import Doors

OUTBOX = 256
AHEAD_MS = 2000.0
"""How far sound may run ahead of the clock before it is made to wait."""
BEHIND_MS = 30_000.0
"""How much that was held up on the way is taken in at once."""


async def serve_listener(websocket: WebSocket, doors: Doors) -> None:
    """Hear one client until it goes; refuse it before it is accepted when the server is full."""

    async def hold(connection: Connection) -> None:
        with doors.figures.listening():
            listener = _Listener(connection, doors)
            try:
                await listener.run()
            finally:
                listener.sound.leave()

    await serve_session(websocket, doors.admission, "listener", hold)


class Pace:
    """Holds up who sends sound faster than it can be spoken."""

    def __init__(self, now: float) -> None:
        self._at, self._ahead_ms = now, 0.0

    def wait_ms(self, sound_ms: float, now: float) -> float:
        """How long to wait after so much more sound."""
        self._ahead_ms = max(self._ahead_ms - (now - self._at), -BEHIND_MS) + sound_ms
        self._at = now
        return max(self._ahead_ms - AHEAD_MS, 0.0)


class _Listener:
    """What is heard of one client."""

    def __init__(self, connection: Connection, doors: Doors) -> None:
        self._connection, self._hearing, self._figures = connection, doors.engine.hearing, doors.figures
        self._pcm = PcmStream()
        self.sound = SoundMeter(doors.meter, caller_of(connection.websocket.scope))
        self._pace = Pace(loop_ms())
        self._shown = ""
        outbox = self._outbox = Outbox(messages=OUTBOX)
        connection.write(outbox.texts(), outbox.channel, outbox.lost)

    async def run(self) -> None:
        """Listen and tell, until one side ends."""
        connection = self._connection
        connection.begin(self._load(), "load")
        recogniser = await opened_recogniser(self._hearing, self._hear, lambda failure: self._send(error(str(failure))))
        connection.begin(recogniser.run(), "transcribe")

        async def take(text: str | None, data: bytes) -> None:
            if text is not None:
                self._configure(text, recogniser)
            else:
                await self._feed(data, recogniser)
                connection.understood()

        await connection.read(take)

    async def _load(self) -> None:
        """Have the recognisers loaded, and say so when they cannot be; what is said meanwhile is kept."""
        try:
            await self._hearing.ready()
        except (ProviderError, AllProvidersFailed) as failure:
            command = self._hearing.status.command
            self._send(
                error(f"{failure}; type: {command}" if command and command not in str(failure) else str(failure))
            )
            off = self._hearing.asr is None
            raise Goodbye(1011 if off else 1013, "speech recognition is not available") from failure

    async def _feed(self, data: bytes, recogniser: Recogniser) -> None:
        pcm = self._pcm.put(data)
        recogniser.feed(pcm)
        sound_ms = len(pcm) / BYTES_PER_SAMPLE * 1000 / SAMPLE_RATE
        self._figures.audio(LISTENER, "in", sound_ms / 1000)
        try:
            await self.sound.hear(sound_ms / 1000)
        except (Problem, StoreError) as refusal:
            self._send(error(str(refusal)))
            raise Goodbye(1013, "no more sound") from refusal
        # Also without a wait: frames that came together are received without one, and others must have their turn.
        await asyncio.sleep(self._pace.wait_ms(sound_ms, loop_ms()) / 1000)

    def _configure(self, text: str, recogniser: Recogniser) -> None:
        try:
            config = parse_config(text)
        except ProtocolError as mistake:
            self._send(error(str(mistake)))
            self._connection.count(mistake)
            return
        self._connection.understood()
        if config.language is not None:
            recogniser.language = None if config.language == AUTO else config.language
        if config.sample_rate is not None and config.sample_rate != self._pcm.sample_rate:
            recogniser.feed(self._pcm.end())
            self._pcm = PcmStream(config.sample_rate)

    def _hear(self, event: HearingEvent) -> None:
        if isinstance(event, Partial | Settled):
            if event.text != self._shown:
                self._shown = event.text
                self._send(partial(event.text, event.language))
        elif isinstance(event, Final):
            self._shown = ""
            self._send(final(event))

    def _send(self, message: Mapping[str, Any]) -> None:
        self._outbox.put(to_json(message))
