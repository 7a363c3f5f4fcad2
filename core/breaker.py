"""A circuit breaker: a provider that keeps failing is left alone for a while, so that turns do not wait for it."""

from __future__ import annotations

from enum import StrEnum

from .errors import ProviderError

FAILURES_TO_OPEN = 3
FIRST_PAUSE_MS = 1_000.0
LONGEST_PAUSE_MS = 30_000.0


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Sans-IO state machine; every method takes the time (ms).

    closed → open after 3 failures in a row, or at once for a failure that nobody's waiting mends (a wrong key, a model that
    is not there) or that says itself how long to stay away. open → half-open when the pause is over: one request may try. It
    succeeds → closed; it fails → open for twice as long, 30 s at most unless the provider asked for more. Requests that began
    before it opened and fail while it is open change nothing: one outage counts once, however many felt it.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._pause_ms = FIRST_PAUSE_MS
        self._open_until: float | None = None
        self._trying = False

    def state(self, now: float) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    def allow(self, now: float) -> bool:
        """Whether a request may be made now. In half-open state only the first asker hears yes until its result is told."""
        state = self.state(now)
        if state is BreakerState.CLOSED:
            return True
        if state is BreakerState.OPEN or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        self._failures, self._pause_ms, self._open_until, self._trying = 0, FIRST_PAUSE_MS, None, False

    def failed(self, error: ProviderError, now: float) -> None:
        if not error.retryable:
            self._open(now, LONGEST_PAUSE_MS)
        elif self.state(now) is not BreakerState.OPEN:
            self._failures += 1
            if self._trying or self._failures >= FAILURES_TO_OPEN or error.retry_after_s:
                self.trip(error, now)

    def trip(self, error: ProviderError, now: float) -> None:
        """Open at once, whatever the count."""
        pause_ms = self._pause_ms if error.retryable else LONGEST_PAUSE_MS
        self._open(now, max(pause_ms, (error.retry_after_s or 0) * 1000))
        self._pause_ms = min(self._pause_ms * 2, LONGEST_PAUSE_MS)

    def leave_alone(self, now: float) -> None:
        """Open for the longest pause: it was asked on purpose whether it would serve, and would not."""
        self._open(now, LONGEST_PAUSE_MS)

    def abandoned(self) -> None:
        """The request that was allowed in half-open state was cancelled before it told anything: the next one may try."""
        self._trying = False

    def _open(self, now: float, pause_ms: float) -> None:
        self._open_until, self._trying = now + pause_ms, False
