"""``edge_tts``: the voices of Microsoft Edge's read-aloud service. No key, words timed, best effort.

The service takes one request on a socket. The next socket is opened before it is needed, so that a text waits for one round
trip only; MP3 is decoded as it arrives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from ..core.background import Background
from ..core.clock import loop_ms
from ..core.errors import Category
from ..core.types import Audio, SpeechRequest
from .edge_clip import ClipMaker
from .edge_mp3 import SAMPLE_RATE, NotMp3
from .edge_pace import Pace
from .edge_pool import Sockets
from .edge_protocol import End, Word
from .edge_request import Held, Request
from .edge_service import NAME, Service, failure
from .edge_settings import EdgeConfig
from .edge_socket import connect
from .edge_text import clean, parts
from .reading import spoken, voice_for

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

log = logging.getLogger(__name__)

PROBE_S = 5.0
PROBE_TEXT = "Hi."
_MULTILINGUAL = "Multilingual"
"""In the name of voices that read every script."""


class EdgeTTS:
    """The voice. ``underruns`` counts how often audio came later than it was to be spoken."""

    name = NAME
    Config: ClassVar[type[EdgeConfig]] = EdgeConfig
    sample_rate = SAMPLE_RATE

    def __init__(self, config: EdgeConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.underruns = 0
        self._background = Background()
        self._sockets = Sockets(self._connect, self._background)
        self._places = asyncio.Semaphore(config.in_flight)
        self._service: Service | None = None
        self._loading = asyncio.Lock()

    async def open(self) -> None:
        """Nothing is connected, and nothing heavy loaded, before the first request or :meth:`prepare`."""
        await self._background.open()

    async def aclose(self) -> None:
        """Close every socket; running requests fail. Idempotent; ``open`` makes the voice usable again."""
        self._sockets.clear()
        await self._background.aclose()

    def prepare(self) -> None:
        """Speech is about to be asked for: a socket is opened meanwhile. Never waits, never raises."""
        self._sockets.prepare()

    async def probe(self) -> str:
        """Say a word, within 5 s. Raises ProviderError."""
        try:
            async with asyncio.timeout(PROBE_S), aclosing(self.synthesize(SpeechRequest(PROBE_TEXT))) as clip:
                async for _ in clip:
                    pass
        except TimeoutError:
            raise failure(Category.TIMEOUT, f"the service did not say a word within {PROBE_S:g} s") from None
        host = urlsplit(self._service.base_url).hostname if self._service else None
        return f"{self.config.voice} at {host}"

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Audio, None]:
        """Audio in pieces of at most 100 ms, with its words; nothing for a text without letters or digits."""
        text = clean(spoken(request))
        shift = len(request.text) - len(request.text.lstrip())
        begin_ms = 0.0
        whole: list[Audio] = []
        for offset, part in parts(text):
            if not any(map(str.isalnum, part)):
                continue
            maker = ClipMaker(part, self.config.stream_chunk_size, begin_ms, shift + offset)
            async with aclosing(self._say(part, maker)) as pieces:
                async for piece in pieces:
                    if self.config.enable_streaming_tts:
                        yield piece
                    else:
                        whole.append(piece)
            begin_ms = maker.end_ms
        for piece in whole:
            yield piece

    async def _say(self, text: str, maker: ClipMaker) -> AsyncGenerator[Audio, None]:
        """One request to the service. Leaving early closes its socket at once."""
        service = await self._loaded()
        c = self.config
        voice = c.voice if _MULTILINGUAL in c.voice else voice_for(text, c.voice, c.voices)
        ssml = service.ssml(escape(text), voice=voice, rate=c.rate, pitch=c.pitch, volume=c.volume)
        if not self._background.running:
            raise failure(Category.UNAVAILABLE, "the voice is not open")
        request = Request(ssml, self._sockets, self._places, c)
        task = self._background.start(request.run(), "edge_tts: clip")
        task.add_done_callback(lambda _: request.held.put(failure(Category.UNAVAILABLE, "the voice was closed")))
        try:
            async with aclosing(self._paced(_decoded(request.held, maker))) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _paced(self, pieces: AsyncGenerator[Audio, None]) -> AsyncGenerator[Audio, None]:
        """The clip behind its cushion; audio that comes later than it is to be heard is told of."""
        if not self.config.enable_streaming_tts:
            async for piece in pieces:
                yield piece
            return
        pace, flagged = Pace(), False
        async for piece in pieces:
            if not pace.begun and self.config.first_audio_delay:
                await asyncio.sleep(self.config.first_audio_delay / 1000)
            late_ms = pace.late_ms(loop_ms())
            if late_ms and self.config.real_time_processing:
                self.underruns += 1
                if not flagged:
                    flagged = True
                    log.warning(
                        "edge_tts: the audio of a clip came %.0f ms too late to be spoken without a gap", late_ms
                    )
            given_at = loop_ms()
            yield piece
            pace.gave(piece.duration_ms, given_at, loop_ms())

    async def _loaded(self) -> Service:
        async with self._loading:
            if self._service is None:
                self._service = await asyncio.to_thread(Service.load, self.config.endpoint)
            return self._service

    async def _connect(self) -> ClientConnection:
        return await connect(await self._loaded(), self.config)


async def _decoded(held: Held, maker: ClipMaker) -> AsyncGenerator[Audio, None]:
    """What is held, as audio. Raises ProviderError."""
    begin_ms = maker.end_ms
    try:
        while not isinstance(event := await held.get(), End):
            if isinstance(event, Word):
                maker.word(event.at_ms, event.text)
                continue
            maker.add(event.mp3)
            if not maker.enough:
                continue
            while maker.rest:
                for piece in maker.step():
                    yield piece
                await asyncio.sleep(0)  # a message may hold minutes of sound
        for piece in maker.finish():
            yield piece
    except NotMp3 as error:
        raise failure(Category.BAD_OUTPUT, f"the service sent what is no MP3: {error}") from error
    if maker.end_ms == begin_ms:
        raise failure(
            Category.BAD_OUTPUT, "the service ended the clip without audio; does the voice speak this language?"
        )
