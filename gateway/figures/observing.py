"""What is counted as it happens: plain methods that the doors call, and an observer that counts what sessions tell.

Each call takes a few microseconds, and none of them waits or raises for what callers send.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...core.errors import ProviderError
from ...core.events import (
    AudioSent,
    LatencyBreached,
    ProviderFailed,
    SessionEvent,
    ToolUsed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from ...core.tool_use import ToolStatus
from ...core.types import Usage
from ...orchestrator.latency import Moment
from . import names
from .names import FIGURES, PREFIX, Figure, Kind

if TYPE_CHECKING:
    from ...orchestrator.session import Session
    from ...orchestrator.turn import Turn

STAGE = "stage"
"""The door of spoken turns."""
API = "api"
LISTENER = "listener"
"""The door of those whose sound is written down."""
LEFT_MS = 1.0
"""Less sound than this in hand is none."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WS"})
CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013})
OTHER = "other"


class Figures:
    """One per server; ``registry`` holds what was counted."""

    def __init__(self) -> None:
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # they double the text, and nobody asks for them

        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.GCCollector(registry=self.registry)
        self._made: dict[str, Any] = {}
        self._children: dict[tuple[str, tuple[object, ...]], Any] = {}
        for figure in FIGURES:
            if figure.kind is Kind.COUNTER and figure is not names.CACHE_REQUESTS:
                self._made[figure.name] = prometheus.Counter(
                    PREFIX + figure.name, figure.help, figure.labels, registry=self.registry
                )
            elif figure.kind is Kind.HISTOGRAM:
                self._made[figure.name] = prometheus.Histogram(
                    PREFIX + figure.name,
                    figure.help,
                    figure.labels,
                    buckets=tuple(figure.buckets),
                    registry=self.registry,
                )
        self.in_flight = {"http": 0, "websocket": 0}
        self.listeners = 0
        self.load_s: dict[tuple[str, str], float] = {}
        """By kind and engine: how long it took last."""

    def request(self, route: str, method: str, status: int, seconds: float, first_byte_s: float | None) -> None:
        """An HTTP request was answered; ``route`` is a route's template."""
        self._count(names.REQUESTS, route, _known(method, METHODS), status)
        self._time(names.REQUEST_TIME, seconds, route)
        if first_byte_s is not None:
            self._time(names.FIRST_BYTE, first_byte_s, route)

    def websocket(self, route: str, status: int, code: int | None) -> None:
        """A WebSocket was refused with this status (``code`` None), or accepted (101) and closed with this code."""
        self._count(names.REQUESTS, route, "WS", status)
        if code is not None:
            self._count(names.CLOSES, route, _known(code, CLOSE_CODES))

    def refused(self, reason: str) -> None:
        """``reason``: the code of the error, a word of the program's."""
        self._count(names.REFUSALS, reason)

    def turn(self, door: str, status: str) -> None:
        """A reply ended."""
        self._count(names.TURNS, door, status)
        if status == TurnStatus.INTERRUPTED:
            self._count(names.INTERRUPTS, door)

    def tokens(self, model: str, usage: Usage, seconds: float | None = None) -> None:
        """What a model's server counted; ``seconds``: from the first piece of the reply to its end."""
        self._count(names.TOKENS, model, "prompt", by=usage.prompt_tokens)
        self._count(names.TOKENS, model, "completion", by=usage.completion_tokens)
        if seconds and usage.completion_tokens > 1:
            self._time(names.TOKEN_RATE, usage.completion_tokens / seconds, model)

    def failure(self, kind: str, provider: str, code: str) -> None:
        """A request to a provider failed."""
        self._count(names.FAILURES, kind, provider, code)

    def provider_failed(self, error: ProviderError) -> None:
        """:meth:`failure`, of an error."""
        self.failure(error.kind, error.provider, error.code)

    def tool_call(self, status: ToolStatus) -> None:
        """How far a call is; it counts when it has ended."""
        if status is not ToolStatus.RUNNING:
            self._count(names.TOOL_CALLS, status.value)

    def breach(self, figure: str, stage: str) -> None:
        self._count(names.BREACHES, figure, stage)

    def latency(self, figure: str, ms: float) -> None:
        self._time(names.LATENCY, ms / 1000, figure)

    def stage(self, stage: str, ms: float) -> None:
        self._time(names.STAGES, ms / 1000, stage)

    def stalled(self, side: str) -> None:
        """``voice``: no sound was in hand within a reply; ``listener``: who played it stood still."""
        self._count(names.STALLS, side)

    def audio(self, door: str, direction: str, seconds: float) -> None:
        """``in``: it was heard; ``out``: it was spoken."""
        self._count(names.AUDIO, door, direction, by=seconds)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Somebody's sound is written down within."""
        self.listeners += 1
        try:
            yield
        finally:
            self.listeners -= 1

    def lag(self, seconds: float) -> None:
        """The server woke up so late."""
        self._time(names.LAG, seconds)

    def committed(self, seconds: float) -> None:
        """Something was written to disk. May be called by any thread."""
        self._time(names.COMMITS, seconds)

    def _count(self, figure: Figure, *labels: object, by: float = 1) -> None:
        self._child(figure, labels).inc(by)

    def _time(self, figure: Figure, value: float, *labels: str) -> None:
        self._child(figure, labels).observe(max(value, 0.0))

    def _child(self, figure: Figure, labels: tuple[object, ...]) -> Any:
        """Found once: prometheus_client takes longer to find it than to count."""
        key = (figure.name, labels)
        child = self._children.get(key)
        if child is None:
            made = self._made[figure.name]
            child = self._children[key] = made.labels(*labels) if labels else made
        return child


