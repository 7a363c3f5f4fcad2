"""How a request for a reply is answered: whole or as a stream, again as before where it was sent with an idempotency key."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ..access.caller import Caller, caller_of
from ..chat.idempotency import Replays
from ..chat.reply import Done, whole
from ..chat.request import ChatRequest
from ..chat.service import ChatService
from .event_stream import EventStream, unless_gone
from .wire import DONE, Completion, json_bytes

KEY_HEADERS = ("idempotency-key", "x-idempotency-key")
REPLAYED = {"Idempotent-Replayed": "true"}
NOBODY = 400
"""Status of an answer that nobody reads."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What the endpoints share; ``app.state.chat``."""

    service: ChatService
    replays: Replays


def chat_of(request: Request) -> Chat:
    return request.app.state.chat


async def chat_answer(
    request: Request, asked: ChatRequest, fingerprint: bytes, *, stream: bool, usage: bool = False
) -> Response:
    """The answer to a chat completion. ``fingerprint`` tells this request from others with the same idempotency key."""
    service, caller = chat_of(request).service, caller_of(request.scope)
    mind = await service.models.find(asked.model)
    completion = Completion(mind.id, asked.session)
    if stream:
        chunks = _streamed(service, asked, caller, completion, usage)
        return streaming(request, chunks, fingerprint)
    body, replayed = await complete(request, _whole(service, asked, caller, completion), fingerprint)
    return whole_answer(body, replayed)


def streaming(request: Request, chunks: AsyncGenerator[bytes, None], fingerprint: bytes) -> EventStream:
    """Chunks as server-sent events."""
    answer = EventStream(_once(request, chunks, fingerprint, lambda: answer.headers.update(REPLAYED)))
    return answer


async def complete(
    request: Request, chunks: AsyncGenerator[bytes, None], fingerprint: bytes
) -> tuple[bytes | None, bool]:
    """All chunks at once, and whether they are those of an earlier answer; None when the caller has hung up."""
    replayed: list[bool] = []

    async def gather() -> bytes:
        async with aclosing(_once(request, chunks, fingerprint, lambda: replayed.append(True))) as parts:
            return b"".join([part async for part in parts])

    return await unless_gone(request.receive, gather()), bool(replayed)


def whole_answer(body: bytes | None, replayed: bool = False) -> Response:
    """A JSON body as an answer."""
    if body is None:
        return Response(status_code=NOBODY)
    return Response(body, 200, REPLAYED if replayed else None, "application/json")


def _once(
    request: Request, chunks: AsyncGenerator[bytes, None], fingerprint: bytes, replayed: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    key = next((request.headers[name] for name in KEY_HEADERS if request.headers.get(name)), None)
    if key is None:
        return chunks
    told = request.url.path.removeprefix("/v1").encode() + b"\n" + fingerprint
    return chat_of(request).replays.once(caller_of(request.scope).owner, key, told, chunks, replayed)


async def _streamed(
    service: ChatService, asked: ChatRequest, caller: Caller, completion: Completion, usage: bool
) -> AsyncGenerator[bytes, None]:
    first = completion.first()
    async with aclosing(service.reply(asked, caller)) as events:
        async for event in events:
            chunk = completion.chunk(event)
            yield first + chunk
            first = b""
            if usage and isinstance(event, Done):
                yield completion.usage(event)
    yield DONE


async def _whole(
    service: ChatService, asked: ChatRequest, caller: Caller, completion: Completion
) -> AsyncGenerator[bytes, None]:
    yield json_bytes(completion.whole(await whole(service.reply(asked, caller))))
