"""A reply within a conversation: the history is what was said there, and the exchange is kept before the end is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from ...agents.memory import recalled
from ...core.events import TurnStatus
from ...core.types import Message, UserInput
from ...orchestrator.conversation import Conversation, NoSuchMessage
from ..access.caller import Caller
from ..api.problem import Problem
from ..doors import Doors
from .asking import asked, heard_of
from .models import Mind
from .prompt import Prompt, prompt_of
from .reply import ChatEvent, Reply
from .request import ChatRequest, Rewind

BUSY_S = 60.0
"""How long a reply waits for the one before it."""


async def in_conversation(
    request: ChatRequest, mind: Mind, caller: Caller, doors: Doors
) -> AsyncGenerator[ChatEvent, None]:
    """The reply; replies of one conversation come one after another. A reply that is given up, or that fails, is kept as far
    as it was given out; of one that gave nothing nothing is kept, and the conversation is as it was before.

    Raises Problem where the request makes no sense in a conversation, or where the one before takes too long.
    """
    assert request.session is not None
    async with doors.engine.conversations.hold(caller.owner, request.session, mind.id) as conversation:
        async with _alone(conversation):
            exchange = _Exchange(conversation, request)
            reply, deltas = asked(doors, request, mind, await exchange.begin())
            try:
                async with aclosing(reply.events(deltas)) as events:
                    async for event in events:
                        yield event
                exchange.status = TurnStatus.COMPLETED
            finally:
                ids = await exchange.end(reply)
            yield replace(reply.done(exchange.read, mind.id), message_ids=ids)


@asynccontextmanager
async def _alone(conversation: Conversation) -> AsyncIterator[None]:
    """Nobody else writes in the conversation within. Raises Problem (409) when somebody does for too long."""
    try:
        async with asyncio.timeout(BUSY_S):
            await conversation.turn_lock.acquire()
    except TimeoutError:
        message = "another reply is still being written in this conversation; try again when it is done"
        raise Problem(409, message, "conversation_busy", "session_id", retry_after_s=5) from None
    try:
        yield
    finally:
        conversation.turn_lock.release()


class _Exchange:
    """What is said and what is answered, from the history it follows to the one it makes."""

    def __init__(self, conversation: Conversation, request: ChatRequest) -> None:
        self._conversation, self._request = conversation, request
        self.status = TurnStatus.INTERRUPTED
        self.read: tuple[Message, ...] = ()
        """What the model is asked with, for counting its tokens."""
        self._heard = UserInput("")
        self._back_to: int | None = None
        """The message that the conversation is to end with again, when nothing comes of a reply to something earlier."""
        self._uid = conversation.uid

    async def begin(self) -> Prompt:
        """Go back, where that is asked for; the messages to answer. Raises Problem."""
        prompt = prompt_of(self._request.messages)
        if self._request.messages and prompt.heard is None:
            message = "in a session the last message must be the user's; send tool results without a session_id"
            raise Problem(422, message, "last_message", "messages")
        if self._request.rewind is not None:
            prompt = await self._rewound(prompt, self._request.rewind)
        prompt = replace(prompt, history=tuple(recalled(self._conversation.messages)))
        self._heard = heard_of(self._request, prompt)
        self.read = (*prompt.history, *([prompt.heard] if prompt.heard else []))
        return prompt

    async def end(self, reply: Reply) -> tuple[int | None, int | None]:
        """Keep what was said and answered, and the ids of both; nothing where the conversation was deleted meanwhile."""
        text, calls = reply.text, reply.calls
        if self._conversation.uid != self._uid:
            return None, None
        if self.status is not TurnStatus.COMPLETED and not text:
            await self._go_back()
            return None, None
        message = Message("assistant", text, tool_calls=calls) if calls else None
        return await self._conversation.add(self._heard, text, self.status.value, reply_message=message)

    async def _go_back(self) -> None:
        """Let the history end where it did. What was said after that, on a branch that was left, stays left."""
        if self._back_to is not None:
            await self._conversation.select(self._back_to, last=True)

    async def _rewound(self, prompt: Prompt, rewind: Rewind) -> Prompt:
        newest = self._conversation.recent(1)
        last = newest[-1].id if newest else None
        try:
            before = await self._conversation.rewind_to(rewind.message)
        except NoSuchMessage as error:
            raise Problem(404, str(error), error.code, "message") from error
        except asyncio.CancelledError:
            self._back_to = last  # being cancelled did not keep the history from being rewound
            await self._go_back()
            raise
        self._back_to = last
        again = Message("user", before.text, before.viewer, before.images)
        said = prompt.heard
        return replace(prompt, heard=again if said is None else replace(again, content=said.content))
