"""What of an utterance is transcribed next, and when."""

from __future__ import annotations

from collections.abc import Callable

from ..core.clock import loop_ms
from .base import SAMPLE_RATE
from .decoding import Decoder, Job, Purpose
from .quiet_place import quietest
from .ring import Ring
from .settings import EarsSettings
from .utterance import Utterance

NEWS = SAMPLE_RATE // 10
"""Less new sound than this is not worth another look."""
UNTOLD_TICK_MS = 2000.0
"""How often sound that goes on after an utterance was over is searched for words."""


class Schedule:
    """One job at a time: while somebody speaks, what was said so far, as often as the settings and the engine let it; in a
    pause, all that was said, and at once; in between, what is too long for the decode window, piece by piece."""

    def __init__(self, decoder: Decoder, ring: Ring, settings: EarsSettings, partials: Callable[[], bool]) -> None:
        self._decoder, self._ring, self._partials = decoder, ring, partials
        self._window = round(settings.decode_window_seconds * SAMPLE_RATE)
        self._tick_ms = settings.tick_seconds * 1000

    def next(self, utterance: Utterance, *, paused: bool) -> Job | None:
        """What is to be begun now; it takes the place of what runs. ``paused``: the speaker has, or has come to the end."""
        running, now = self._decoder.job, loop_ms()
        if running is not None:
            outdated = running.purpose is Purpose.PARTIAL and paused and running.until < utterance.needed
            return self._job(utterance, paused, partial=False) if outdated else None
        if utterance.failure is not None and now < self._decoder.rests_until:
            return None
        return self._job(utterance, paused, partial=self._partials() and now >= self._partial_due(utterance))

    def sleep_s(self, utterance: Utterance | None, stalls_at: float) -> float | None:
        """Until there may be something to do though nothing is heard; None: until something is."""
        if utterance is None or (utterance.hard_end is not None and utterance.failure is None):
            return None
        now = loop_ms()
        times = (stalls_at, self._decoder.rests_until, self._partial_due(utterance))
        return (min((time for time in times if time > now), default=now) - now) / 1000

    def _job(self, utterance: Utterance, paused: bool, partial: bool) -> Job | None:
        end = self._ring.end if utterance.hard_end is None else utterance.hard_end
        if end - utterance.committed > self._window:
            utterance.commit_pause(self._window // 3)
        since = utterance.committed
        if end - since > self._window and (not paused or utterance.needed - since > self._window):
            middle = since + self._window // 2
            return Job(Purpose.PIECE, since, middle + quietest(self._ring.between(middle, since + self._window)))
        if paused:
            rest = Job(Purpose.REST, since, min(end, since + self._window))
            return rest if utterance.decoded < utterance.needed else None
        news = end - max(utterance.decoded, since)
        return Job(Purpose.PARTIAL, since, end) if partial and news >= NEWS else None

    def _partial_due(self, utterance: Utterance) -> float:
        searched = utterance.continues and not utterance.told
        due = max(self._decoder.rests_until, utterance.at + self._tick_ms)
        return due + (UNTOLD_TICK_MS if searched else 0.0)
