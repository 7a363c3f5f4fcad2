"""One turn: from what was heard to what is heard.

    think ─Channel─► cut ─Channel─► speak ─Channel─► play
    tokens           segments       clips            audio, paced by the listener

Thinking is done by the turn's own task; the other stages, and each clip, are tasks of its TaskGroup. Bounded channels are all
that couples them. Cancelling :meth:`Turn.run` and awaiting it ends all of them and all they had asked of models and voices.

A turn may run ahead of its beginning: it thinks, cuts and speaks, but nothing of it is told or played before
:meth:`Turn.begin`, and no tool is called: what a tool does cannot be taken back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from ..core.errors import AllProvidersFailed, HayakuchiError, ProviderError
from ..core.events import SegmentReady, SessionEvent, ToolUsed, TurnStarted
from ..core.place import Place, Span
from ..core.tool_use import ToolStatus, ToolUse
from ..core.types import (
    Boundary,
    LLMDelta,
    Opener,
    ProviderFailure,
    Segment,
    TextDelta,
    Usage,
    UserInput,
)
from ..tts import Voice
from .cutter import Cutter
from .cutting import Cutting, Filler
from .latency import LatencyTrace, Moment
from .playback import Playback
from .playing import Playing
from .speaking import Polish, Speaking
from .streaming import Streaming
from .supply import Supply
from .turn_report import TurnReport

AHEAD_S = 30.0
"""How long a turn may run ahead without being begun; then it is dropped."""
BREATH_MS = 300.0
"""What may be heard already though the listener has not reported it."""


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What a turn needs to know of the settings."""

    prefetch: int = 2
    """Segments that are synthesized ahead of the one that is being spoken."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Per latency figure, in ms."""
    pauses: Mapping[Boundary, float] = field(default_factory=dict)
    """Silence that a clip may end with, in ms, by the boundary it ends at."""
    session: str | None = None
    """The session's name, for the log."""
    new_span: Callable[[], Span | None] = lambda: None
    """Where a turn's work stands in a trace; None: nobody keeps traces."""


