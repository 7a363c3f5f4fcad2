"""The stage of a turn that cuts: pieces of the reply in, segments out, in time for the deadline.

Before the first words it holds the deadline against the model: when it comes and no word is there, a filler takes the floor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from math import inf

from ..core.channel import Channel, ChannelClosed
from ..core.clock import loop_ms
from ..core.types import Opener, Segment, TextDelta
from .cutter import Cutter
from .streaming import Streaming
from .supply import Supply

SEGMENTS = 4
"""Segments that wait for the voice at most: then the model waits, too."""

Filler = Callable[[], str | None]
"""Words to say while the model still thinks, or None. It is asked when they are needed, and at most once a turn."""


class Cutting:
    """``text`` is what comes in, ``segments`` what goes out: each with the time at which the last of its text came.

    ``first_byte_ms``: how long the voice takes to its first sound. ``ready`` is told of each segment before it is handed on.
    """

    def __init__(
        self,
        cutter: Cutter,
        streaming: Streaming,
        supply: Supply,
        *,
        first_byte_ms: Callable[[], float],
        filler: Filler,
        ready: Callable[[Segment], None],
    ) -> None:
        self.text: Channel[TextDelta | Opener] = Channel(streaming.text_buffer)
        self.segments: Channel[tuple[Segment, float]] = Channel(SEGMENTS)
        self._cutter, self._streaming, self._supply = cutter, streaming, supply
        self._first_byte_ms, self._filler, self._ready = first_byte_ms, filler, ready
        self._filler_at = inf
        self._silent = True
        """Nothing that can be spoken was cut yet."""

    def hurry(self, heard_at: float) -> None:
        """The listener waits since ``heard_at``."""
        if self._streaming.whole:
            return
        streaming = self._streaming
        self._cutter.hurry(heard_at + streaming.threshold_ms)
        latest = heard_at + streaming.threshold_ms - self._first_byte_ms() + streaming.grace_ms
        self._filler_at = min(latest, heard_at + (inf if streaming.filler_ms is None else streaming.filler_ms))
        if not self.text.closed:
            self.text.put_nowait(TextDelta(""))  # wakes the stage; a full channel does so by itself

    async def run(self) -> None:
        text_at = loop_ms()
        try:
            while True:
                segments: list[Segment] = []
                if (pieces := await self._next()) is not None:
                    text_at = loop_ms()
                    segments += self._cut(pieces, text_at)
                if not self.text:
                    segments += self._cutter.poll(loop_ms(), self._supply.ahead_ms(), self._first_byte_ms())
                    segments += self._fill()
                await self._hand_on(segments, text_at)
        except ChannelClosed:
            await self._hand_on(self._cutter.flush(), text_at)
        finally:
            self.segments.close()

    async def _next(self) -> list[TextDelta | Opener] | None:
        """The pieces of the reply that are there, or None when the cutter is to be asked again first."""
        wake_at = min(self._cutter.next_poll() or inf, self._filler_at)
        try:
            async with asyncio.timeout(None if wake_at == inf else max(wake_at - loop_ms(), 0.0) / 1000):
                pieces = [await self.text.get()]
        except TimeoutError:
            return None
        if not self._silent and self._supply.ahead_ms() - self._first_byte_ms() > 2 * self._streaming.gather_ms > 0:
            await asyncio.sleep(self._streaming.gather_ms / 1000)
        while len(pieces) < self._streaming.token_batch and (more := self.text.get_nowait()) is not None:
            pieces.append(more)
        return pieces

    def _cut(self, pieces: list[TextDelta | Opener], now: float) -> list[Segment]:
        segments: list[Segment] = []
        text = ""
        for piece in pieces:
            if isinstance(piece, TextDelta):
                text += piece.text
                continue
            segments += self._cutter.feed(text, now) + self._cutter.interject(piece.text, now)
            text = ""
        return segments + self._cutter.feed(text, now)

    def _fill(self) -> list[Segment]:
        """A filler, when its time has come and the model has said nothing."""
        if loop_ms() < self._filler_at:
            return []
        self._filler_at = inf
        if not self._silent or self._cutter.begun or (words := self._filler()) is None:
            return []
        return [replace(segment, filler=True) for segment in self._cutter.interject(words, loop_ms())]

    async def _hand_on(self, segments: list[Segment], text_at: float) -> None:
        for segment in segments:
            if segment.speech:
                self._silent, self._filler_at = False, inf
            self._ready(segment)
            await self.segments.put((segment, text_at))
