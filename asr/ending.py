"""That an utterance is over."""

from __future__ import annotations

from dataclasses import dataclass

from .hearing import EndReason


@dataclass(frozen=True, slots=True)
class Ending:
    reason: EndReason
    confirmed: float
    """When it was decided, ms of the loop's clock."""
