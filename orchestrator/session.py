"""A session: one conversation with one avatar, outliving every turn.

Whoever speaks puts a command into the inbox; the session runs one turn at a time, and a new command ends the turn that is
running. Observers are told every event at once, in order.

Ears may let a turn run ahead while they still confirm that the speaker has ended: ``think_ahead`` starts it on the transcript
so far, unseen and unheard; ``say`` with the same words gives it the floor, anything else drops it, and then it has never been.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ..agents import Agent
from ..agents.memory import recalled
from ..core.channel import Channel
from ..core.character import Character
from ..core.clock import loop_ms
from ..core.errors import CapacityError, HayakuchiError, SessionClosed
from ..core.events import Kept, SessionEvent, TurnEnded, TurnStatus
from ..core.place import at
from ..core.types import Message, UserInput
from ..tts import Voice
from .commands import Command, Drop, Greet, Interrupt, Revise, Say, ThinkAhead
from .conversation import Conversation
from .on_air import OnAir
from .playback import Playback
from .revisions import Revision
from .running import Running, kept, over, revised
from .streaming import Streaming
from .turn import Turn, TurnSettings
from .turn_maker import TurnMaker

INBOX = 8

log = logging.getLogger(__name__)

Observer = Callable[[SessionEvent], None]
"""Told of every event as it happens. It must neither wait nor raise."""


class Session:
    """``run`` does the work until :meth:`close`; the other methods only leave word and never wait."""

    def __init__(
        self,
        name: str,
        *,
        agent: Agent,
        voice: Voice,
        character: Character,
        playback: Playback,
        settings: TurnSettings,
        streaming: Callable[[], Streaming],
        completed: Callable[[Turn], None] = lambda turn: None,
        history: Conversation | None = None,
    ) -> None:
        self.name = name
        self.character = character
        self.playback = playback
        self.history = Conversation.in_memory(name, character.name) if history is None else history
        """What was said, shared with whoever else takes part in the conversation."""
        self.on_air = OnAir(playback, self.tell)
        self._completed = completed
        self._maker = TurnMaker(agent, voice, character, playback, settings, streaming, self.tell)
        self._inbox: Channel[Command] = Channel(INBOX)
        self.waiting = self._inbox.__len__
        self._observers: list[Observer] = []
        self.turns = 0
        """How many turns have begun."""
        self._said_in = self.history.uid
        """The conversation that the turn belongs to which has the floor."""

    @property
    def turn(self) -> Turn | None:
        """The turn that has the floor."""
        return self.on_air.turn

    @property
    def heard(self) -> UserInput | None:
        """What the running turn answers."""
        return self.turn.heard if self.turn else None

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell ``observer`` of everything from here on; call what is returned to stop that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def say(self, heard: UserInput) -> None:
        """Somebody said something: what is being spoken stops, and the avatar answers. Raises CapacityError, SessionClosed."""
        self._leave_word(Say(heard, loop_ms()))

    def think_ahead(self, heard: UserInput) -> None:
        """Somebody seems to have said this: get the answer ready, for :meth:`say` with the same words. Another call with other
        words takes its place. What is being spoken goes on. Raises CapacityError, SessionClosed."""
        self._leave_word(ThinkAhead(heard))

    def drop_ahead(self) -> None:
        """The speaker goes on: nothing is to be got ready. Raises CapacityError, SessionClosed."""
        self._leave_word(Drop())

    def greet(self) -> None:
        """Speak the opening line, unless something was said before. Raises CapacityError, SessionClosed."""
        self._leave_word(Greet(loop_ms()))

    def interrupt(self) -> None:
        """Stop speaking. Raises CapacityError, SessionClosed."""
        self._leave_word(Interrupt())

    def pause(self, by: object = None) -> None:
        """``by`` hears somebody speak, perhaps to the avatar: its voice stops at once, where it is. It goes on when all who
        paused it let go of it, or by itself after 10 s; anything that ends the turn ends it as ever. Nothing happens where no
        turn has the floor."""
        self.on_air.pause(by)

    def resume(self, by: object = None) -> None:
        """``by`` lets go of the voice: it goes on at once, where it stopped, unless somebody else holds it."""
        self.on_air.resume(by)

    def revise(self, revision: Revision, refused: Callable[[HayakuchiError], None]) -> None:
        """Change the history; what is being spoken stops, unless there is nothing to change. ``refused`` is told of a
        NoSuchMessage or StoreError. Raises CapacityError, SessionClosed."""
        self._leave_word(Revise(revision, loop_ms(), refused))

    def close(self) -> None:
        """End ``run`` and the turn that is running; idempotent."""
        self._inbox.close()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            running: Running | None = None
            ahead: Running | None = None
            async for command in self._inbox:
                if isinstance(command, ThinkAhead | Drop):
                    ahead = await self._look_ahead(ahead, command)
                    continue
                if isinstance(command, Greet) and not self._may_greet():
                    continue
                if isinstance(command, Revise):
                    command = await revised(self.history, command, running, ahead)
                    if command is None:
                        continue
                await over(running)
                running, ahead = None, await kept(ahead, command)
                if not isinstance(command, Interrupt):
                    running = ahead or self._started(command.heard if isinstance(command, Say) else None)
                    ahead = None
                    self._begin(running.turn, command)
                    # A task that was cancelled before it ran would leave no trace of the message.
                    await asyncio.sleep(0)
            await over(ahead)
            await over(running)

    async def _look_ahead(self, ahead: Running | None, command: ThinkAhead | Drop) -> Running | None:
        if isinstance(command, Drop):
            return await over(ahead)
        if ahead is not None and ahead.answers(command.heard):
            return ahead
        await over(ahead)
        return self._started(command.heard)

    def _started(self, heard: UserInput | None) -> Running:
        turn = self._maker.made(heard, self._said_so_far())
        with at(turn.place):
            return Running(turn, self._group.create_task(self._run_turn(turn), name=f"session {self.name}: turn"))

    def _may_greet(self) -> bool:
        return self.turn is None and not self.history and bool(self.character.opening_line)

    def _leave_word(self, command: Command) -> None:
        if self._inbox.closed:
            raise SessionClosed(f"session {self.name!r} has ended")
        if not self._inbox.put_nowait(command):
            raise CapacityError("too many messages at once", retry_after_s=1.0)

    def _begin(self, turn: Turn, command: Say | Greet) -> None:
        self.turns += 1
        self._said_in = self.history.uid
        self._maker.next_turn()
        self.on_air.take(turn)
        turn.begin(self.turns, command.at, command.heard if isinstance(command, Say) else None)

    async def _run_turn(self, turn: Turn) -> None:
        status = TurnStatus.INTERRUPTED
        heard_reply = code = message = None
        try:
            await turn.run()
            heard_reply = turn.reply.rstrip()
            status = TurnStatus.FAILED if turn.error else TurnStatus.COMPLETED
            if turn.error:
                code, message = turn.error.code, str(turn.error)
            else:
                self._completed(turn)
        except Exception:
            # The turn is a boundary: whatever breaks in it, the session lives on.
            log.exception("turn %d of session %s broke", turn.number, self.name)
            status, code, message = TurnStatus.FAILED, "internal", "an internal error; the log has the details"
        finally:
            if turn.number:
                remembered = turn.remembered_reply(whole=heard_reply is not None)
                heard_reply = turn.heard_reply if heard_reply is None else heard_reply
                said = turn.heard if turn.heard is not None and turn.heard.remembered else None
                kept_now = await self._keep(said, remembered, status)
                self.on_air.leave()
                self.tell(TurnEnded(turn.number, status, turn.reply, heard_reply, code, message, kept_now))

    async def _keep(self, heard: UserInput | None, remembered: str, status: TurnStatus) -> tuple[Kept, ...]:
        """Write what was said and heard; nothing where the conversation was deleted meanwhile."""
        if self.history.uid == self._said_in:
            await self.history.add(heard, remembered, status.value, by=self)
        if self.history.uid != self._said_in:
            return ()
        added = self.history.recent((heard is not None) + bool(remembered))
        return tuple(Kept(stored.id, stored.message.role, stored.siblings) for stored in added)

    def _said_so_far(self) -> Sequence[Message]:
        """The history, and what is heard at the moment, for a turn that runs ahead while another one speaks."""
        if self.turn is None:
            return recalled(self.history.messages)
        return recalled(self.history.with_exchange(self.turn.heard, self.turn.remembered_reply(whole=False)))

    def tell(self, event: SessionEvent) -> None:
        """Tell every observer, at once."""
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception:
                # An observer is a boundary, too: what it breaks is its own.
                log.exception("an observer of session %s broke", self.name)
