"""``WS /tts-ws``: a text in, a clip for each of its sentences out, by the name that it can be fetched with.

{"text"} → {"status": "partial", "audioPath": "/cache/NAME.wav", "text"} … {"status": "complete"}
         → {"status": "error", "message"}    in place of what cannot be said; it is the last of that text
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...asr.clip import wav
from ...core.channel import Channel
from ...core.errors import CapacityError, HayakuchiError, ProtocolError
from ...core.types import Audio
from ...live2d_bridge.stage import to_json
from ...orchestrator.aloud import aloud
from ..access.caller import caller_of
from ..api.problem import Problem
from ..figures.observing import API
from ..refusal import refuse
from ..sockets import part
from .clips import MAX_CLIP_BYTES
from .sentences import Sentence, sentences_of

if TYPE_CHECKING:
    from ..doors import Doors

MAX_CHARS = 4096
"""Of a text."""
TEXTS = 8
"""That wait, at most."""
OUTBOX = 512
MAX_MISTAKES = 20


class _Text(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    text: str = Field(min_length=1, max_length=MAX_CHARS)


async def serve_tts(websocket: WebSocket, doors: Doors) -> None:
    """Speak for one client until it goes; refuse it before it is accepted when the server is full."""
    with ExitStack() as held:
        try:
            held.enter_context(doors.admission.session())
        except CapacityError as refusal:
            await refuse(websocket, 503, refusal)
        else:
            await websocket.accept()
            await _Connection(websocket, doors).serve()


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class _Connection:
    def __init__(self, websocket: WebSocket, doors: Doors) -> None:
        self._websocket, self._doors = websocket, doors
        self._caller = caller_of(websocket.scope)
        self._outbox: Channel[str] = Channel(OUTBOX)
        self._texts: Channel[str] = Channel(TEXTS)
        self._lost = asyncio.Event()
        self._mistakes = 0

    async def serve(self) -> None:
        """Speak until one side ends, which ends the voice, too; close with the code that tells why."""
        goodbyes: list[_Goodbye] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(), name="tts socket: write")
                group.create_task(self._read(), name="tts socket: read")
                group.create_task(self._watch(), name="tts socket: watch")
                group.create_task(self._part(), name="tts socket: part")
                group.create_task(self._work(), name="tts socket: speak")
        except* _Goodbye as group:
            goodbyes += [one for one in group.exceptions if isinstance(one, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        for goodbye in goodbyes[:1]:
            await part(self._websocket, goodbye.code, goodbye.reason, None if self._lost.is_set() else self._outbox)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            try:
                self._take(message.get("text"))
            except HayakuchiError as error:
                self._complain(error)
            # Messages that came together are received without waiting: who sends many must not keep the others from theirs.
            await asyncio.sleep(0)

    def _take(self, message: str | None) -> None:
        try:
            wanted = _Text.model_validate_json(message or "")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ProtocolError(f'expected {{"text": …}}: {where + ": " if where else ""}{first["msg"]}') from None
        if not self._texts.put_nowait(wanted.text):
            raise CapacityError(f"{TEXTS} texts wait to be spoken; this one is not")
        self._mistakes = 0

    async def _work(self) -> None:
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
        if isinstance(error, ProtocolError):
            self._mistakes += 1
            if self._mistakes >= MAX_MISTAKES:
                raise _Goodbye(1008, "too many messages that were not understood")

    def _send(self, message: dict[str, Any]) -> None:
        if not self._lost.is_set() and not self._outbox.put_nowait(to_json(message)):
            self._lost.set()

    async def _write(self) -> None:
        async for message in self._outbox:
            await self._websocket.send_text(message)

    async def _part(self) -> None:
        await self._doors.admission.goodbye.wait()
        raise _Goodbye(1001, "the server ends")

    async def _watch(self) -> None:
        """Who does not read is let go when the outbox is full, also while a message is stuck."""
        await self._lost.wait()
        raise _Goodbye(1008, "too slow to follow")
