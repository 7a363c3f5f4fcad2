"""Who has the floor of a session, whether the voice is held, and what was heard of it of late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..core.clock import loop_ms
from ..core.events import SessionEvent, SpeechPaused, SpeechResumed
from .playback import Playback
from .turn import Turn

HELD_MS = 10_000.0
"""How long a voice is held at most: it goes on by itself when nobody lets go of it."""
LATELY_MS = 15_000.0
"""How long what was said may still be heard as an echo."""


class OnAir:
    """One per session; nothing here waits."""

    def __init__(self, playback: Playback, publish: Callable[[SessionEvent], None]) -> None:
        self.turn: Turn | None = None
        self._playback, self._publish = playback, publish
        self._held: asyncio.TimerHandle | None = None
        self._holders: set[object] = set()
        self._said: tuple[float, str] = (0.0, "")
        """What the last turn said at its end, and when that was."""
        self._quiet_since: float | None = None

    @property
    def speaking(self) -> bool:
        """Whether a turn is being heard: from its first sound on until it ends, also while it is held or waits for words."""
        return self.turn is not None and self.turn.audible

    @property
    def paused(self) -> bool:
        """Whether the voice is held."""
        return self._held is not None

    @property
    def quiet_since(self) -> float | None:
        """When the last sound ended, in ms of the loop's clock; None while a turn is being heard, or before any was."""
        return None if self.speaking else self._quiet_since

    def said_lately(self) -> str:
        """What was heard of the avatar in the last 15 s, to the word."""
        ended_at, before = self._said
        if loop_ms() - ended_at > LATELY_MS:
            before = ""
        running = self.turn.said_lately(LATELY_MS) if self.turn is not None else ""
        return f"{before} {running}".strip()

    def take(self, turn: Turn) -> None:
        """The turn has the floor."""
        self._let_go()
        self.turn = turn

    def leave(self) -> None:
        """The turn is over, be it held or not."""
        if self.turn is not None and self.turn.audible:
            self._quiet_since = loop_ms()
            self._said = (self._quiet_since, self.turn.said_lately(LATELY_MS))
        self._let_go()
        self.turn = None

    def pause(self, by: object = None) -> None:
        """Hold the voice where it is, on account of ``by``. Nothing happens where no turn has the floor."""
        if self.turn is None:
            return
        self._holders.add(by)
        if self._held is not None:
            return
        self._playback.pause()
        self._held = asyncio.get_running_loop().call_later(HELD_MS / 1000, self._go_on)
        self._publish(SpeechPaused(self.turn.number, self._playback.played_ms()))

    def resume(self, by: object = None) -> None:
        """``by`` lets go of the voice: it goes on where it was held, unless others hold it, too."""
        if by in self._holders:
            self._holders.remove(by)
            if not self._holders:
                self._go_on()

    def _go_on(self) -> None:
        if self.turn is not None and self._held is not None:
            self._let_go()
            self._publish(SpeechResumed(self.turn.number))

    def _let_go(self) -> None:
        self._holders.clear()
        if self._held is not None:
            self._held.cancel()
            self._held = None
            self._playback.resume()
