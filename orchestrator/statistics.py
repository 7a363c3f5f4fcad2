"""How fast replies were, with a quick reply and without: what ``GET /metrics`` tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .latency import LatencyTrace, Moment

DIGITS = 3
"""Of seconds, after the point."""


class Mode(StrEnum):
    """Whether a small model was asked for the first words of a turn, also if it came too late."""

    QUICK = "quick_response_mode"
    DIRECT = "direct_mode"


@dataclass(slots=True)
class _Figure:
    """Average, least and most of a time, without keeping the times."""

    count: int = 0
    total_s: float = 0.0
    min_s: float = 0.0
    max_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.min_s = min(self.min_s, seconds) if self.count else seconds
        self.max_s = max(self.max_s, seconds)
        self.count += 1
        self.total_s += seconds

    @property
    def average_s(self) -> float | None:
        return self.total_s / self.count if self.count else None

    def snapshot(self) -> dict[str, float | None]:
        known = (self.average_s, self.min_s, self.max_s) if self.count else (None, None, None)
        return {name: _rounded(value) for name, value in zip(("avg", "min", "max"), known, strict=True)}


@dataclass(slots=True)
class _Counted:
    """The turns of one mode."""

    requests: int = 0
    first: _Figure = field(default_factory=_Figure)
    total: _Figure = field(default_factory=_Figure)
    quick: _Figure = field(default_factory=_Figure)
    large: _Figure = field(default_factory=_Figure)

    def snapshot(self) -> dict[str, Any]:
        return {
            "total_requests": self.requests,
            "first_response_latency": self.first.snapshot(),
            "total_response_latency": self.total.snapshot(),
        }


class ReplyStatistics:
    """Counts turns since the start, or the last ``reset``, in memory that does not grow."""

    def __init__(self) -> None:
        self._modes: dict[Mode, _Counted] = {}
        self.reset()

    def reset(self) -> None:
        self._modes = {mode: _Counted() for mode in Mode}

    def add(
        self, mode: Mode, first_s: float, total_s: float, quick_s: float | None = None, large_s: float | None = None
    ) -> None:
        """One turn, in seconds from what was heard: to the first sound, to the end of the last sound that was sent, to the
        opener, to the first text of the large model's reply."""
        counted = self._modes[mode]
        counted.requests += 1
        counted.first.add(first_s)
        counted.total.add(total_s)
        if quick_s is not None:
            counted.quick.add(quick_s)
        if large_s is not None:
            counted.large.add(large_s)

    def count(self, mode: Mode, trace: LatencyTrace) -> None:
        """The turn of this trace, if it had any sound."""
        first, total, quick, large = (
            None if (ms := trace.between(Moment.HEARD, moment)) is None else ms / 1000
            for moment in (Moment.FIRST_AUDIO, Moment.SPOKEN, Moment.OPENER, Moment.LLM_FIRST_TOKEN)
        )
        if first is not None and total is not None:
            self.add(mode, first, total, quick, large)

    def snapshot(self) -> dict[str, Any]:
        """Per mode and compared, in seconds; null where nothing is known yet."""
        quick, direct = self._modes[Mode.QUICK], self._modes[Mode.DIRECT]
        models = {"quick_response_latency": quick.quick.snapshot(), "large_model_latency": quick.large.snapshot()}
        return {
            Mode.QUICK.value: quick.snapshot() | models,
            Mode.DIRECT.value: direct.snapshot(),
            "comparison": {"avg_first_response_improvement": _improvement(quick.first, direct.first)},
        }


def _improvement(quick: _Figure, direct: _Figure) -> float | None:
    """Which part of the time to the first sound the quick reply saves; less than 0 when it costs time."""
    if quick.average_s is None or not direct.average_s:
        return None
    return _rounded(1 - quick.average_s / direct.average_s)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
