"""Any server that speaks OpenAI's ``/embeddings``: OpenAI itself, Ollama, llama.cpp, vLLM, text-embeddings-inference."""

from __future__ import annotations

import asyncio
import json
import math
from array import array
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from ..core.errors import Category
from ..core.http import HttpClient
from ..core.openai_block import OpenAIBlock, listing_probed
from .embeddings import KIND, Embedded, EmbedderConfig
from .openai_reply import usage_of

MAX_ANSWER_BYTES = 64 << 20
"""Two thousand vectors of 1536 numbers, as JSON."""


class OpenAIEmbeddingsConfig(OpenAIBlock, EmbedderConfig):
    """The block ``openai_embeddings``."""

    own_fields: ClassVar[frozenset[str]] = frozenset({"model", "input", "encoding_format"})

    model: str = Field(min_length=1, description="Name of the model, as the server knows it")
    dimensions: int | None = Field(
        default=None, ge=1, le=100_000, description="Length of the vectors, for models that can choose"
    )


class OpenAIEmbeddings:
    """A model for embeddings behind OpenAI's HTTP API."""

    name = "openai_embeddings"
    Config: ClassVar[type[OpenAIEmbeddingsConfig]] = OpenAIEmbeddingsConfig

    def __init__(self, config: OpenAIEmbeddingsConfig) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.model = config.model
        self._http = HttpClient(config, KIND, self.name, f"the model {config.model!r}")

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()

    def prepare(self) -> None:
        """Connect in the background, so that the next request need not."""
        self._http.prepare()

    async def probe(self) -> str:
        """Ask which models there are (2 s), which costs nothing. Raises ProviderError when the server cannot be reached or
        refuses the key."""
        return await listing_probed(self._http, self.config.model)

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        """A vector for each text. Raises ProviderError; TIMEOUT when they are not all there after ``timeout``."""
        if not texts:
            return Embedded([], None)
        limit_s = self.config.timeout
        try:
            async with asyncio.timeout(limit_s):
                return await self._asked(texts, dimensions)
        except TimeoutError:
            message = f"no vectors within {limit_s:g} s; send fewer texts, or raise timeout"
            raise self._http.failures.error(Category.TIMEOUT, message) from None

    async def _asked(self, texts: Sequence[str], dimensions: int | None) -> Embedded:
        length = dimensions if dimensions is not None else self.config.dimensions
        body = {
            "model": self.config.model,
            "input": list(texts),
            "encoding_format": "float",
            **self.config.extra_body,
            **({"dimensions": length} if length is not None else {}),
        }
        http = self._http
        response = await http.post("embeddings", json.dumps(body).encode())
        try:
            if response.content_type == "text/html":
                raise http.failures.bad_output("answered with a web page; is base_url right?")
            return self._read(http.json_of(await http.read_all(response, MAX_ANSWER_BYTES)), len(texts))
        finally:
            http.hang_up(response)

    def _read(self, answer: Any, count: int) -> Embedded:
        failures = self._http.failures
        if isinstance(answer, dict) and not answer.get("data") and answer.get("error") is not None:
            raise failures.of_error_object(answer["error"])
        try:
            vectors = in_order(answer["data"], count)
            usage = answer.get("usage")
            return Embedded(vectors, usage_of(usage) if usage else None)
        except (AttributeError, LookupError, TypeError, ValueError):
            said = failures.quote(str(answer)[:1000])
            raise failures.bad_output(f"sent what are not {count} vectors of one length: {said}") from None


def in_order(entries: Any, count: int) -> list[list[float]]:
    """The vectors by their index. Raises LookupError, TypeError or ValueError unless there is one of each, of one length."""
    found = {entry.get("index", place): _vector(entry["embedding"]) for place, entry in enumerate(entries)}
    vectors = [found[index] for index in range(count)]
    if len(found) != count or len({len(vector) for vector in vectors}) != 1 or not vectors[0]:
        raise ValueError("not one vector for each text")
    return vectors


def _vector(embedding: Any) -> list[float]:
    """A list of numbers, or 32-bit floats in base64, which some servers send unasked."""
    if isinstance(embedding, str):
        floats = array("f")
        floats.frombytes(b64decode(embedding, validate=True))
        embedding = floats.tolist()
    vector = [float(number) for number in embedding]
    if not all(map(math.isfinite, vector)):
        raise ValueError("not a number")
    return vector
