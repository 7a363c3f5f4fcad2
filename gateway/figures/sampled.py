"""What is looked up when somebody asks for the figures: what there is at the moment, and who is well."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ... import __version__
from ...core.breaker import BreakerState
from ...core.clock import loop_ms
from . import names
from .names import PREFIX, Figure, Kind
from .observing import API, STAGE

if TYPE_CHECKING:
    from ..doors import Doors

STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
Samples = Mapping[tuple[str, ...], float]
"""Values by those of the labels."""


class Sampled:
    """A collector of prometheus_client's. What it tells is looked up by :meth:`take`, on the event loop; writing all figures
    down takes long enough to be done by another thread."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._taken: dict[Figure, Samples] = {}

    def take(self) -> None:
        """What is told from here on is how it is at this moment."""
        self._taken = self.values()

    def describe(self) -> Sequence[Any]:
        """Nothing: asking for the figures' names must not need a running server."""
        return ()

    def collect(self) -> Iterator[Any]:
        yield from (_family(figure, samples) for figure, samples in self._taken.items())

    def values(self) -> dict[Figure, Samples]:
        """All of them at this moment."""
        return self._server() | self._crowd() | self._providers() | self._cache()

    def _server(self) -> dict[Figure, Samples]:
        doors = self._doors
        return {
            names.BUILD: {(__version__, platform.python_version()): 1},
            names.DRAINING: {(): doors.admission.draining},
            names.IN_FLIGHT: {(kind,): count for kind, count in doors.figures.in_flight.items()},
            names.THRESHOLD: {(figure,): ms / 1000 for figure, ms in doors.engine.settings.latency.thresholds.items()},
        }

    def _crowd(self) -> dict[Figure, Samples]:
        doors, rooms = self._doors, list(self._doors.rooms)
        database = doors.database
        return {
            names.SESSIONS: {(): len(rooms)},
            names.VIEWERS: {(): sum(room.stage.viewers for room in rooms)},
            names.LISTENERS: {(): doors.figures.listeners},
            names.RUNNING: {
                (STAGE,): sum(room.session.turn is not None for room in rooms),
                (API,): doors.admission.turns,
            },
            names.QUEUES: {
                ("inbox",): max((room.session.waiting() for room in rooms), default=0),
                ("outbox",): max((room.stage.behind for room in rooms), default=0),
                ("store",): database.waiting,
            },
        }

    def _providers(self) -> dict[Figure, Samples]:
        """Names may come twice in a chain, so each has its place in it as well."""
        states: dict[tuple[str, ...], float] = {}
        up: dict[tuple[str, ...], float] = {}
        took = dict(self._doors.figures.load_s)
        engine, now = self._doors.engine, loop_ms()
        for kind, chain in (("llm", engine.llm), ("tts", engine.voice.chain), ("quick_llm", engine.quick)):
            for place, (name, state, error) in enumerate(chain.states(now) if chain else (), 1):
                labels = (kind, name, str(place))
                states[labels], up[labels] = STATES[state], error is None
            took |= {(kind, name): seconds for name, seconds in (chain.open_times if chain else {}).items()}
        return {names.BREAKER: states, names.PROVIDER_UP: up, names.LOAD_TIME: took}

    def _cache(self) -> dict[Figure, Samples]:
        found = self._doors.engine.voice.snapshot()
        return {
            names.CACHE_REQUESTS: {("hit",): found["hits"], ("miss",): found["misses"]},
            names.CACHE_PHRASES: {(): found["phrases"]},
            names.CACHE_BYTES: {("memory",): found["bytes"], ("disk",): found["disk_bytes"]},
        }


def _family(figure: Figure, samples: Samples) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    kind = CounterMetricFamily if figure.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(PREFIX + figure.name, figure.help, labels=figure.labels)
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family
