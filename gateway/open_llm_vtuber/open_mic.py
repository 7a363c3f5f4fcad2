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
    from .client import Client

IDLE_S = 2.0
"""A microphone of which nothing comes for so long is off."""
WORDS = 8
"""What the client's session has not taken yet, at most."""


@dataclass(slots=True)
class _Open:
    """``heard``: something came since it was last looked at."""

    session: Session
    ears: MicEars
    position: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class OpenMic:
    """Of one client; what it begins runs in ``client.tasks``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._open: _Open | None = None
        self._tasks: deque[asyncio.Task[None]] = deque()
        self._words: Channel[UserInput] = Channel(WORDS)
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
        if (why := why_deaf(self._client.doors.engine.hearing)) is not None:
            self._complain(why)
            return
        opened = self._open
        if opened is None or opened.session is not self._client.session:
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
        async for heard in self._words:
            self._client.send(told.control("mic-audio-end"))
            try:
                await self._client.say(heard)
            except HayakuchiError as error:
                self._client.complain(error)

    def cut_in(self) -> None:
        """Somebody speaks to her while she speaks."""
        session = self._client.session
        if session.turn is None or session.turns == self._cut:
            return
        self._cut = session.turns
        self._client.send(told.control("interrupt"))
        self._client.interrupt()

    def words(self, heard: UserInput) -> None:
        if self._client.gone:
            raise SessionClosed("the client has gone")
        if not self._words.put_nowait(heard):
            raise CapacityError("what was said before is not answered yet", retry_after_s=1.0)

    def failed(self, failure: ProviderFailed) -> None:
        self._complain(HayakuchiError(f"{failure.provider}: {failure.message}"))

    def _opened(self) -> _Open:
        self.stop()
        self._tasks = deque(task for task in self._tasks if not task.done())
        while len(self._tasks) > UNFINISHED:
            self._tasks.popleft().cancel()
        client, engine = self._client, self._client.doors.engine
        heard: Any = HeardSession(client.session, self)
        settings = engine.settings.ears
        # There is no button in their protocol: a microphone that is open is one whose button is down.
        mode = Mode.OPEN_MIC if settings.mode is Mode.PUSH_TO_TALK else settings.mode
        ears = engine.new_ears(heard, mode, half_duplex=settings.half_duplex)
        opened = self._open = _Open(client.session, ears)
        self._tasks.append(client.tasks.create_task(self._listen(opened), name=f"client {client.uid}: ears"))
        return opened

    async def _listen(self, opened: _Open) -> None:
        stop = self._client.doors.engine.hearing.observe(self._tell_status)
        try:
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(self._until_idle(opened), name=f"client {self._client.uid}: idle")
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
            self._client.complain(with_remedy(failure, self._client.doors.engine.hearing))