class SessionObserver:
    """Counts the turns of one session; give :meth:`observe` to it."""

    def __init__(self, figures: Figures, session: Session, model: Any) -> None:
        """``model()`` is the name of the model that answers."""
        self._figures, self._session, self._model = figures, session, model
        self._turn: Turn | None = None
        self._out_ms = 0.0
        self._called = self._waits = False
        """Whether the turn has called a tool, and whether it has said nothing since then."""

    def observe(self, event: SessionEvent) -> None:
        match event:
            case AudioSent():
                self._sent(event)
            case TurnStarted():
                self._turn, self._out_ms = self._session.turn, 0.0
                self._called = self._waits = False
            case ToolUsed():
                self._called = self._waits = True
                self._figures.tool_call(event.status)
            case ProviderFailed():
                self._figures.failure(event.kind, event.provider, event.code)
            case LatencyBreached():
                self._figures.breach(event.figure, event.stage)
            case TurnEnded():
                self._ended(event)
            case _:
                pass

    def _sent(self, event: AudioSent) -> None:
        playback = self._session.playback
        in_hand = event.position * 1000 / playback.sample_rate - playback.played_ms()
        if event.position and in_hand <= LEFT_MS and not self._waits:
            self._figures.stalled("voice")
        self._waits = False
        self._out_ms += event.audio.duration_ms

    def _ended(self, event: TurnEnded) -> None:
        figures = self._figures
        figures.turn(STAGE, event.status)
        if self._out_ms:
            figures.audio(STAGE, "out", self._out_ms / 1000)
        turn, self._turn = self._turn, None
        if turn is None or turn.heard is None:
            return
        trace = turn.trace
        if turn.usage is not None:
            written_ms = trace.between(Moment.LLM_FIRST_TOKEN, Moment.THOUGHT)
            written_s = None if self._called else (written_ms or 0.0) / 1000
            figures.tokens(self._model() or OTHER, turn.usage, written_s)
        if not turn.whole:
            for name, ms in trace.figures().items():
                figures.latency(name, ms)
            for name, ms in (trace.hearing() | trace.stages()).items():
                figures.stage(name, ms)


def _known(value: object, known: frozenset[Any]) -> object:
    return value if value in known else OTHER
