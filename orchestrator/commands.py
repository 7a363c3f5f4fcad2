"""What may be asked of a session."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.types import UserInput


@dataclass(frozen=True, slots=True)
class Say:
    """Answer this; ``at``: when it was heard (ms)."""

    heard: UserInput
    at: float


@dataclass(frozen=True, slots=True)
class ThinkAhead:
    """Get the answer to this ready."""

    heard: UserInput


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget what was got ready."""


@dataclass(frozen=True, slots=True)
class Greet:
    """Speak the opening line."""

    at: float


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop speaking."""


Command = Say | ThinkAhead | Drop | Greet | Interrupt
