"""The calls of ``hayakuchi.proto``, each answered by the service that answers it over HTTP, too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage

from ...core.errors import HayakuchiError
from ...core.types import Audio
from ...orchestrator.gateway_settings import Scope
from ..access.caller import Caller
from ..api.problem import Problem
from ..chat.service import ChatEvent, ChatRequest
from .answers import event_message, refuse
from .entrance import Door, address_of, bearer
from .requests import chat_request, invalid
from .v1 import hayakuchi_pb2 as pb

log = logging.getLogger(__name__)

READ_WITHIN_S = 30.0
"""How long a caller may take to read a message before it is given up."""
SLOWEST, FASTEST = 0.25, 4.0
LONGEST_TEXT = 4096
"""Characters that are spoken in one call, as over HTTP."""

SERVICE = pb.DESCRIPTOR.services_by_name["Hayakuchi"].full_name

R = TypeVar("R", bound=ProtobufMessage)
Context = grpc.aio.ServicerContext
Write = Callable[[Any], Awaitable[None]]


class Chats(Protocol):
    """The ChatService."""

    def reply(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[ChatEvent, None]: ...


class Speaks(Protocol):
    """The SpeechService."""

    def speak(
        self, text: str, caller: Caller, *, voice: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Audio, None]: ...


Listed = Callable[[], Awaitable[Mapping[str, str]]]
"""The models by id, and who owns each."""


class Service:
    """Its methods get bytes: nothing of a request is read before it is known who sends it.

    A call that is cancelled, or whose caller has gone, is cancelled here: the model or the voice stops.
    """

    def __init__(self, door: Door, chat: Chats, speech: Speaks, listed: Listed) -> None:
        self._door, self._chat, self._speech, self._listed = door, chat, speech, listed

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server is given."""
        streamed, whole = grpc.unary_stream_rpc_method_handler, grpc.unary_unary_rpc_method_handler
        calls = {
            "Chat": streamed(self.chat, response_serializer=pb.ChatEvent.SerializeToString),
            "Speak": streamed(self.speak, response_serializer=pb.AudioChunk.SerializeToString),
            "ListModels": whole(self.list_models, response_serializer=pb.ListModelsResponse.SerializeToString),
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    async def chat(self, data: bytes, context: Context) -> None:
        async def reply(caller: Caller, write: Write) -> None:
            request = chat_request(parsed(pb.ChatRequest(), data))
            async with aclosing(self._chat.reply(request, caller)) as events:
                async for event in events:
                    await write(event_message(event))

        await self._answer(context, Scope.CHAT, reply)

    async def speak(self, data: bytes, context: Context) -> None:
        async def speak(caller: Caller, write: Write) -> None:
            request = parsed(pb.SpeakRequest(), data)
            voice = request.voice if request.HasField("voice") else None
            stream = self._speech.speak(checked_text(request), caller, voice=voice, speed=checked_speed(request))
            async with aclosing(stream) as sound:
                async for audio in sound:
                    await write(pb.AudioChunk(pcm=audio.pcm, sample_rate=audio.sample_rate))

        await self._answer(context, Scope.SPEAK, speak)

    async def list_models(self, data: bytes, context: Context) -> pb.ListModelsResponse:
        found: list[pb.Model] = []

        async def list_models(caller: Caller, write: Write) -> None:
            parsed(pb.ListModelsRequest(), data)
            found.extend(pb.Model(id=name, owned_by=owner) for name, owner in (await self._listed()).items())

        await self._answer(context, Scope.CHAT, list_models)
        return pb.ListModelsResponse(models=found)

    async def _answer(self, context: Context, scope: Scope, work: Callable[[Caller, Write], Awaitable[None]]) -> None:
        async def write(message: Any) -> None:
            try:
                async with asyncio.timeout(READ_WITHIN_S):
                    await context.write(message)
            except TimeoutError:
                raise Problem(503, "the caller is too slow to follow", "too_slow") from None

        try:
            key = bearer(context.invocation_metadata() or ())
            caller = await self._door.caller(key, address_of(context.peer()), scope)
            if not await self._door.while_usable(caller, work(caller, write)):
                raise Problem(401, "the API key was revoked or has expired", "key_revoked")
        except HayakuchiError as error:
            await refuse(context, error)
        except Exception:
            # gRPC would tell the caller what the exception says.
            log.exception("a gRPC call failed")
            await context.abort(grpc.StatusCode.INTERNAL, "something went wrong here; the server's log says what")


def parsed(empty: R, data: bytes) -> R:
    """The request. Raises Problem (400) for bytes that are none."""
    try:
        empty.ParseFromString(data)
    except DecodeError:
        raise Problem(400, f"these bytes are no {empty.DESCRIPTOR.full_name}", "invalid_body") from None
    return empty


def checked_text(request: pb.SpeakRequest) -> str:
    """Raises Problem (422) for a text that is not spoken."""
    if not request.text.strip():
        raise invalid("text", "say what is to be spoken")
    if len(request.text) > LONGEST_TEXT:
        raise invalid("text", f"{len(request.text)} characters; at most {LONGEST_TEXT} are spoken in one call")
    return request.text


def checked_speed(request: pb.SpeakRequest) -> float:
    """Raises Problem (422) for one that voices cannot speak at."""
    speed = request.speed if request.HasField("speed") else 1.0
    if not SLOWEST <= speed <= FASTEST:
        raise invalid("speed", f"expected {SLOWEST} to {FASTEST}")
    return speed
