"""The play clock of a session: how much was sent to the listener, how much of it was heard, and when more may be sent.

A socket would swallow a minute of audio before it pushes back. So no more than ``max_ahead_ms`` is ever sent ahead of what
the listener says it has played. Who tells the time:

    LISTENER  the viewer that holds the sound reports what it played. No progress for 5 s with audio left: it is given up,
              unless somebody else sees to that (``stalled_after_ms``).
    WAITING   the listener has just left; for 3 s time stands still, so that a reloaded page can go on where it stopped.
    ALONE     nobody listens; speech goes on in silence at the pace of the clock on the wall.

While it is paused time stands still, whoever tells it: nothing is sent, and nobody is given up. A listener may still report
what it had played before it fell silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from math import inf

from ..core.clock import loop_ms
from ..core.deadline import Patience
from ..core.types import BYTES_PER_SAMPLE, Audio

STALLED_AFTER_MS = 5_000.0
WAIT_FOR_LISTENER_MS = 3_000.0
SPENT_MS = 1.0
"""What is left when all was heard, for listeners that round what they report."""


class PlayClock(StrEnum):
    LISTENER = "listener"
    WAITING = "waiting"
    ALONE = "alone"


class Playback:
    """One per session; ``begin`` starts a turn's timeline at 0."""

    def __init__(self, sample_rate: int, max_ahead_ms: float = 400.0) -> None:
        self.sample_rate = sample_rate
        self.max_ahead_ms = max_ahead_ms
        self.turn = 0
        self.clock = PlayClock.ALONE
        self.on_stalled: Callable[[], None] = lambda: None
        """Called when the listener was given up because it made no progress."""
        self.on_play_start: Callable[[], None] = lambda: None
        """Called when the listener begins to play a turn, or reports for the first time that it did."""
        self.on_all_sent: Callable[[], None] = lambda: None
        """Called when the whole of a turn was sent, and it is only the listener that is waited for."""
        self.stalled_after_ms = STALLED_AFTER_MS
        """Infinite: the listener is never given up."""
        self.confirms = False
        """The listener itself says when it has heard everything: :meth:`confirmed`."""
        self._started = self._confirmed = False
        self._sent_samples = 0
        self._played_ms = 0.0
        self._since = 0.0
        self._paused = False
        self._changed = asyncio.Event()
        self._ready: Callable[[], bool] | None = None
        """What is waited for."""
        self._patience: Patience | None = None

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def position(self) -> int:
        """Samples sent in this turn: where the next audio begins."""
        return self._sent_samples

    @property
    def sent_ms(self) -> float:
        return self._sent_samples * 1000 / self.sample_rate

    def played_ms(self) -> float:
        """How much of this turn's audio was heard."""
        if self.clock is PlayClock.ALONE and not self._paused:
            now = loop_ms()
            self._played_ms = min(self.sent_ms, self._played_ms + now - self._since)
            self._since = now
        return self._played_ms

    def ahead_ms(self) -> float:
        """Audio that was sent and is not heard yet."""
        return self.sent_ms - self.played_ms()

    def begin(self, turn: int) -> None:
        self._paused = False
        if self.clock is PlayClock.WAITING and loop_ms() - self._since >= WAIT_FOR_LISTENER_MS:
            self.clock = PlayClock.ALONE
        self.turn, self._sent_samples, self._played_ms, self._since = turn, 0, 0.0, loop_ms()
        self._started = self._confirmed = False

    def started(self, turn: int) -> None:
        """The listener begins to play this turn; idempotent."""
        if turn == self.turn and not self._started:
            self._started = True
            self.on_play_start()

    def reported(self, turn: int, played_ms: float) -> None:
        """The listener has played this turn up to ``played_ms``. Late and impossible reports are ignored."""
        if turn != self.turn or self.clock is not PlayClock.LISTENER:
            return
        played_ms = min(played_ms, self.sent_ms)
        if played_ms > self._played_ms:
            self.started(turn)
            self._played_ms, self._since = played_ms, loop_ms()
            self._tell()

    def confirmed(self, turn: int) -> None:
        """The listener has heard all that was sent of this turn."""
        self.reported(turn, self.sent_ms)
        if turn == self.turn:
            self._confirmed = True
            self._tell()

    def heard_at_most(self, played_ms: float) -> None:
        """The listener stopped there, though it had reported more."""
        self._played_ms = min(self._played_ms, max(played_ms, 0.0))

    def pause(self) -> None:
        """Hold the voice where it is; idempotent, until :meth:`resume` or the next turn."""
        self.played_ms()
        self._paused = True
        self._tell()

    def resume(self) -> None:
        """Go on where it was held; idempotent."""
        if self._paused:
            self._paused, self._since = False, loop_ms()
            self._tell()

    def listener_joined(self) -> None:
        self.played_ms()
        self._switch(PlayClock.LISTENER)

    def listener_left(self) -> None:
        if self.clock is PlayClock.LISTENER:
            self._switch(PlayClock.WAITING)

    async def send(self, audio: Audio) -> int:
        """Wait until ``audio`` may be sent and count it as sent; its position in samples."""
        await self._until(lambda: not self._paused and self._has_room(audio))
        if self.ahead_ms() <= SPENT_MS:
            self._since = loop_ms()
        position = self._sent_samples
        self._sent_samples += len(audio.pcm) // BYTES_PER_SAMPLE
        return position

    async def drained(self) -> None:
        """All of a turn was sent: wait until it was heard."""
        self.on_all_sent()
        await self._until(self._all_heard)

    def _all_heard(self) -> bool:
        confirmed = self._confirmed or not (self.confirms and self._sent_samples)
        return confirmed and self.ahead_ms() <= SPENT_MS

    def _has_room(self, audio: Audio) -> bool:
        ahead_ms = self.ahead_ms()
        return ahead_ms + audio.duration_ms <= self.max_ahead_ms or ahead_ms <= SPENT_MS

    def _switch(self, clock: PlayClock) -> None:
        self.clock, self._since = clock, loop_ms()
        self._tell()

    async def _until(self, ready: Callable[[], bool]) -> None:
        if ready():
            return
        patience = self._patience = self._patience or Patience()
        self._ready = ready
        try:
            while not ready():
                self._changed.clear()
                patience.begin(self._patience_ms() / 1000)
                try:
                    await self._changed.wait()
                except asyncio.CancelledError:
                    if not patience.is_up():
                        raise
                    if not self._paused:
                        self._lost_patience()
                finally:
                    patience.end()
        finally:
            self._ready = None

    def _tell(self) -> None:
        """Something has changed. Who waits is woken only if that is what it waits for; else it goes on with new patience."""
        if self._ready is None or self._patience is None or self._ready():
            self._changed.set()
        else:
            self._patience.extend(self._patience_ms() / 1000)

    def _patience_ms(self) -> float:
        if self._paused:
            return inf
        waited_ms = loop_ms() - self._since
        if self.clock is PlayClock.LISTENER:
            return max(self.stalled_after_ms - waited_ms, 0.0)
        if self.clock is PlayClock.WAITING:
            return max(WAIT_FOR_LISTENER_MS - waited_ms, 0.0)
        return max(min(self.ahead_ms(), 20.0), 1.0)

    def _lost_patience(self) -> None:
        waited_ms = loop_ms() - self._since
        if self.clock is PlayClock.LISTENER and waited_ms >= self.stalled_after_ms:
            self._switch(PlayClock.ALONE)
            self.on_stalled()
        elif self.clock is PlayClock.WAITING and waited_ms >= WAIT_FOR_LISTENER_MS:
            self._switch(PlayClock.ALONE)
