"""What may be asked of a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import HayakuchiError
from ..core.types import UserInput
from .revisions import Revision


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


@dataclass(frozen=True, slots=True)
class Revise:
    """Change the history, and say what then is to be said; ``refused`` is told why not."""

    revision: Revision
    at: float
    refused: Callable[[HayakuchiError], None]


Command = Say | ThinkAhead | Drop | Greet | Interrupt | Revise
