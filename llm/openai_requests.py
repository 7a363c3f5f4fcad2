"""Asking a server in the way it understands: what it does not know is found out once, by asking again without it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import Category, ProviderError
from ..core.http import HttpClient
from ..core.types import Generation, Message
from .llama_completion import PATH, completion_body, fits
from .openai_request import NEW_TOKENS, TOKENS, chat_body

if TYPE_CHECKING:
    import aiohttp

CHAT = "chat/completions"


class Requests:
    """The requests of one provider for ``model``; ``said`` is what its settings say of replies, under OpenAI's names."""

    def __init__(self, http: HttpClient, model: str, said: Mapping[str, Any], *, stream: bool) -> None:
        self._http, self._model, self._said, self._stream = http, model, said, stream
        self._usage_allowed: bool | None = None if stream else False
        """Whether the server takes ``stream_options``; None: not known yet."""
        self._tokens_field = TOKENS
        self._plain = False
        """The server speaks llama.cpp's ``/completion`` only."""

    async def send(
        self, messages: Sequence[Message], options: Generation | None
    ) -> tuple[aiohttp.ClientResponse, bool]:
        """The response, its body unread, and whether it is one of ``/completion``. Raises ProviderError."""
        if self._plain:
            return await self._complete(messages, options), True
        try:
            return await self._chat(messages, options), False
        except ProviderError as error:
            if error.category is not Category.NOT_FOUND or _is_about_a_model(error):
                raise
            return await self._complete(messages, options, instead_of=error), True

    def worked(self, plain: bool) -> None:
        """A whole reply came of a request; the next ones are made in the same way."""
        self._plain = plain

    async def _chat(self, messages: Sequence[Message], options: Generation | None) -> aiohttp.ClientResponse:
        """Once more under another name for the limit, or without ``stream_options``, when the server may not know them."""
        try:
            return await self._post(messages, options, usage=self._usage_allowed is not False)
        except ProviderError as error:
            if error.category is not Category.INVALID_REQUEST:
                raise
            if NEW_TOKENS in str(error) and self._tokens_field == TOKENS:
                self._tokens_field = NEW_TOKENS
                return await self._chat(messages, options)
            if self._usage_allowed is not None or "stream_options" in self._said:
                raise
        response = await self._post(messages, options, usage=False)
        self._usage_allowed = False
        return response

    async def _post(
        self, messages: Sequence[Message], options: Generation | None, *, usage: bool
    ) -> aiohttp.ClientResponse:
        body = {"model": self._model, "stream": self._stream} | chat_body(
            messages, self._said, options, self._tokens_field
        )
        if usage:
            body.setdefault("stream_options", {"include_usage": True})
        response = await self._http.post(CHAT, json.dumps(body).encode())
        if usage:
            self._usage_allowed = True
        return response

    async def _complete(
        self, messages: Sequence[Message], options: Generation | None, instead_of: ProviderError | None = None
    ) -> aiohttp.ClientResponse:
        if not fits(messages, options):
            message = "the server has no chat completions, and its /completion takes neither tools nor pictures"
            raise instead_of or self._http.failures.error(Category.INVALID_REQUEST, message)
        body = completion_body(messages, self._said, options, stream=self._stream)
        try:
            return await self._http.post(PATH, json.dumps(body).encode())
        except ProviderError as error:
            if error.category is not Category.NOT_FOUND:
                raise
            self._plain = False
            raise instead_of or error from None


def _is_about_a_model(error: ProviderError) -> bool:
    """Whether a server that answers 404 has the route, and says that it lacks the model."""
    return "model" in error.message.partition("it says:")[2].lower()
