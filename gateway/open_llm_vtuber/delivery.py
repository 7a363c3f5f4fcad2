"""How fast a voice delivers its clips, and when the one at hand will be complete. Learnt clip by clip; times in ms."""

from __future__ import annotations

from ...orchestrator.pace import sound_ms

_USUAL_RTF = 0.25
_USUAL_LENGTH = 1.35
"""Of a clip, compared with the least that its text can take."""
_KNOWN_MS = 500.0
"""How much sound what is known from earlier clips counts for."""
_NEWEST = 0.5
"""Weight of the newest clip."""
_UNEXPECTED = 0.15
"""What is left of a clip that is longer than expected, compared with what is there."""


class Delivery:
    """``rtf``: the time that the voice takes per time of sound, from its first piece on."""

    def __init__(self) -> None:
        self._rtf, self._length = _USUAL_RTF, _USUAL_LENGTH
        self._least_ms = self._first_ms = self._first_at = self._last_at = 0.0
        self.got_ms = 0.0
        """Sound of the clip at hand that is there."""

    def begin(self, text: str) -> None:
        """A clip begins in which ``text`` is spoken."""
        self._least_ms = sound_ms(text)
        self._first_ms = self.got_ms = 0.0

    def came(self, duration_ms: float, now: float) -> None:
        if not self.got_ms:
            self._first_at, self._first_ms = now, duration_ms
        self.got_ms += duration_ms
        self._last_at = now

    def end(self) -> None:
        """The clip is complete."""
        self._rtf = self.rtf
        if self._least_ms > 0:
            self._length += _NEWEST * (self.got_ms / self._least_ms - self._length)

    @property
    def rtf(self) -> float:
        later_ms = self.got_ms - self._first_ms
        took_ms = self._last_at - self._first_at if later_ms > 0 else 0.0
        return (self._rtf * _KNOWN_MS + took_ms) / (_KNOWN_MS + later_ms)

    @property
    def length_ms(self) -> float:
        """Of the whole clip, as far as can be told."""
        return max(self._least_ms * self._length, self.got_ms * (1 + _UNEXPECTED))

    def complete_at(self, now: float) -> float:
        """When all of the clip should be there."""
        return max(now, self._last_at + (self.length_ms - self.got_ms) * self.rtf)
