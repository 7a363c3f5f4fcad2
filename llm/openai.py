"""Any server that speaks OpenAI's chat completions: OpenAI itself, Ollama, llama.cpp, vLLM, LM Studio and many more.

A llama.cpp server that does not speak them is asked by its own ``/completion``.

Closing the stream closes the connection, so that the server stops generating.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..core.errors import Category, ProviderError
from ..core.http import HttpClient
from ..core.openai_block import OpenAIBlock
from ..core.types import Generation, Message, Usage
from .base import LLMConfig
from .llama_completion import CompletionEvents, whole_completion
from .openai_models import has_model, model_names
from .openai_reply import ChatEvents, Delta, StreamedReply, whole_reply
from .openai_requests import Requests

if TYPE_CHECKING:
    import aiohttp

TAIL_S = 0.3
"""How long a finished reply waits for its usage and the end of its body; after that the connection is given up."""


class OpenAIConfig(OpenAIBlock, LLMConfig):
    """The block ``openai_llm``."""

    own_fields: ClassVar[frozenset[str]] = frozenset({"model", "messages", "stream"})

    model: str = Field(min_length=1, description="Name of the model, as the server knows it")
    temperature: float | None = Field(default=None, ge=0, le=2, description="Greater: more surprising replies")
    top_p: float | None = Field(default=None, gt=0, le=1, description="Share of the likeliest tokens to choose from")
    max_tokens: int | None = Field(default=None, ge=1, description="Longest reply, in tokens")
    stop: tuple[str, ...] = Field(default=(), max_length=16, description="Texts that end the reply where they appear")
    stream: bool = Field(default=True, description="false: one whole completion")
    warm_up: Literal["auto"] | bool = Field(
        default="auto",
        description="Ask for one token at start, so that the server loads the model; auto: on this machine only, and not under "
        "models",
    )

    def said(self) -> dict[str, Any]:
        """What the block says of replies, under OpenAI's names."""
        own = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        return own | {"stop": list(self.stop) or None} | self.extra_body


class OpenAILLM:
    """A language model behind OpenAI's HTTP API."""

    name = "openai_llm"
    Config: ClassVar[type[OpenAIConfig]] = OpenAIConfig

    def __init__(self, config: OpenAIConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self._http = HttpClient(config, "llm", self.name, f"the model {config.model!r}")
        self._requests = Requests(self._http, config.model, config.said(), stream=config.stream)

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()

    def prepare(self) -> None:
        """Connect in the background, so that the next request need not."""
        self._http.prepare()

    def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[Delta | Usage]:
        """The reply as it comes, why it ended, then its Usage where the server counts. Raises ProviderError."""
        return self._generate(messages, options)

    async def _generate(self, messages: Sequence[Message], options: Generation | None) -> AsyncIterator[Delta | Usage]:
        http = self._http
        response, plain = await self._requests.send(messages, options)
        try:
            if is_whole(response, http):
                read_whole = whole_completion if plain else whole_reply
                for delta in read_whole(http.json_of(await http.read_all(response)), http.failures):
                    yield delta
                self._requests.worked(plain)
                return
            reply = StreamedReply(http.failures, CompletionEvents() if plain else ChatEvents())
            while chunk := await self._read(response, reply.finished):
                for delta in reply.feed(chunk):
                    yield delta
            for delta in reply.end():
                yield delta
            self._requests.worked(plain)
        finally:
            self._http.hang_up(response)

    async def probe(self) -> str:
        """Ask which models there are (2 s), then load the model where ``warm_up`` says so. Raises ProviderError."""
        config = self.config
        try:
            names = model_names(await self._http.get_json("models"))
        except ProviderError as error:
            if error.category not in (Category.NOT_FOUND, Category.BAD_OUTPUT):
                raise
            names = None
        if names is not None and not has_model(config.model, names):
            offered = f"it offers: {', '.join(list(names)[:10])}" if names else "it offers none at all"
            message = (
                f"the server at {config.shown_url} has no model {config.model!r}; {self._http.failures.quote(offered)}"
            )
            raise self._http.failures.error(Category.NOT_FOUND, message)
        if config.loopback if config.warm_up == "auto" else config.warm_up:
            await self._warm_up()
        return f"{config.model} at {config.shown_url}"

    async def _warm_up(self) -> None:
        async for _ in self._generate([Message("user", "Hi")], Generation(max_tokens=1)):
            pass

    async def _read(self, response: aiohttp.ClientResponse, finished: bool) -> bytes:
        """What came of the body; empty at its end, or when nothing more comes of a reply that is whole."""
        if not finished:
            return await self._http.read(response)
        try:
            async with asyncio.timeout(TAIL_S):
                return await self._http.read(response)
        except (ProviderError, TimeoutError):
            return b""


def is_whole(response: aiohttp.ClientResponse, http: HttpClient) -> bool:
    """Whether the completion comes in one piece; some servers do not stream, whatever they are asked."""
    if response.content_type == "text/html":
        raise http.failures.bad_output("answered with a web page; is base_url right?")
    return response.content_type.endswith("json")
