"""Any server that speaks OpenAI's ``/audio/speech``: OpenAI itself, Kokoro-FastAPI, LocalAI, openedai-speech and others.

Audio is passed on as it arrives, in pieces of at most 100 ms. Closing the stream closes the connection.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field
from pydantic_core import from_json

from ..core.http import HttpClient
from ..core.http_errors import error_text
from ..core.openai_block import OpenAIBlock, listing_probed
from ..core.sse import EventTooLong, SSEDecoder
from ..core.types import BYTES_PER_SAMPLE, Audio, SpeechRequest
from .base import TTSConfig
from .openai_pcm import NotSpeech, PcmReader
from .reading import spoken

if TYPE_CHECKING:
    import aiohttp

PIECE_MS = 100
MAX_EVENT_BYTES = 16 << 20
"""A server that streams events may send a whole clip in one of them."""


class OpenAITTSConfig(OpenAIBlock, TTSConfig):
    """The block ``openai_tts``."""

    own_fields: ClassVar[frozenset[str]] = frozenset({"model", "input", "voice", "response_format"})

    model: str = Field(min_length=1, description="Name of the model, for example tts-1 or kokoro")
    voice: str = Field(min_length=1, description="Name of the voice")
    speed: float | None = Field(default=None, ge=0.25, le=4, description="1 is the voice's own speed")
    instructions: str | None = Field(default=None, description="How to speak, for models that take instructions")
    response_format: Literal["pcm", "wav"] = Field(default="pcm", description="What the server is asked for")
    sample_rate: int = Field(
        default=24_000, ge=8_000, le=192_000, description="Hz of the server's pcm; a wav says its own"
    )


class OpenAITTS:
    """A voice behind OpenAI's HTTP API."""

    name = "openai_tts"
    Config: ClassVar[type[OpenAITTSConfig]] = OpenAITTSConfig

    def __init__(self, config: OpenAITTSConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.sample_rate = config.sample_rate
        self._http = HttpClient(config, "tts", self.name, f"the model {config.model!r} with the voice {config.voice!r}")

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()

    def prepare(self) -> None:
        """Connect in the background, so that the next request need not."""
        self._http.prepare()

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        """The clip as it comes; nothing for a text without anything to say. Raises ProviderError."""
        text = spoken(request)
        if not text:
            return
        response = await self._http.post("audio/speech", self._body(text))
        try:
            await self._refuse_other_types(response)
            reader = PcmReader(self.config.sample_rate, wav_only=self.config.response_format == "wav")
            events = SpeechEvents(self._http) if response.content_type == "text/event-stream" else None
            empty = True
            while chunk := await self._http.read(response):
                for audio in self._pieces(reader, events.feed(chunk) if events else chunk):
                    empty = False
                    yield audio
            last = events.finish() if events else b""
            for audio in (*self._pieces(reader, last), *self._pieces(reader, None)):
                empty = False
                yield audio
            if empty:
                raise self._http.failures.bad_output(f"sent no audio for {self._http.failures.subject}")
        finally:
            self._http.hang_up(response)

    async def probe(self) -> str:
        """Ask for the list of models (2 s), which costs nothing: speech would. Raises ProviderError."""
        return await listing_probed(self._http, f"{self.config.model} ({self.config.voice})")

    def _body(self, text: str) -> bytes:
        config = self.config
        body = {
            "model": config.model,
            "input": text,
            "voice": config.voice,
            "response_format": config.response_format,
            **({"speed": config.speed} if config.speed is not None else {}),
            **({"instructions": config.instructions} if config.instructions else {}),
            **config.extra_body,
        }
        return json.dumps(body).encode()

    def _pieces(self, reader: PcmReader, chunk: bytes | None) -> Iterator[Audio]:
        """What ``chunk`` adds to the clip, in pieces of at most 100 ms; None: the body is over."""
        try:
            pcm = reader.finish() if chunk is None else reader.feed(chunk)
        except NotSpeech as error:
            raise self._http.failures.bad_output(f"sent {error} instead of speech as 16-bit PCM") from None
        rate = reader.sample_rate
        size = rate * PIECE_MS // 1000 * BYTES_PER_SAMPLE
        if 0 < len(pcm) <= size:
            yield Audio(pcm, rate)
            return
        for start in range(0, len(pcm), size):
            yield Audio(pcm[start : start + size], rate)

    async def _refuse_other_types(self, response: aiohttp.ClientResponse) -> None:
        """A status of 200 does not keep a server from sending an error, or its home page."""
        failures = self._http.failures
        if response.content_type == "text/html":
            raise failures.bad_output("answered with a web page; is base_url right?")
        if response.content_type.endswith("json"):
            said = failures.quote(error_text(await self._http.read_all(response)))
            raise failures.bad_output(f"sent JSON instead of speech: {said}")


class SpeechEvents:
    """The audio in a stream of events: ``stream_format: sse``, where each holds a piece in base64."""

    def __init__(self, http: HttpClient) -> None:
        self._failures = http.failures
        self._sse = SSEDecoder(MAX_EVENT_BYTES)

    def feed(self, chunk: bytes) -> bytes:
        try:
            return self._audio(self._sse.feed(chunk))
        except EventTooLong as error:
            raise self._failures.bad_output(f"sent {error}") from None

    def finish(self) -> bytes:
        return self._audio(self._sse.finish())

    def _audio(self, payloads: list[bytes]) -> bytes:
        try:
            events = [from_json(payload) for payload in payloads if payload != b"[DONE]"]
            for event in events:
                if error := event.get("error"):
                    raise self._failures.of_error_object(error)
            return b"".join(b64decode(event["audio"]) for event in events if event.get("audio"))
        except (AttributeError, TypeError, ValueError):
            raise self._failures.bad_output("sent events that are not speech") from None
