"""One microphone of one session: its sound goes to the recogniser, what is understood to turn-taking, and what that decides
to the session.

    feed ─► MicTrack ─► gate ─► Recogniser ─HearingEvent─► TurnTaking ─Action─► Session
                          ▲ half-duplex, push-to-talk, recognisers not there        │
                          └──────────────── VoiceNow ◄──────────────────────────────┘
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, assert_never

from ..asr.hearing import HearingEvent, Onset
from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, CapacityError, ProviderError, SessionClosed
from ..core.events import ProviderFailed, SessionEvent, TurnEnded
from ..core.types import SpeechTimes, UserInput
from .floor import Action, Drop, Interrupt, Pause, Resume, Say, Show, Think, VoiceNow
from .hearing import Hearing, HearingState
from .mic_track import MicTrack
from .session import Session
from .turn_taking import TurnTaking

DRAIN_S = 20.0
"""How long what was said last may take to be understood when the microphone is off, and to be told."""
RETRY_MS = 50.0
POLL_MS = 10.0
"""Turn-taking is asked no more often than this."""
EARLY_BYTES = 320_000
"""Sound that is kept while the detector of speech is being loaded: 10 s."""
WORDS = 32
"""What a session that takes nothing is still to be told, at most."""

log = logging.getLogger(__name__)

Word = Think | Drop | Interrupt | Say
"""What goes through the session's inbox."""


class Listening(Protocol):
    """What is asked of a ``Recogniser``."""

    def feed(self, pcm: bytes) -> None: ...
    def finish(self) -> None: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...
    async def run(self) -> None: ...


Failure = ProviderError | AllProvidersFailed
NewRecogniser = Callable[[Callable[[HearingEvent], None], Callable[[Failure], None]], Awaitable[Listening]]
"""Makes one that tells there what it hears, and what could not be transcribed; loads what it needs first."""


