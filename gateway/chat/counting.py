"""What the figures are told of a reply in text."""

from __future__ import annotations

from types import TracebackType

from ...agents import QuickAgent
from ...core.clock import loop_ms
from ...core.events import TurnStatus
from ...core.types import TextDelta
from ...orchestrator.statistics import Mode, ReplyStatistics
from ..figures.observing import API, Figures
from .asking import heard_of
from .models import Mind, RawModel
from .prompt import prompt_of
from .reply import ChatEvent, Done
from .request import ChatRequest


def mode_of(request: ChatRequest, mind: Mind) -> Mode:
    """Whether a small model is asked for the first words."""
    if isinstance(mind, RawModel) or not isinstance(mind.agent, QuickAgent):
        return Mode.DIRECT
    return Mode.QUICK if mind.agent.asks_quick(heard_of(request, prompt_of(request.messages))) else Mode.DIRECT


class Counting:
    """One reply, from being asked for to its end; as a context it tells how that came."""

    def __init__(self, figures: Figures, statistics: ReplyStatistics, mind: Mind, mode: Mode) -> None:
        self._figures, self._statistics, self._mind, self._mode = figures, statistics, mind, mode
        self._asked_at = loop_ms()
        self._first_at: float | None = None
        self._done: Done | None = None

    def see(self, event: ChatEvent) -> None:
        """This is given out next."""
        if isinstance(event, Done):
            self._done = event
        elif self._first_at is None and isinstance(event, TextDelta):
            self._first_at = loop_ms()

    def __enter__(self) -> Counting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._done is not None:
            self._complete(self._done)
        elif isinstance(error, Exception):
            self._figures.turn(API, TurnStatus.FAILED)
        else:
            self._figures.turn(API, TurnStatus.INTERRUPTED)

    def _complete(self, done: Done) -> None:
        now = loop_ms()
        self._figures.turn(API, TurnStatus.COMPLETED)
        written_s = (now - self._first_at) / 1000 if self._first_at is not None else None
        if not done.estimated:
            self._figures.tokens(done.model, done.usage, written_s)
        if self._first_at is not None:
            self._statistics.add(self._mode, (self._first_at - self._asked_at) / 1000, (now - self._asked_at) / 1000)
