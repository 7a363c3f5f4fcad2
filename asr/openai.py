"""Any server that speaks OpenAI's ``/audio/transcriptions``: OpenAI itself, Groq, speaches, whisper.cpp, vLLM and others.

A clip is one request. Cancelling it closes the connection, so that the server stops working for nobody.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import ClassVar, Literal
from uuid import uuid4

from pydantic import Field

from ..core.errors import Category, ProviderError
from ..core.http import HttpClient
from ..core.http_errors import error_text
from ..core.openai_block import OpenAIBlock, listing_probed
from ..core.transcript import Transcript
from ..core.types import Audio
from .base import NO_WISHES, SAMPLE_RATE, ASRConfig, Wishes
from .clip import SHORTEST_MS, resampled, wav
from .openai_answer import BadAnswer, read_answer

Format = Literal["verbose_json", "json"]


class OpenAIASRConfig(OpenAIBlock, ASRConfig):
    """The block ``openai_asr``."""

    own_fields: ClassVar[frozenset[str]] = frozenset(
        {"file", "model", "language", "prompt", "response_format", "stream"}
    )

    model: str = Field(
        default="whisper-1", min_length=1, max_length=200, description="Name of the model, for example whisper-1"
    )
    prompt: str = Field(
        default="", max_length=2000, description="Text that goes before: names and words that it should spell right"
    )
    response_format: Literal["auto", "verbose_json", "json"] = Field(
        default="auto",
        description="What the server is asked for; auto: verbose_json, which tells times and how sure it is, "
        "and json where that is refused",
    )
    partials: bool = Field(
        default=False, description="Ask also while somebody still speaks; each time is a request that may cost money"
    )


class OpenAIASR:
    """A recogniser behind OpenAI's HTTP API."""

    name = "openai_asr"
    Config: ClassVar[type[OpenAIASRConfig]] = OpenAIASRConfig

    def __init__(self, config: OpenAIASRConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.partials = config.partials
        self._http = HttpClient(config, "asr", self.name, f"the model {config.model!r}")
        self._format: Format | None = None if config.response_format == "auto" else config.response_format
        """What the server is known to give; None: it has not been asked yet."""

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()

    def prepare(self) -> None:
        """Connect in the background, so that the next request need not."""
        self._http.prepare()

    async def probe(self) -> str:
        """Ask for the list of models (2 s), which costs nothing. Raises ProviderError."""
        return await listing_probed(self._http, self.config.model)

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        """What is said in a clip; nothing in one of less than 100 ms. Raises ProviderError."""
        if clip.duration_ms < SHORTEST_MS:
            return Transcript("", language)
        file = await asyncio.to_thread(_file, clip)
        if self._format is not None:
            return await self._ask(file, language, self._format, wishes)
        try:
            transcript = await self._ask(file, language, "verbose_json", wishes)
        except ProviderError as error:
            if error.category is not Category.INVALID_REQUEST:
                raise
            # Some models only give plain JSON. Whether it was that, the next answer shows.
            transcript = await self._ask(file, language, "json", wishes)
            self._format = "json"
            return transcript
        self._format = "verbose_json"
        return transcript

    async def _ask(self, file: bytes, language: str | None, response_format: Format, wishes: Wishes) -> Transcript:
        boundary = uuid4().hex
        body = _multipart(boundary, file, self._fields(language, response_format, wishes))
        response = await self._http.post("audio/transcriptions", body, f"multipart/form-data; boundary={boundary}")
        failures = self._http.failures
        try:
            if response.content_type == "text/html":
                raise failures.bad_output("answered with a web page; is base_url right?")
            answer = await self._http.read_all(response)
        finally:
            self._http.hang_up(response)
        try:
            return read_answer(answer, language)
        except BadAnswer as error:
            raise failures.bad_output(f"sent {error}: {failures.quote(error_text(answer[:2000]))}") from None

    def _fields(self, language: str | None, response_format: Format, wishes: Wishes) -> Iterator[tuple[str, str]]:
        yield "model", self.config.model
        yield "response_format", response_format
        if language:
            yield "language", language
        if prompt := " ".join(filter(None, (self.config.prompt, wishes.prompt.strip()))):
            yield "prompt", prompt
        for name, value in self.config.extra_body.items():
            for item in value if isinstance(value, list) else [value]:
                yield name, item if isinstance(item, str) else json.dumps(item)


def _file(clip: Audio) -> bytes:
    """The clip as a WAV file of no more samples than any recogniser listens to."""
    return wav(resampled(clip, SAMPLE_RATE) if clip.sample_rate > SAMPLE_RATE else clip)


def _multipart(boundary: str, file: bytes, fields: Iterator[tuple[str, str]]) -> bytes:
    """A body as RFC 7578 has it: the fields, and the clip as ``file``."""
    parts: list[bytes] = []
    for name, value in fields:
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode())
        parts.append(f"{value}\r\n".encode())
    head = 'Content-Disposition: form-data; name="file"; filename="clip.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    parts += [f"--{boundary}\r\n{head}".encode(), file, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts)


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