class Ears:
    """``run`` listens until :meth:`stop`, or until the session ends; the other methods never wait and never raise."""

    def __init__(
        self,
        session: Session,
        hearing: Hearing,
        turn_taking: TurnTaking,
        new_recogniser: NewRecogniser,
        *,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._session, self._hearing, self._turn_taking = session, hearing, turn_taking
        self._new_recogniser, self._prepare = new_recogniser, prepare
        self._recogniser: Listening | None = None
        self._early = bytearray()
        self._track = MicTrack()
        self._gate_open = False
        self._untold: deque[Word] = deque(maxlen=WORDS)
        self._turn_ended = False
        self._stopped = asyncio.Event()
        self._changed = asyncio.Event()

    def feed(self, pcm: bytes, position: int) -> None:
        """Sound of the microphone, 16 kHz; ``position``: samples from its beginning. Gaps are heard as silence."""
        pcm = self._track.placed(pcm, position)
        if self._stopped.is_set() or not self._listens():
            return
        if self._recogniser is not None:
            self._recogniser.feed(pcm)
        elif len(self._early) < EARLY_BYTES:
            self._early += pcm

    def talk(self, down: bool) -> None:
        """The button of push-to-talk is pressed, or let go of: what was said until then is said."""
        self._act(self._turn_taking.talk(down, self._voice(), loop_ms()))
        if self._gate_open and not self._wanted():
            self._gate_open = False
            if self._recogniser is not None:
                self._recogniser.finish()
        self._changed.set()

    def stop(self) -> None:
        """The microphone is off: what was said so far is said, and then ``run`` ends; idempotent."""
        self._stopped.set()

    async def run(self) -> None:
        """Listen. Whatever breaks in it, the session lives on, and can be written to."""
        self._hearing.wake()
        unobserve = self._session.observe(self._observe)
        try:
            recogniser = await self._new_recogniser(self._hear, self._failed)
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(recogniser.run(), name="listen")
                polling = group.create_task(self._poll(), name="take turns")
                self._begin(recogniser)
                await self._stopped.wait()
                recogniser.close()
                await self._drained(listening)
                listening.cancel()
                polling.cancel()
        except Exception:
            # The ears are a boundary: without them the avatar still reads.
            log.exception("the ears of session %s broke", self._session.name)
        finally:
            self._stopped.set()
            unobserve()
            self._session.resume(self)

    def _begin(self, recogniser: Listening) -> None:
        self._recogniser = recogniser
        if self._early:
            recogniser.feed(bytes(self._early))
            self._early.clear()
            if not self._gate_open:
                recogniser.finish()

    async def _drained(self, listening: asyncio.Task[None]) -> None:
        """Wait until what was said so far is understood and the session was told."""
        await asyncio.wait([listening], timeout=DRAIN_S)
        self._act(self._turn_taking.leave(self._voice(), loop_ms()))
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._untold:
                    self._changed.clear()
                    await self._changed.wait()

    def _listens(self) -> bool:
        """Whether sound is for the recogniser. What is half said when a gate closes is forgotten."""
        wanted = self._wanted()
        if self._gate_open and not wanted:
            self._early.clear()
            if self._recogniser is not None:
                self._recogniser.forget()
        self._gate_open = wanted
        return wanted

    def _wanted(self) -> bool:
        able = self._hearing.status.state in (HearingState.LOADING, HearingState.READY)
        return able and self._turn_taking.listens(self._voice(), loop_ms())

    def _voice(self) -> VoiceNow:
        air = self._session.on_air
        return VoiceNow(air.speaking, air.paused, air.said_lately(), air.quiet_since)

    def _hear(self, event: HearingEvent) -> None:
        if isinstance(event, Onset):
            self._prepare()
        self._act(self._turn_taking.take(event, self._voice(), loop_ms()))
        self._changed.set()

    def _failed(self, failure: Failure) -> None:
        for error in failure.attempts if isinstance(failure, AllProvidersFailed) else (failure,):
            of = (self._session.turns, error.kind, error.provider, error.code, error.retryable, error.message)
            self._session.tell(ProviderFailed(*of, fallback=None))

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, TurnEnded):
            self._turn_ended = True
            self._changed.set()

    async def _poll(self) -> None:
        """Ask turn-taking again when it wants to be asked, and when a turn ends."""
        while True:
            await self._until_due()
            self._turn_ended = False
            self._tell()
            self._act(self._turn_taking.poll(self._voice(), loop_ms()))

    async def _until_due(self) -> None:
        earliest = loop_ms() + POLL_MS
        while not self._turn_ended:
            dues = [self._turn_taking.next_poll(), earliest + RETRY_MS if self._untold else None]
            due = min((at for at in dues if at is not None), default=None)
            self._changed.clear()
            try:
                async with asyncio.timeout_at(None if due is None else max(due, earliest) / 1000):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Pause():
                    self._session.pause(self)
                case Resume():
                    self._session.resume(self)
                case Show(event=event):
                    self._session.tell(event)
                case Think() | Drop() | Interrupt() | Say():
                    self._untold.append(action)
                    self._tell()
                case _:
                    assert_never(action)

    def _tell(self) -> None:
        """Leave word with the session, in order; what it has no room for waits."""
        try:
            while self._untold:
                self._pass_on(self._untold[0])
                self._untold.popleft()
            self._changed.set()
        except CapacityError:
            return  # it is told again soon
        except SessionClosed:
            self._untold.clear()
            self.stop()

    def _pass_on(self, word: Word) -> None:
        match word:
            case Think(text=text):
                self._session.think_ahead(_spoken(text))
            case Drop():
                self._session.drop_ahead()
            case Interrupt():
                self._session.interrupt()
            case Say(text=text, times=times):
                self._session.say(_spoken(text, times))


def _spoken(text: str, times: SpeechTimes | None = None) -> UserInput:
    return UserInput(text, speech=times)
