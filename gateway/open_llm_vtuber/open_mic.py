"""A microphone that a client leaves open: here the server finds out when somebody speaks, and whether to the avatar."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...asr.settings import Mode
from ...core.channel import Channel
from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError, SessionClosed
from ...core.events import ProviderFailed
from ...core.types import BYTES_PER_SAMPLE, UserInput
from ...orchestrator.hearing import HearingState, HearingStatus
from ..stage.microphone import UNFINISHED, MicEars
from . import server_messages as told
from .heard_session import HeardSession
from .not_heard import Complaints, why_deaf, with_remedy

if TYPE_CHECKING:
    from ...orchestrator.session import Session
    from .person import Person

IDLE_S = 2.0
"""A microphone of which nothing comes for so long is off."""
WORDS = 8
"""What the client's session has not taken yet, at most."""


@dataclass(frozen=True, slots=True)
class _Said:
    """``session``: to which it was said."""

    session: Session
    heard: UserInput


@dataclass(slots=True)
class _Open:
    """``heard``: something came since it was last looked at."""

    session: Session
    ears: MicEars
    position: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class OpenMic:
    """Of one person; what it begins runs in ``person.tasks``."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._open: _Open | None = None
        self._tasks: deque[asyncio.Task[None]] = deque()
        self._words: Channel[_Said] = Channel(WORDS)
        self._cut = 0
        """The last turn that was cut in on."""
        self._complaints = Complaints()

    @property
    def on(self) -> bool:
        """Whether it is listened to."""
        return self._open is not None

    @property
    def pending(self) -> bool:
        """Whether something was understood that is not said yet."""
        return len(self._words) > 0

    def hear(self, pcm: bytes) -> None:
        """Sound. Never raises: where nobody listens to microphones, the client is told."""
        if (why := why_deaf(self._person.doors.engine.hearing)) is not None:
            self._complain(why)
            return
        opened = self._open
        if opened is None or opened.session is not self._person.session:
            opened = self._opened()
        opened.heard.set()
        opened.ears.feed(pcm, opened.position)
        opened.position += len(pcm) // BYTES_PER_SAMPLE

    def stop(self) -> None:
        """It is off; what was said so far is still understood. Idempotent."""
        if self._open is not None:
            self._open.ears.stop()
            self._open = None

    def forget(self) -> None:
        """It is off, and what was said so far is not answered."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        while self._words.get_nowait() is not None:
            pass
        self._cut = 0

    async def run(self) -> None:
        """Say what is understood, until cancelled."""
        async for said in self._words:
            try:
                await self._say(said)
            except HayakuchiError as error:
                self._person.complain(error)

    async def _say(self, said: _Said) -> None:
        """Raises SessionClosed where another conversation goes on by then, and what ``person.say`` does."""
        person = self._person

        def elsewhere() -> bool:
            # One whose session was lost goes on in another session.
            return person.session.name != said.session.name

        answered = False
        if not elsewhere():
            person.send(told.control("mic-audio-end"))
            answered = await person.say(said.heard, unless=elsewhere)
        if not answered:
            raise SessionClosed("what you said last is not answered: another conversation has begun meanwhile")

    def cut_in(self) -> None:
        """Somebody speaks to her while she speaks."""
        session = self._person.session
        if session.turn is None or session.turns == self._cut:
            return
        self._cut = session.turns
        self._person.cut_in()

    def words(self, heard: UserInput, session: Session) -> None:
        if self._person.gone:
            raise SessionClosed("the client has gone")
        if not self._words.put_nowait(_Said(session, heard)):
            raise CapacityError("what was said before is not answered yet", retry_after_s=1.0)

    def failed(self, failure: ProviderFailed) -> None:
        self._complain(HayakuchiError(f"{failure.provider}: {failure.message}"))

    def _opened(self) -> _Open:
        self.stop()
        self._tasks = deque(task for task in self._tasks if not task.done())
        while len(self._tasks) > UNFINISHED:
            self._tasks.popleft().cancel()
        person, engine = self._person, self._person.doors.engine
        heard: Any = HeardSession(person.session, self)
        settings = engine.settings.ears
        # There is no button in their protocol: a microphone that is open is one whose button is down.
        mode = Mode.OPEN_MIC if settings.mode is Mode.PUSH_TO_TALK else settings.mode
        ears = engine.new_ears(heard, mode, half_duplex=settings.half_duplex)
        opened = self._open = _Open(person.session, ears)
        self._tasks.append(person.tasks.create_task(self._listen(opened), name=f"client {person.uid}: ears"))
        return opened

    async def _listen(self, opened: _Open) -> None:
        stop = self._person.doors.engine.hearing.observe(self._tell_status)
        try:
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(self._until_idle(opened), name=f"client {self._person.uid}: idle")
                await opened.ears.run()
                waiting.cancel()
        finally:
            stop()
            if self._open is opened:
                self._open = None

    async def _until_idle(self, opened: _Open) -> None:
        """Turn it off when nothing comes any more: what is half said is not kept for when it is on again."""
        try:
            while True:
                opened.heard.clear()
                async with asyncio.timeout(IDLE_S):
                    await opened.heard.wait()
        except TimeoutError:
            opened.ears.stop()
            if self._open is opened:
                self._open = None

    def _tell_status(self, status: HearingStatus) -> None:
        if status.state is HearingState.FAILED:
            self._complain(HayakuchiError(status.message or "speech recognition cannot be had"))

    def _complain(self, failure: HayakuchiError) -> None:
        if self._complaints.due(str(failure), loop_ms()):
            self._person.complain(with_remedy(failure, self._person.doors.engine.hearing))
