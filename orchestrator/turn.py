"""One turn: from what was heard to what is heard.

    think ─Channel─► cut ─Channel─► speak ─Channel─► play
    tokens           segments       clips            audio, paced by the listener

Thinking is done by the turn's own task; the other stages, and each clip, are tasks of its TaskGroup. Bounded channels are all
that couples them. Cancelling :meth:`Turn.run` and awaiting it ends all of them and all they had asked of models and voices.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from ..core.channel import Channel, ChannelClosed
from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, HayakuchiError, ProviderError
from ..core.events import AudioSent, SegmentReady, SessionEvent, SpeechEnded, SpeechStarted, TurnStarted
from ..core.types import (
    Boundary,
    LLMDelta,
    ProviderFailure,
    Segment,
    SpeechRequest,
    TextDelta,
    UserInput,
)
from ..tts import TTS
from .clip import PIECE_MS, Clip
from .cutter import Cutter
from .latency import Moment
from .playback import Playback
from .timeline import Timeline
from .turn_report import TurnReport

SEGMENTS = 4
"""Segments that wait for the voice at most: then the model waits, too."""


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What a turn needs to know of the settings."""

    prefetch: int = 2
    """Segments that are synthesized ahead of the one that is being spoken."""
    text_buffer: int = 5
    """Pieces of the reply held between thinking and cutting."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Per latency figure, in ms."""


