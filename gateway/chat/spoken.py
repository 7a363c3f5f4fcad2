"""A reply that the avatar speaks: the room of the session says it, and its segments are given out as they are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from ...core.channel import Channel, ChannelClosed
from ...core.errors import HayakuchiError, SessionClosed
from ...core.events import SegmentReady, SessionEvent, TurnEnded, TurnStarted, TurnStatus
from ...core.types import FinishReason, TextDelta, UserInput
from ...orchestrator.cast import Part
from ...orchestrator.gateway_settings import Scope
from ..access.caller import Caller
from ..api.problem import Problem
from ..doors import Doors
from .asking import heard_of
from .models import Mind
from .prompt import prompt_of
from .reply import ChatEvent, Done
from .reply_text import estimated
from .request import ChatRequest

SEGMENTS = 4096
"""Segments that a caller may be behind."""
SILENCE_S = 300.0
"""How long a turn may go without a new segment or its end."""


async def spoken(request: ChatRequest, mind: Mind, caller: Caller, doors: Doors) -> AsyncGenerator[ChatEvent, None]:
    """What the avatar says; Done when it has said it, or was interrupted. Closing this interrupts it, if it still speaks.

    Raises Problem where the caller may not, or where it is not the character on stage that is asked.
    """
    if not caller.may(Scope.SPEAK):
        raise Problem(403, "this key may not make the avatar speak; it needs the scope speak", "scope_missing", "speak")
    prompt = prompt_of(request.messages)
    if not (isinstance(mind, Part) and mind.on_stage) or prompt.heard is None or request.rewind is not None:
        message = "only the character on stage speaks, and only to what a user says"
        raise Problem(422, message, "cannot_speak", "speak")
    assert request.session is not None
    room = await doors.rooms.enter(caller.owner, request.session)
    heard = heard_of(request, prompt)
    listening = _Listening(heard)
    forget = room.session.observe(listening.observe)
    try:
        room.session.say(heard)
        while (segment := await listening.next()) is not None:
            yield TextDelta(segment)
        ended = listening.ended
        assert ended is not None
        if ended.status is TurnStatus.FAILED:
            raise _Failed(ended)
        ids = {kept.role: kept.id for kept in ended.kept}
        usage = estimated(request.messages, ended.reply)
        yield Done(FinishReason.STOP, usage, mind.id, (ids.get("user"), ids.get("assistant")), estimated=True)
    finally:
        forget()
        if listening.turn is not None and listening.ended is None and room.session.heard is heard:
            room.session.interrupt()


class _Failed(HayakuchiError):
    """A turn failed in a way that its events have told of."""

    def __init__(self, ended: TurnEnded) -> None:
        self.code = ended.code or "internal"
        super().__init__(ended.message or "the turn failed")


class _Listening:
    """Picks one turn out of a session's events."""

    def __init__(self, heard: UserInput) -> None:
        self._heard = heard
        self.turn: int | None = None
        self.ended: TurnEnded | None = None
        self.segments: Channel[str] = Channel(SEGMENTS)

    async def next(self) -> str | None:
        """The next segment's text; None when the turn has ended. Raises SessionClosed when neither comes."""
        try:
            async with asyncio.timeout(SILENCE_S):
                return await self.segments.get()
        except ChannelClosed:
            return None
        except TimeoutError:
            raise SessionClosed(f"the avatar neither spoke nor ended within {SILENCE_S:g} s") from None

    def observe(self, event: SessionEvent) -> None:
        match event:
            case TurnStarted(turn=turn, heard=heard) if heard is self._heard:
                self.turn = turn
            case SegmentReady(turn=turn, segment=segment) if turn == self.turn and not segment.filler:
                if segment.display:
                    self.segments.put_nowait(segment.display)
            case TurnEnded(turn=turn) if turn == self.turn:
                self.ended = event
                self.segments.close()
