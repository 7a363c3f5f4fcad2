"""Which words fill the wait for a slow model: never in two turns running, and in turn, so that none is heard too often."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random


class Fillers:
    """The fillers of one session. A turn that may need one asks :meth:`take`; :meth:`next_turn` comes between two turns."""

    def __init__(self, texts: Sequence[str], random: Random | None = None) -> None:
        shuffled = list(dict.fromkeys(filter(None, map(str.strip, texts))))
        (random or Random()).shuffle(shuffled)
        self._texts = deque(shuffled)
        self._used = self._used_before = False

    def take(self) -> str | None:
        """Words to say, with the space that follows them; None when the last turn had some, or there are none."""
        if not self._texts or self._used or self._used_before:
            return None
        self._used = True
        self._texts.rotate(-1)
        words = self._texts[-1]
        return words if words[-1] > "\u2e80" else words + " "

    def next_turn(self) -> None:
        self._used_before, self._used = self._used, False
