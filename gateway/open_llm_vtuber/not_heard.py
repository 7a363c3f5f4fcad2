"""Why nobody listens to a client's microphone, and what a person types to mend it."""

from __future__ import annotations

from ...core.errors import Category, HayakuchiError, ProviderError
from ...orchestrator.hearing import UNCONFIGURED, Hearing, HearingState


def check_heard(hearing: Hearing) -> None:
    """Raises ProviderError, with the remedy, where nobody listens to microphones."""
    status = hearing.for_microphones
    if status.state is HearingState.OFF:
        raise ProviderError("asr", "ears", Category.UNAVAILABLE, status.message or UNCONFIGURED)


def with_remedy(failure: HayakuchiError, hearing: Hearing) -> HayakuchiError:
    """The failure with what a person types to mend it, where that is known."""
    command = hearing.status.command
    return HayakuchiError(f"{failure}; type: {command}") if command and command not in str(failure) else failure
