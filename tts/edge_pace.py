"""Whether a clip keeps up with being listened to. Times are ms."""

from __future__ import annotations


class Pace:
    """A clip is played from its first audio on. An under-run is audio that comes after all before it was played.

    Only waiting for the service counts: a listener who takes the audio late has nothing to complain of.
    """

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._given_ms = 0.0

    @property
    def begun(self) -> bool:
        """Whether any audio was handed out."""
        return self._began_at is not None

    def gave(self, duration_ms: float, at: float, taken_at: float) -> None:
        """Audio was handed out, and the listener came back for more at ``taken_at``."""
        if self._began_at is None:
            self._began_at = at
        self._began_at += taken_at - at
        self._given_ms += duration_ms

    def late_ms(self, now: float) -> float:
        """How much later than needed the audio comes that had to be waited for; what follows is measured from here on."""
        if self._began_at is None:
            return 0.0
        late = now - self._began_at - self._given_ms
        if late <= 0:
            return 0.0
        self._began_at += late
        return late
