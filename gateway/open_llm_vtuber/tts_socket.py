"""``WS /tts-ws``: a text in, a clip for each of its sentences out, by the name that it can be fetched with.

{"text"} → {"status": "partial", "audioPath": "/cache/NAME.wav", "text"} … {"status": "complete"}
         → {"status": "error", "message"}    in place of what cannot be said; it is the last of that text
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket

from ...asr.clip import wav
from ...core.channel import Channel
from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, ProtocolError
from ...core.types import Audio
from ...live2d_bridge.stage import to_json
from ...orchestrator.aloud import aloud
from ..access.caller import Caller, caller_of
from ..api.problem import Problem
from ..connection import Budget, Connection, serve_session
from ..figures.observing import API
from ..outbox import Outbox
from .clips import MAX_CLIP_BYTES
from .sentences import Sentence, sentences_of

if TYPE_CHECKING:
    from ..doors import Doors

MAX_CHARS = 4096
"""Of a text."""
TEXTS = 8
"""That wait, at most."""
AT_ONCE, PER_S = 1 << 20, 1 << 15
"""Characters that a client may send: sixteen messages of the largest size, and then one every other second, which is more than
can be spoken."""


class _Text(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    text: str = Field(min_length=1, max_length=MAX_CHARS)


async def serve_tts(websocket: WebSocket, doors: Doors) -> None:
    """Speak for one client until it goes; refuse it before it is accepted when the server is full."""

    async def hold(connection: Connection) -> None:
        speaking = _Speaking(connection, doors, caller_of(websocket.scope))
        connection.begin(speaking.run(), "speak")
        await connection.read(speaking.take, Budget(AT_ONCE, PER_S, loop_ms()))

    await serve_session(websocket, doors.admission, "tts socket", hold)


class _Speaking:
    """What one client asks for."""

    def __init__(self, connection: Connection, doors: Doors, caller: Caller) -> None:
        self._connection, self._doors, self._caller = connection, doors, caller
        self._texts: Channel[str] = Channel(TEXTS)
        outbox = self._outbox = Outbox()
        connection.write(outbox.texts(), outbox.channel, outbox.lost)

    async def take(self, text: str | None, data: bytes) -> None:
        """A message. Raises Goodbye for one too many that is none."""
        try:
            self._take(text)
        except HayakuchiError as error:
            self._complain(error)

    def _take(self, message: str | None) -> None:
        try:
            wanted = _Text.model_validate_json(message or "")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ProtocolError(f'expected {{"text": …}}: {where + ": " if where else ""}{first["msg"]}') from None
        if not self._texts.put_nowait(wanted.text):
            raise CapacityError(f"{TEXTS} texts wait to be spoken; this one is not")
        self._connection.understood()

    async def run(self) -> None:
        """Speak the texts, one after another."""
        async for text in self._texts:
            try:
                await self._speak(text)
                self._send({"status": "complete"})
            except HayakuchiError as error:
                self._complain(error)

    async def _speak(self, text: str) -> None:
        """Raises Problem, CapacityError, ProviderError and AllProvidersFailed in place of what is not said."""
        engine = self._doors.engine
        settings, streaming = engine.settings, engine.streaming()
        self._doors.meter.request(self._caller)
        async with self._doors.turn(self._caller, characters=len(text)):
            pauses = settings.playback.pauses
            sentences = await asyncio.to_thread(sentences_of, text, settings.character, streaming, pauses)
            if not sentences:
                raise Problem(422, "there is nothing in it that can be spoken", "nothing_to_say", "text")
            for sentence in sentences:
                clip = await self._clip(sentence, settings.playback.prefetch if streaming.parallel else 0)
                await self._doors.meter.charge(self._caller, audio_s=clip.duration_ms / 1000)
                self._doors.figures.audio(API, "out", clip.duration_ms / 1000)
                name = self._doors.clips.keep(self._caller.id, wav(clip))
                path = f"/cache/{name}"
                self._send({"status": "partial", "audioPath": path, "text": sentence.text.strip()})

    async def _clip(self, sentence: Sentence, prefetch: int) -> Audio:
        voice, pcm = self._doors.engine.voice, bytearray()
        async with aclosing(aloud(voice.synthesize, sentence.requests, prefetch)) as pieces:
            async for audio in pieces:
                pcm += audio.pcm
                if len(pcm) > MAX_CLIP_BYTES:
                    raise CapacityError(f"the sound of a sentence is larger than {MAX_CLIP_BYTES // 1_000_000} MB")
        return Audio(bytes(pcm), voice.sample_rate)

    def _complain(self, error: HayakuchiError) -> None:
        self._send({"status": "error", "message": str(error)})
        self._connection.count(error)

    def _send(self, message: dict[str, Any]) -> None:
        self._outbox.put(to_json(message))
