"""Why nobody listens to a client's microphone, and what a person types to mend it."""

from __future__ import annotations

from ...core.errors import Category, HayakuchiError, ProviderError
from ...orchestrator.hearing import UNCONFIGURED, Hearing, HearingState

AGAIN_MS = 10_000.0
"""The same is not told again sooner."""


def why_deaf(hearing: Hearing) -> ProviderError | None:
    """Why nobody listens to microphones, with the remedy; None: somebody does."""
    status = hearing.for_microphones
    if status.state is not HearingState.OFF:
        return None
    return ProviderError("asr", "ears", Category.UNAVAILABLE, status.message or UNCONFIGURED)


def with_remedy(failure: HayakuchiError, hearing: Hearing) -> HayakuchiError:
    """The failure with what a person types to mend it, where that is known."""
    command = hearing.status.command
    return HayakuchiError(f"{failure}; type: {command}") if command and command not in str(failure) else failure


class Complaints:
    """What a client's people were told lately: nothing is said again with every sentence."""

    def __init__(self) -> None:
        self._made: dict[str, float] = {}

    def due(self, text: str, now: float) -> bool:
        """Whether it is to be told; then it counts as told. ``now`` in ms."""
        self._made = {made: at for made, at in self._made.items() if now - at < AGAIN_MS}
        if text in self._made:
            return False
        self._made[text] = now
        return True
