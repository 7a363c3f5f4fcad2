"""What is being said into the microphone, and how long the voice may be held for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from .floor import VoiceNow

WORDLESS_PAUSE_MS: Final = 2_000.0
"""How long the voice is held while no words come."""
UNCHANGED_PAUSE_MS: Final = 1_200.0
"""How long it is held after words that do not decide."""
LONGEST_PAUSE_MS: Final = 4_000.0
AFTERGLOW_MS: Final = 600.0
"""So long after her last sound the microphone may still hear it."""


@dataclass(slots=True)
class Utterance:
    """``in_silence``: it began while she was silent; ``exposed``: her voice may be in it; ``attentive``: no wake word."""

    in_silence: bool
    exposed: bool
    attentive: bool
    text: str = ""
    changed: float = -inf
    interrupted: bool = False
    """She fell silent for it."""
    paused_at: float = -inf

    @property
    def pause_ends(self) -> float:
        """Until when the voice may be held for what was said so far."""
        if not self.text:
            return self.paused_at + WORDLESS_PAUSE_MS
        return min(max(self.changed, self.paused_at) + UNCHANGED_PAUSE_MS, self.paused_at + LONGEST_PAUSE_MS)


def begun(at: float, voice: VoiceNow, said_at: float, attention_ms: float) -> Utterance:
    """An utterance that begins at ``at``; something was last said to her at ``said_at``."""
    quiet_ms = inf if voice.quiet_since is None else at - voice.quiet_since
    waited_ms = 0.0 if voice.speaking else min(quiet_ms, at - said_at)
    return Utterance(
        in_silence=not voice.speaking,
        exposed=voice.speaking or quiet_ms < AFTERGLOW_MS,
        attentive=attention_ms > 0 and waited_ms <= attention_ms,
    )
