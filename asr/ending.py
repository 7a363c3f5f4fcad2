"""Whether an utterance is over."""

from __future__ import annotations

from dataclasses import dataclass

from .end_of_turn import EndOfTurn, Stand
from .hearing import EndReason
from .settings import EarsSettings
from .utterance import MS, Utterance

WORDLESS_MS = 5000.0
"""Sound without a word in it is no speech, though it may sound so."""


@dataclass(frozen=True, slots=True)
class Ending:
    reason: EndReason
    confirmed: float
    """When it was decided, ms of the loop's clock."""


def over(utterance: Utterance, stand: Stand, rules: EndOfTurn, settings: EarsSettings) -> EndReason | None:
    """Why the utterance is over; None: it is not. In a pause without any words there is nothing to wait for."""
    if not stand.text and stand.whole and stand.silence_ms >= settings.short_pause_ms:
        return EndReason.SILENCE
    if not stand.text and (utterance.decoded - utterance.begin) / MS >= WORDLESS_MS:
        return EndReason.STABLE
    return rules.reason(stand)
