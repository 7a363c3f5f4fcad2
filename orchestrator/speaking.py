"""The stage of a turn that speaks: segments in, clips out, each made by a task of its own while earlier ones are heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ..core.channel import Channel
from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, ProviderError
from ..core.types import Audio, Boundary, ProviderFailure, Segment, SpeechRequest
from ..tts import TTS
from .clip import Clip
from .latency import Moment
from .streaming import Streaming
from .supply import Supply
from .turn_report import TurnReport

Polish = Callable[[str], Awaitable[str]]
"""What happens to the words of a segment between the cut and the voice: how they are pronounced."""


class Speaking:
    """``clips`` come out in the order of the segments. ``pauses``: silence a clip may end with (ms), by its boundary."""

    def __init__(
        self,
        voice: TTS,
        streaming: Streaming,
        supply: Supply,
        report: TurnReport,
        *,
        polish: Polish,
        pauses: Mapping[Boundary, float],
        prefetch: int,
    ) -> None:
        self.clips: Channel[Clip] = Channel(prefetch + 1)
        self._voice, self._streaming, self._supply, self._report = voice, streaming, supply, report
        self._polish, self._pauses = polish, pauses
        self._most = prefetch + 1 if streaming.parallel else 1
        self._first: int | None = None
        """Index of the first segment that is spoken."""

    async def run(self, segments: Channel[tuple[Segment, float]], group: asyncio.TaskGroup) -> None:
        try:
            async for segment, last_token_at in segments:
                if segment.speech and not self._streaming.parallel_text:
                    segment = await self._polished(segment)
                await self._supply.room(self._most)
                clip = Clip(segment, last_token_at, loop_ms())
                self._supply.begin_clip()
                if segment.speech:
                    self._first = segment.index if self._first is None else self._first
                    group.create_task(self._synthesize(clip), name=f"clip {segment.index}")
                else:
                    clip.audio.close()
                    self._supply.synthesized()
                await self.clips.put(clip)
        finally:
            self.clips.close()

    async def _polished(self, segment: Segment) -> Segment:
        return replace(segment, speech=await self._polish(segment.speech))

    async def _synthesize(self, clip: Clip) -> None:
        try:
            if self._streaming.parallel_text:
                clip.segment = await self._polished(clip.segment)
            if clip.segment.index == self._first:
                self._report.mark(Moment.TTS_REQUEST)
            clip.requested_at = loop_ms()
            await (self._stream(clip) if self._streaming.immediate else self._whole(clip))
        except ProviderError as error:
            # The subtitle is still shown; the next segment may find the voice well again.
            self._report.failure(error, None)
        except AllProvidersFailed as error:
            self._report.silenced(error)
        finally:
            clip.audio.close()
            self._supply.synthesized()

    async def _stream(self, clip: Clip) -> None:
        """Hand each piece of audio on as it comes."""
        async with aclosing(self._audio(clip)) as pieces:
            async for audio in pieces:
                self._supply.made(audio.duration_ms)
                await clip.audio.put(audio)
                # What came at once is read without waiting: others are to have their turn between two pieces of a long clip.
                await asyncio.sleep(0)

    async def _whole(self, clip: Clip) -> None:
        """Hand the clip on when all of it is there, or all that comes of it."""
        pieces: list[Audio] = []
        failure: ProviderError | AllProvidersFailed | None = None
        try:
            async with aclosing(self._audio(clip)) as stream:
                async for audio in stream:
                    pieces.append(audio)
        except (ProviderError, AllProvidersFailed) as error:
            failure = error
        self._supply.made(sum(audio.duration_ms for audio in pieces))
        for audio in pieces:
            await clip.audio.put(audio)
        if failure is not None:
            raise failure

    async def _audio(self, clip: Clip) -> AsyncGenerator[Audio, None]:
        """The clip's audio; failures of single voices are told of, and the first piece's time taken."""
        segment = clip.segment
        request = speech_request(segment, segment.speech, self._pauses.get(segment.boundary))
        stream: Any = self._voice.synthesize(request)
        waiting = True
        async with aclosing(stream) as items:
            async for item in items:
                if isinstance(item, ProviderFailure):
                    self._report.failure(item.error, item.fallback)
                    continue
                if waiting:
                    waiting = False
                    self._first_chunk(clip)
                yield item

    def _first_chunk(self, clip: Clip) -> None:
        if clip.segment.index == self._first:
            self._report.mark(Moment.TTS_FIRST_CHUNK)
        else:
            self._report.trace.later_segment(clip.last_token_at, clip.requested_at, loop_ms())


def speech_request(segment: Segment, text: str, tail_ms: float | None = None) -> SpeechRequest:
    """What a voice is asked for a segment, whose words are pronounced as ``text``."""
    return SpeechRequest(text, final=segment.boundary is Boundary.SENTENCE, tail_ms=tail_ms)
