"""``WS /ws`` and ``/ws_asr``: sound in, what is said in it out. They belong to no session, and nobody answers.

A client may say at which rate its sound comes; its sound is binary: PCM, 16 bit, mono. It is taken in no faster than it
can be spoken, but for what was held up on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...asr.base import SAMPLE_RATE
from ...asr.hearing import Final, HearingEvent, Partial, Settled
from ...asr.recogniser import Recogniser
from ...asr.settings import AUTO
from ...core.channel import Channel
from ...core.clock import loop_ms
from ...core.database import StoreError
from ...core.errors import AllProvidersFailed, CapacityError, ProtocolError, ProviderError
from ...core.types import BYTES_PER_SAMPLE
from ...live2d_bridge.stage import to_json
from ...orchestrator.recognisers import opened_recogniser
from ..access.caller import caller_of
from ..access.meter import SoundMeter
from ..api.problem import Problem
from ..figures.observing import LISTENER
from ..refusal import refuse
from ..sockets import part
from .listen_protocol import error, final, parse_config, partial
from .pcm_stream import PcmStream

if TYPE_CHECKING:
    from ..doors import Doors

MAX_MISTAKES = 20
OUTBOX = 256
AHEAD_MS = 2000.0
"""How far sound may run ahead of the clock before it is made to wait."""
BEHIND_MS = 30_000.0
"""How much that was held up on the way is taken in at once."""


async def serve_listener(websocket: WebSocket, doors: Doors) -> None:
    """Hear one client until it goes; refuse it before it is accepted when the server is full."""
    with ExitStack() as held:
        try:
            held.enter_context(doors.admission.session())
        except CapacityError as refusal:
            await refuse(websocket, 503, refusal)
        else:
            held.enter_context(doors.figures.listening())
            await websocket.accept()
            connection = _Connection(websocket, doors)
            held.callback(connection.sound.leave)
            await connection.serve()


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Pace:
    """Holds up who sends sound faster than it can be spoken."""

    def __init__(self, now: float) -> None:
        self._at, self._ahead_ms = now, 0.0

    def wait_ms(self, sound_ms: float, now: float) -> float:
        """How long to wait after so much more sound."""
        self._ahead_ms = max(self._ahead_ms - (now - self._at), -BEHIND_MS) + sound_ms
        self._at = now
        return max(self._ahead_ms - AHEAD_MS, 0.0)


class _Connection:
    def __init__(self, websocket: WebSocket, doors: Doors) -> None:
        self._websocket, self._hearing, self._admission = websocket, doors.engine.hearing, doors.admission
        self._figures = doors.figures
        self._outbox: Channel[str] = Channel(OUTBOX)
        self._lost = asyncio.Event()
        self._pcm = PcmStream()
        self.sound = SoundMeter(doors.meter, caller_of(websocket.scope))
        self._pace = Pace(loop_ms())
        self._shown = ""
        self._mistakes = 0

    async def serve(self) -> None:
        """Listen and tell until one side ends; close with the code that tells why."""
        goodbyes: list[_Goodbye] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(), name="listener: write")
                group.create_task(self._listen(group), name="listener: listen")
                group.create_task(self._watch(), name="listener: watch")
                group.create_task(self._part(), name="listener: part")
        except* _Goodbye as group:
            goodbyes += [one for one in group.exceptions if isinstance(one, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        for goodbye in goodbyes[:1]:
            await part(self._websocket, goodbye.code, goodbye.reason, None if self._lost.is_set() else self._outbox)

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        group.create_task(self._load(), name="listener: load")
        recogniser = await opened_recogniser(self._hearing, self._hear, lambda failure: self._send(error(str(failure))))
        group.create_task(recogniser.run(), name="listener: transcribe")
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            if (text := message.get("text")) is not None:
                self._configure(text, recogniser)
            else:
                await self._feed(message.get("bytes") or b"", recogniser)

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
            raise _Goodbye(1011 if off else 1013, "speech recognition is not available") from failure

    async def _feed(self, data: bytes, recogniser: Recogniser) -> None:
        pcm = self._pcm.put(data)
        recogniser.feed(pcm)
        sound_ms = len(pcm) / BYTES_PER_SAMPLE * 1000 / SAMPLE_RATE
        self._figures.audio(LISTENER, "in", sound_ms / 1000)
        try:
            await self.sound.hear(sound_ms / 1000)
        except (Problem, StoreError) as refusal:
            self._send(error(str(refusal)))
            raise _Goodbye(1013, "no more sound") from refusal
        # Also without a wait: frames that came together are received without one, and others must have their turn.
        await asyncio.sleep(self._pace.wait_ms(sound_ms, loop_ms()) / 1000)

    def _configure(self, text: str, recogniser: Recogniser) -> None:
        try:
            config = parse_config(text)
        except ProtocolError as mistake:
            self._send(error(str(mistake)))
            self._mistakes += 1
            if self._mistakes >= MAX_MISTAKES:
                raise _Goodbye(1008, "too many messages that were not understood") from mistake
            return
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
        if not self._lost.is_set() and not self._outbox.put_nowait(to_json(message)):
            self._lost.set()

    async def _write(self) -> None:
        async for message in self._outbox:
            await self._websocket.send_text(message)

    async def _part(self) -> None:
        await self._admission.goodbye.wait()
        raise _Goodbye(1001, "the server ends")

    async def _watch(self) -> None:
        """Who does not read is let go when the outbox is full, also while a message is stuck."""
        await self._lost.wait()
        raise _Goodbye(1008, "too slow to follow")