class Turn:
    """Runs once. ``reply`` is what the agent streams; events go to ``publish`` in the order in which they happen."""

    def __init__(
        self,
        number: int,
        *,
        heard: UserInput | None,
        heard_at: float,
        reply: AsyncIterator[LLMDelta],
        cutter: Cutter,
        voice: TTS,
        playback: Playback,
        publish: Callable[[SessionEvent], None],
        settings: TurnSettings,
    ) -> None:
        self.number = number
        self._heard = heard
        self.error: HayakuchiError | None = None
        self.reply = ""
        """What was cut for speaking so far."""
        self._reply_stream: Any = reply
        self._cutter = cutter
        self._voice = voice
        self._playback = playback
        self._publish = publish
        self._settings = settings
        self._report = TurnReport(number, heard_at, publish, settings.thresholds)
        self._timeline = Timeline()
        self._text: Channel[str] = Channel(settings.text_buffer)
        self._segments: Channel[tuple[Segment, float]] = Channel(SEGMENTS)
        self._clips: Channel[Clip] = Channel(settings.prefetch + 1)
        self._slots = asyncio.Semaphore(settings.prefetch + 1)
        self._first_spoken: int | None = None
        self._stock_ms = 0.0
        self._ttfb_ms = 0.0

    @property
    def heard_reply(self) -> str:
        """The part of the reply that the listener has heard."""
        return self._timeline.heard(self._playback.played_ms())

    @property
    def begun_reply(self) -> str:
        """The part of the reply whose sound has begun to go out."""
        return self._timeline.begun

    async def run(self) -> None:
        """Speak the whole reply; returns when the listener has heard the end of it."""
        self._playback.begin(self.number)
        self._playback.on_play_start = lambda: self._report.mark(Moment.PLAY_START)
        self._publish(TurnStarted(self.number, self._heard))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._cut(), name=f"turn {self.number}: cut")
            group.create_task(self._speak(group), name=f"turn {self.number}: speak")
            group.create_task(self._play(), name=f"turn {self.number}: play")
            await self._think()
        self._report.latency()

    async def _think(self) -> None:
        self._report.mark(Moment.LLM_REQUEST)
        try:
            async with aclosing(self._reply_stream) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        self._report.mark(Moment.LLM_FIRST_TOKEN)
                        await self._text.put(delta.text)
                    elif isinstance(delta, ProviderFailure):
                        self._report.failure(delta.error, delta.fallback)
        except (ProviderError, AllProvidersFailed) as error:
            # What was said before the model failed is still spoken; the turn is told as failed when it ends.
            self.error = error
            if isinstance(error, ProviderError):
                self._report.failure(error, None)
        finally:
            self._text.close()

    async def _cut(self) -> None:
        text_at = loop_ms()
        try:
            while True:
                text = await self._next_text()
                segments: list[Segment] = []
                if text is not None:
                    text_at = loop_ms()
                    segments += self._cutter.feed(text, text_at)
                if not self._text:
                    ahead_ms = self._playback.ahead_ms() + self._stock_ms
                    segments += self._cutter.poll(loop_ms(), ahead_ms, self._ttfb_ms)
                await self._hand_on(segments, text_at)
        except ChannelClosed:
            await self._hand_on(self._cutter.flush(), text_at)
        finally:
            self._segments.close()

    async def _next_text(self) -> str | None:
        """The next piece of the reply, or None when the cutter wants to be asked again first."""
        text = self._text.get_nowait()
        if text is not None:
            return text
        poll_at = self._cutter.next_poll()
        if poll_at is None:
            return await self._text.get()
        try:
            async with asyncio.timeout(max(poll_at - loop_ms(), 0.0) / 1000):
                return await self._text.get()
        except TimeoutError:
            return None

    async def _hand_on(self, segments: list[Segment], text_at: float) -> None:
        for segment in segments:
            self.reply += segment.display
            if segment.speech and self._first_spoken is None:
                self._first_spoken = segment.index
                self._report.mark(Moment.FIRST_SEGMENT)
            self._publish(SegmentReady(self.number, segment))
            await self._segments.put((segment, text_at))

    async def _speak(self, group: asyncio.TaskGroup) -> None:
        try:
            async for segment, last_token_at in self._segments:
                await self._slots.acquire()
                clip = Clip(segment, last_token_at, loop_ms())
                if segment.speech:
                    group.create_task(self._synthesize(clip), name=f"turn {self.number}: clip {segment.index}")
                else:
                    clip.audio.close()
                await self._clips.put(clip)
        finally:
            self._clips.close()

    async def _synthesize(self, clip: Clip) -> None:
        if clip.segment.index == self._first_spoken:
            self._report.trace.mark(Moment.TTS_REQUEST, clip.requested_at)
        request = SpeechRequest(clip.segment.speech, final=clip.segment.boundary is Boundary.SENTENCE)
        stream: Any = self._voice.synthesize(request)
        waiting = True
        try:
            async with aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, ProviderFailure):
                        self._report.failure(item.error, item.fallback)
                        continue
                    if waiting:
                        waiting = False
                        self._first_chunk(clip)
                    self._stock_ms += item.duration_ms
                    await clip.audio.put(item)
        except ProviderError as error:
            # The subtitle is still shown; the next segment may find the voice well again.
            self._report.failure(error, None)
        except AllProvidersFailed as error:
            self._report.silenced(error)
        finally:
            clip.audio.close()

    def _first_chunk(self, clip: Clip) -> None:
        now = loop_ms()
        self._ttfb_ms = now - clip.requested_at
        if clip.segment.index == self._first_spoken:
            self._report.trace.mark(Moment.TTS_FIRST_CHUNK, now)
        else:
            self._report.trace.later_segment(clip.last_token_at, clip.requested_at, now)

    async def _play(self) -> None:
        async for clip in self._clips:
            started = False
            async for audio in clip.audio:
                audio = clip.with_what_waits(audio) if started else audio
                self._stock_ms -= audio.duration_ms
                for piece in audio.split(min(PIECE_MS, self._playback.max_ahead_ms / 2)):
                    position = await self._playback.send(piece)
                    if not started:
                        started = True
                        self._start(clip.segment, position, silent=False)
                    self._timeline.marked(piece.marks)
                    self._publish(AudioSent(self.number, clip.segment.index, position, piece))
                    self._report.first_audio()
            if not started:
                self._start(clip.segment, self._playback.position, silent=True)
            self._timeline.ended(self._playback.sent_ms)
            self._publish(SpeechEnded(self.number, clip.segment.index, self._playback.sent_ms))
            self._slots.release()
        await self._playback.drained()

    def _start(self, segment: Segment, position: int, *, silent: bool) -> None:
        at_ms = position * 1000 / self._playback.sample_rate
        self._timeline.started(segment, at_ms)
        self._publish(SpeechStarted(self.number, segment, at_ms, silent))
