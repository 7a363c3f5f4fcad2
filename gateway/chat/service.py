"""Replies in text, to whoever asks by HTTP, WebSocket or gRPC: of a character or a raw model, in a conversation or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext
from dataclasses import replace

from ..access.caller import Caller
from ..doors import Doors
from .asking import asked
from .counting import Counting, mode_of
from .in_conversation import in_conversation
from .models import ChatModels, Mind
from .prompt import fitting, length, prompt_of
from .reply import ChatEvent, Done
from .request import ChatRequest, Rewind
from .spoken import spoken

__all__ = ["ChatEvent", "ChatRequest", "ChatService", "Done", "Rewind"]


class ChatService:
    """One per server. It holds nothing of its callers."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self.models = ChatModels(doors.engine)

    async def reply(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[ChatEvent, None]:
        """The reply as it comes. Closing this closes the model's connection; what was given out until then is kept in the
        conversation as interrupted.

        Raises Problem, ProviderError, AllProvidersFailed, CapacityError and StoreError: before the first event, or later.
        """
        mind = await self.models.find(request.model)
        request = self._limited(request)
        async with self._doors.turn(caller, characters=length(request.messages)):
            async with aclosing(self._events(request, mind, caller)) as events:
                # What the avatar says is counted where it is said.
                with nullcontext() if request.speak else self._counting(request, mind) as counting:
                    async for event in events:
                        if counting is not None:
                            counting.see(event)
                        yield event

    def _counting(self, request: ChatRequest, mind: Mind) -> Counting:
        return Counting(self._doors.figures, self._doors.text_statistics, mind, mode_of(request, mind))

    def _limited(self, request: ChatRequest) -> ChatRequest:
        """The request within what the settings allow. Raises Problem for a prompt that is too long."""
        settings = self._doors.settings
        most = settings.max_response_tokens
        wanted = request.generation.max_tokens
        return replace(
            request,
            messages=fitting(request.new, settings.max_prompt_chars, settings.long_prompts),
            generation=replace(request.generation, max_tokens=most if wanted is None else min(wanted, most)),
        )

    def _events(self, request: ChatRequest, mind: Mind, caller: Caller) -> AsyncGenerator[ChatEvent, None]:
        if request.session is None:
            return self._single(request, mind)
        if request.speak:
            return spoken(request, mind, caller, self._doors)
        return in_conversation(request, mind, caller, self._doors)

    async def _single(self, request: ChatRequest, mind: Mind) -> AsyncGenerator[ChatEvent, None]:
        reply, deltas = asked(self._doors, request, mind, prompt_of(request.messages))
        async with aclosing(reply.events(deltas)) as events:
            async for event in events:
                yield event
        yield reply.done(request.messages, mind.id)
