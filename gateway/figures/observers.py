"""Who watches each session for the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...orchestrator.session import Observer, Session
from .observing import Figures, SessionObserver
from .traces import Traces
from .turn_traces import TurnTracer


def observers(
    session: Session, figures: Figures, traces: Traces | None, model: Callable[[], str | None]
) -> Iterator[Observer]:
    """To be given to the session; ``model()`` is the name of the model that answers."""
    yield SessionObserver(figures, session, model).observe
    if traces is not None:
        yield TurnTracer(traces, session, model).observe
