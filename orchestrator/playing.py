"""The stage of a turn that plays: clips in, events out, at the pace of the listener."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..core.channel import Channel
from ..core.events import AudioSent, SessionEvent, SpeechEnded, SpeechStarted
from ..core.types import Segment
from .clip import PIECE_MS, Clip
from .latency import Moment
from .playback import Playback
from .supply import Supply
from .timeline import Timeline
from .turn_report import TurnReport


class Playing:
    """Nothing is sent before :meth:`begin`."""

    def __init__(
        self, playback: Playback, supply: Supply, report: TurnReport, publish: Callable[[SessionEvent], None]
    ) -> None:
        self.timeline = Timeline()
        self._playback, self._supply, self._report, self._publish = playback, supply, report, publish
        self._turn = 0
        self._begun = asyncio.Event()

    def begin(self, turn: int) -> None:
        """The listener's ear is this turn's."""
        self._turn = turn
        self._playback.begin(turn)
        self._supply.playing()
        self._begun.set()

    async def run(self, clips: Channel[Clip]) -> None:
        """Returns when the listener has heard everything."""
        await self._begun.wait()
        async for clip in clips:
            started = False
            async for audio in clip.audio:
                audio = clip.with_what_waits(audio) if started else audio
                for piece in audio.split(min(PIECE_MS, self._playback.max_ahead_ms / 2)):
                    position = await self._playback.send(piece)
                    self._supply.sent(piece.duration_ms)
                    if not started:
                        started = True
                        self._start(clip.segment, position, silent=False)
                    self.timeline.marked(piece.marks)
                    self._publish(AudioSent(self._turn, clip.segment.index, position, piece))
                    self._report.first_audio()
            if not started:
                self._start(clip.segment, self._playback.position, silent=True)
            self.timeline.ended(self._playback.sent_ms)
            self._publish(SpeechEnded(self._turn, clip.segment.index, self._playback.sent_ms))
            self._supply.end_clip()
        self._report.mark(Moment.SPOKEN)
        await self._playback.drained()

    def _start(self, segment: Segment, position: int, *, silent: bool) -> None:
        at_ms = position * 1000 / self._playback.sample_rate
        self.timeline.started(segment, at_ms)
        self._publish(SpeechStarted(self._turn, segment, at_ms, silent))
