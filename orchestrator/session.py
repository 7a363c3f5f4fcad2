"""A session: one conversation with one avatar, outliving every turn.

Whoever speaks puts a command into the inbox; the session runs one turn at a time, and a new command ends the turn that is
running. Observers are told every event at once, in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ..agents import Agent
from ..core.channel import Channel
from ..core.character import DEFAULT_EXPRESSIONS, Character
from ..core.clock import loop_ms
from ..core.errors import CapacityError, SessionClosed
from ..core.events import SessionEvent, TurnEnded, TurnStatus
from ..core.types import LLMDelta, TextDelta, UserInput
from ..tts import TTS
from .cutter import Cutter
from .history import History
from .playback import Playback
from .turn import Turn, TurnSettings

INBOX = 8

log = logging.getLogger(__name__)

Observer = Callable[[SessionEvent], None]
"""Told of every event as it happens. It must neither wait nor raise."""


@dataclass(frozen=True, slots=True)
class _Say:
    heard: UserInput
    at: float


@dataclass(frozen=True, slots=True)
class _Greet:
    at: float


@dataclass(frozen=True, slots=True)
class _Interrupt:
    pass


_Command = _Say | _Greet | _Interrupt


class Session:
    """``run`` does the work until :meth:`close`; the other methods only leave word and never wait."""

    def __init__(
        self, name: str, *, agent: Agent, voice: TTS, character: Character, playback: Playback, settings: TurnSettings
    ) -> None:
        self.name = name
        self.character = character
        self.playback = playback
        self.history = History()
        self.turn: Turn | None = None
        """The turn that is running."""
        self.heard: UserInput | None = None
        """What the running turn answers."""
        self._agent = agent
        self._voice = voice
        self._settings = settings
        self._inbox: Channel[_Command] = Channel(INBOX)
        self._observers: list[Observer] = []
        self._turns = 0

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell ``observer`` of everything from here on; call what is returned to stop that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def say(self, heard: UserInput) -> None:
        """Somebody said something: what is being spoken stops, and the avatar answers. Raises CapacityError, SessionClosed."""
        self._leave_word(_Say(heard, loop_ms()))

    def greet(self) -> None:
        """Speak the opening line, unless something was said before. Raises CapacityError, SessionClosed."""
        self._leave_word(_Greet(loop_ms()))

    def interrupt(self) -> None:
        """Stop speaking. Raises CapacityError, SessionClosed."""
        self._leave_word(_Interrupt())

    def close(self) -> None:
        """End ``run`` and the turn that is running; idempotent."""
        self._inbox.close()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            running: asyncio.Task[None] | None = None
            async for command in self._inbox:
                if isinstance(command, _Greet) and not self._may_greet():
                    continue
                await _ended(running)
                running = None
                if not isinstance(command, _Interrupt):
                    running = group.create_task(self._run_turn(command), name=f"session {self.name}: turn")
                    await asyncio.sleep(
                        0
                    )  # let it begin: a task cancelled before that would leave no trace of the message
            await _ended(running)

    def _may_greet(self) -> bool:
        return self.turn is None and not self.history and bool(self.character.opening_line)

    def _leave_word(self, command: _Command) -> None:
        if self._inbox.closed:
            raise SessionClosed(f"session {self.name!r} has ended")
        if not self._inbox.put_nowait(command):
            raise CapacityError("too many messages at once", retry_after_s=1.0)

    async def _run_turn(self, command: _Say | _Greet) -> None:
        self._turns += 1
        self.heard = command.heard if isinstance(command, _Say) else None
        turn = self.turn = Turn(
            self._turns,
            heard=self.heard,
            heard_at=command.at,
            reply=self._reply(self.heard),
            cutter=self._cutter(self.heard),
            voice=self._voice,
            playback=self.playback,
            publish=self._publish,
            settings=self._settings,
        )
        status = TurnStatus.INTERRUPTED
        heard_reply = code = message = None
        try:
            await turn.run()
            heard_reply = turn.reply.rstrip()
            status = TurnStatus.FAILED if turn.error else TurnStatus.COMPLETED
            if turn.error:
                code, message = turn.error.code, str(turn.error)
        except Exception:
            # The turn is a boundary: whatever breaks in it, the session lives on.
            log.exception("turn %d of session %s broke", turn.number, self.name)
            status, code, message = TurnStatus.FAILED, "internal", "an internal error; the log has the details"
        finally:
            if heard_reply is None:
                heard_reply = turn.heard_reply
            self.history.add(self.heard, heard_reply)
            self.turn = self.heard = None
            self._publish(TurnEnded(turn.number, status, turn.reply, heard_reply, code, message))

    def _reply(self, heard: UserInput | None) -> AsyncIterator[LLMDelta]:
        if heard is None:
            return _spoken_line(self.character.opening_line)
        return self._agent.reply(heard, self.history.messages)

    def _cutter(self, heard: UserInput | None) -> Cutter:
        whole = not self._agent.config.enable_streaming or (heard is not None and heard.whole_reply)
        known = {*self.character.expressions, *DEFAULT_EXPRESSIONS}
        return Cutter(expressions=known, lexicon=self.character.lexicon, whole=whole)

    def _publish(self, event: SessionEvent) -> None:
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception:
                # An observer is a boundary, too: what it breaks is its own.
                log.exception("an observer of session %s broke", self.name)


async def _ended(turn: asyncio.Task[None] | None) -> None:
    """Cancel the turn and wait until nothing of it runs any more."""
    if turn is not None and not turn.done():
        turn.cancel()
        await asyncio.wait([turn])


async def _spoken_line(text: str) -> AsyncIterator[LLMDelta]:
    yield TextDelta(text)