class Turn:
    """Runs once. ``reply`` is what the agent streams; events go to ``publish`` in the order in which they happen."""

    def __init__(
        self,
        heard: UserInput | None,
        *,
        reply: AsyncIterator[LLMDelta],
        cutter: Cutter,
        voice: Voice,
        playback: Playback,
        publish: Callable[[SessionEvent], None],
        settings: TurnSettings,
        streaming: Streaming,
        polish: Polish,
        filler: Filler,
    ) -> None:
        self.heard = heard
        self.place = Place(session=settings.session, span=settings.new_span())
        """What its lines of the log and its trace are about."""
        self.whole = streaming.whole
        """Nothing is spoken before the reply is complete."""
        self.number = 0
        """Its place in the session; 0 until it has begun."""
        self.error: HayakuchiError | None = None
        self.reply = ""
        """What was cut for speaking so far."""
        self.usage: Usage | None = None
        """Tokens, where the model's server counted them."""
        self._reply_stream: Any = reply
        self._voice, self._playback, self._publish = voice, playback, publish
        self._untold: list[SessionEvent] = []
        self._patience: asyncio.Timeout | None = None
        self._begun = asyncio.Event()
        self._over = False
        self._report = TurnReport(self._tell, settings.thresholds)
        supply = Supply(playback)
        self._cutting = Cutting(
            cutter, streaming, supply, first_byte_ms=lambda: voice.first_byte_ms, filler=filler, ready=self._ready
        )
        self._speaking = Speaking(
            voice, streaming, supply, self._report, polish=polish, pauses=settings.pauses, prefetch=settings.prefetch
        )
        self._playing = Playing(playback, supply, self._report, self._tell)

    @property
    def heard_reply(self) -> str:
        """The part of the reply that the listener has heard."""
        return self._playing.timeline.heard(self._playback.played_ms() if self.number else 0.0)

    def remembered_reply(self, *, whole: bool) -> str:
        """What the character knows of having said: what was heard, or the whole reply, without what only filled the wait."""
        return self._playing.timeline.heard(inf if whole else self._playback.played_ms(), fillers=False)

    @property
    def audible(self) -> bool:
        """Whether any of its sound was sent."""
        return Moment.FIRST_AUDIO in self._report.trace.marks

    def said_lately(self, within_ms: float) -> str:
        """What was heard of it within the last ``within_ms`` of its sound, and the word that is being spoken."""
        played_ms = self._playback.played_ms() if self.number else 0.0
        return self._playing.timeline.heard_since(played_ms - within_ms, played_ms + BREATH_MS)

    @property
    def begun_reply(self) -> str:
        """The part of the reply whose sound has begun to go out."""
        return self._playing.timeline.begun

    @property
    def trace(self) -> LatencyTrace:
        return self._report.trace

    def begin(self, number: int, heard_at: float, heard: UserInput | None) -> None:
        """Take the floor: from here on the turn is told and heard. ``heard_at``: since when the listener waits (ms).

        ``heard`` is what the turn was made for, and says when it was spoken, which was not known to a turn that ran ahead.
        """
        self.number, self.heard, self.place.turn = number, heard, number
        self._report.begin(number, heard_at, heard.speech if heard else None)
        self._begun.set()
        self._playback.on_play_start = lambda: self._report.mark(Moment.PLAY_START)
        self._playing.begin(number)
        self._publish(TurnStarted(number, self.heard))
        for event in self._untold:
            self._publish(replace(event, turn=number))
        self._untold.clear()
        self._cutting.hurry(heard_at)
        if self._patience is not None:
            self._patience.reschedule(None)

    @property
    def alive(self) -> bool:
        """Whether it may still be begun: not when it broke, or when its time to run ahead is over."""
        return not self._over and self.error is None and not (self._patience and self._patience.expired())

    async def run(self) -> None:
        """Speak the whole reply; returns when the listener has heard the end of it, or when it was not begun in time."""
        self._voice.prepare()
        try:
            async with asyncio.timeout(None if self.number else AHEAD_S) as self._patience:
                await self._stages()
        except TimeoutError:
            if self.number:
                raise
        finally:
            self._over, self._patience = True, None

    async def _stages(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._cutting.run(), name="cut")
            group.create_task(self._speaking.run(self._cutting.segments, group), name="speak")
            group.create_task(self._playing.run(self._speaking.clips), name="play")
            await self._think()
        self._report.latency()

    async def _think(self) -> None:
        self._report.mark(Moment.LLM_REQUEST)
        text = self._cutting.text
        try:
            async with aclosing(self._reply_stream) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta | Opener):
                        self._report.mark(Moment.LLM_FIRST_TOKEN if isinstance(delta, TextDelta) else Moment.OPENER)
                        await text.put(delta)
                    elif isinstance(delta, Usage):
                        self.usage = delta
                    elif isinstance(delta, ProviderFailure):
                        self._report.failure(delta.error, delta.fallback)
                    elif isinstance(delta, ToolUse):
                        await self._tell_of_tool(delta)
        except (ProviderError, AllProvidersFailed) as error:
            # What was said before the model failed is still spoken; the turn is told as failed when it ends.
            self.error = error
            if isinstance(error, ProviderError):
                self._report.failure(error, None)
        finally:
            self._report.mark(Moment.THOUGHT)
            text.close()

    async def _tell_of_tool(self, use: ToolUse) -> None:
        if use.status is ToolStatus.RUNNING:
            await self._begun.wait()
        self._tell(ToolUsed(self.number, use.id, use.name, use.status, use.content))

    def _ready(self, segment: Segment) -> None:
        self.reply += segment.display
        if segment.filler:
            self._report.mark(Moment.FILLER)
        if segment.speech:
            self._report.mark(Moment.FIRST_SEGMENT)
        self._tell(SegmentReady(self.number, segment))

    def _tell(self, event: SessionEvent) -> None:
        if self.number:
            self._publish(event)
        else:
            self._untold.append(event)
