"""What a turn tells of itself besides speech: failures of its providers, and how fast it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, ProviderError
from ..core.events import LatencyBreached, LatencyMeasured, ProviderFailed, SessionEvent
from ..core.types import SpeechTimes
from .latency import LatencyTrace, Moment


class TurnReport:
    """Publishes figures with the first audio and at the end, and each breach of a threshold (ms) once."""

    def __init__(self, publish: Callable[[SessionEvent], None], thresholds: Mapping[str, float]) -> None:
        self.trace = LatencyTrace()
        self.turn = 0
        """The turn's number, once it has one."""
        self._publish = publish
        self._thresholds = thresholds
        self._breached: set[str] = set()
        self._failed_kinds: set[str] = set()

    def begin(self, turn: int, heard_at: float, speech: SpeechTimes | None) -> None:
        """The turn has its number, and somebody waits for it since ``heard_at`` (ms); ``speech``: when it was asked for."""
        self.turn = turn
        self.trace.mark(Moment.HEARD, heard_at)
        if speech is not None:
            self.trace.mark(Moment.SPEECH_END, speech.ended)
            self.trace.mark(Moment.END_CONFIRMED, speech.confirmed)
            self.trace.mark(Moment.FINAL_TEXT, speech.transcribed)

    def mark(self, moment: Moment) -> None:
        """It happens at this moment; only the first time counts."""
        self.trace.mark(moment, loop_ms())

    def first_audio(self) -> None:
        """Audio goes out; the first time, the figures are told."""
        if Moment.FIRST_AUDIO not in self.trace.marks:
            for moment in (Moment.TTS_REQUEST, Moment.TTS_FIRST_CHUNK):
                self.mark(moment)  # where the voice failed at the first segment, and the sound is a later one's
            self.mark(Moment.FIRST_AUDIO)
            self.latency()

    def latency(self) -> None:
        """Tell the figures known so far."""
        figures = self.trace.figures()
        if not figures:
            return
        self._publish(LatencyMeasured(self.turn, figures, self.trace.stages(), self.trace.hearing()))
        for breach in self.trace.breaches(self._thresholds):
            if breach.figure not in self._breached:
                self._breached.add(breach.figure)
                event = LatencyBreached(self.turn, breach.figure, breach.value_ms, breach.threshold_ms, breach.stage)
                self._publish(event)

    def failure(self, error: ProviderError, fallback: str | None) -> None:
        """A provider failed; ``fallback`` takes over, or nothing does."""
        self._failed_kinds.add(error.kind)
        event = ProviderFailed(
            self.turn, error.kind, error.provider, error.code, error.retryable, error.message, fallback
        )
        self._publish(event)

    def silenced(self, error: AllProvidersFailed) -> None:
        """No voice is left to try. Each failure was told when it happened; failures of earlier turns are told once."""
        if error.kind not in self._failed_kinds:
            for attempt in error.attempts:
                self.failure(attempt, None)
