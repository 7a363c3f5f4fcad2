"""``POST /v1/embeddings``: texts into vectors."""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from ...core.types import Usage
from ...llm.embeddings import FallbackEmbedder
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..chat.reply_text import tokens_in
from ..doors import doors_of
from .answering import whole_answer
from .answers import EmbeddingList
from .chat_body import LONGEST_TEXT, Body
from .endpoint import Answer, Endpoint
from .event_stream import unless_gone
from .problem import Problem
from .serving import read_body
from .wire import json_bytes

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class EmbeddingsBody(Body):
    """Vectors are asked for."""

    model: str = Field(default="", max_length=200, description="The model of conf.yaml's `embeddings`; may be empty")
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=2048)] = Field(
        description="A text, or several; tokens are not understood"
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=1, le=100_000, description="Where the model can choose")

    @property
    def texts(self) -> list[str]:
        """The texts."""
        return [self.input] if isinstance(self.input, str) else self.input


async def embed(request: Request) -> Response:
    """The vectors."""
    doors = doors_of(request)
    body = await read_body(request, EmbeddingsBody, doors.settings.max_body_kb * 1000)
    embedder = _asked(doors.engine.embedder, body.model)
    length = sum(map(len, body.texts))
    if (longest := max(map(len, body.texts))) > doors.settings.max_prompt_chars:
        status = 413 if doors.settings.long_prompts == "trim" else doors.settings.long_prompts
        message = f"a text has {longest} characters, and {doors.settings.max_prompt_chars} is the limit"
        raise Problem(status, message, "prompt_too_long", "input")
    async with doors.turn(caller_of(request.scope), characters=length):
        found = await unless_gone(request.receive, embedder.embed(body.texts, body.dimensions))
    if found is None:
        return whole_answer(None)
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
        for index, vector in enumerate(found.vectors)
    ]
    answer = {"object": "list", "data": data, "model": embedder.model, "usage": _usage(found.usage, body.texts)}
    return whole_answer(json_bytes(answer))


def _asked(embedder: FallbackEmbedder | None, model: str) -> FallbackEmbedder:
    if embedder is None:
        message = "this server makes no embeddings; conf.yaml has no `embeddings` section"
        raise Problem(404, message, "model_not_found", "model")
    if model not in ("", "default", embedder.model):
        message = f"there is no model {model[:100]!r} for embeddings; there is: {embedder.model}"
        raise Problem(404, message, "model_not_found", "model")
    return embedder


def _encoded(vector: Sequence[float], form: str | None) -> Any:
    """A list, or 32-bit floats, little-endian, in base64."""
    if form != "base64":
        return vector
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode()


def _usage(counted: Usage | None, texts: Sequence[str]) -> dict[str, Any]:
    tokens = counted.prompt_tokens if counted else sum(map(tokens_in, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return usage if counted else {**usage, "estimated": True}


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/embeddings",
        Scope.CHAT,
        "Vectors of texts",
        embed,
        description="What the model of conf.yaml's `embeddings` section makes of the texts.",
        tag="Models",
        body=EmbeddingsBody,
        examples={"one": {"input": "The cat sleeps."}, "two": {"input": ["The cat sleeps.", "A dog barks."]}},
        answers={
            200: Answer(
                "The vectors",
                EmbeddingList,
                example={
                    "object": "list",
                    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -0.2, 0.3]}],
                    "model": "nomic-embed-text",
                    "usage": {"prompt_tokens": 4, "total_tokens": 4},
                },
            ),
            400: Answer("The model's server refuses the request"),
            404: Answer("No embeddings, or not of this model"),
        },
        aliases=("/embeddings",),
    ),
)
