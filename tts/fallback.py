"""Several voices as one: when one fails, the next one says what is still unsaid, at the same sample rate.

No word is lost that could be said, none is said twice that was given out with its time; a failure is told of, never spoken.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from ..core.clock import loop_ms
from ..core.deadline import within
from ..core.errors import Category, ProviderError
from ..core.estimate import Estimate
from ..core.fallback import Fallback
from ..core.link import FIRST_ITEM_MS, Attempt
from ..core.provider import Deadlines
from ..core.types import Audio, Mark, MarkKind, ProviderFailure, SpeechRequest
from .base import TTS
from .pcm import Loudness, Resampler, check
from .unsaid import PACE_MS, characters, remaining_text, speakable

KIND = "tts"
SILENT_LEAD_MS = 10_000.0
"""Silence that a clip may begin with; it is held back until something is heard."""


class FallbackTTS(Fallback[TTS]):
    """A chain of voices, first choice first, which is itself a voice."""

    name = "fallback_tts"

    def __init__(self, providers: Sequence[TTS], sample_rate: int | None = None) -> None:
        super().__init__(KIND, providers, await_probes=False)
        self.sample_rate = sample_rate or providers[0].sample_rate
        self._paces = {id(voice): Estimate(PACE_MS) for voice in providers}
        """What each voice needs for a character, in ms."""

    @property
    def first_byte_ms(self) -> float:
        """How long the voice that is asked first took to its first audio lately."""
        link = self._chain.upcoming
        return link.first_item.value if link is not None else FIRST_ITEM_MS

    async def synthesize(
        self, request: SpeechRequest, asked: Callable[[TTS], None] = lambda voice: None, only: TTS | None = None
    ) -> AsyncGenerator[Audio | ProviderFailure, None]:
        """The clip, and a ProviderFailure for each voice that failed, at the place in the clip where it did.

        ``fallback`` is None where the rest of the clip is given up. A text without letters and digits is an empty clip. Silence
        that a clip begins with comes with the first sound. Raises AllProvidersFailed when no voice is left that could say what
        is still unsaid. ``asked`` is told of each voice before it is asked to speak. ``only``: this voice and no other.
        """
        clip = _Clip(request, self.sample_rate, alone=only is not None or len(self.providers) == 1)
        failure: ProviderError | None = None
        if not speakable(request.text):
            return
        for attempt in self._chain.attempts(only):
            with attempt:
                if failure is not None:
                    yield ProviderFailure(failure, attempt.name)
                asked(attempt.provider)
                try:
                    async with aclosing(clip.read(attempt)) as items:
                        async for item in items:
                            yield item
                except ProviderError as error:
                    attempt.failed(error)
                    failure = error
                else:
                    attempt.succeeded()
                    self._paces[id(attempt.provider)].add(clip.pace_ms)
                    return
            for audio in clip.broken_off(self._paces[id(attempt.provider)].value):
                yield audio
            if not clip.unsaid:
                yield ProviderFailure(failure, None)
                return
        if failure is not None:
            yield ProviderFailure(failure, None)
        raise self._chain.exhausted(only=only)


class _Clip:
    """One request: what was given out of it, and what is still unsaid."""

    def __init__(self, request: SpeechRequest, sample_rate: int, *, alone: bool) -> None:
        self._request = request
        self.unsaid = request.text
        self._alone = alone
        """No other voice could go on: a pause is waited for as long as a first answer, because giving up gains nothing."""
        self._resampler = Resampler(sample_rate)
        self._given_ms = 0.0
        self._begin_ms = 0.0
        """Where in the clip the current voice began."""
        self._marks: list[Mark] = []
        """The current voice's, as it gave them."""

    async def read(self, attempt: Attempt[TTS]) -> AsyncGenerator[Audio | ProviderFailure, None]:
        """What this voice makes of the unsaid text. Raises ProviderError, BAD_OUTPUT also when nothing of it can be heard."""
        self._begin_ms, self._marks = self._given_ms, []
        voice = await attempt.ready()
        request = SpeechRequest(self.unsaid, self._request.final)
        loudness, heard = Loudness(), False
        held: list[Audio] = []
        held_ms, asked_at = 0.0, loop_ms()
        limits = voice.deadlines
        if self._alone:
            limits = Deadlines(limits.first_s, max(limits.first_s, limits.next_s))
        async with aclosing(within(voice.synthesize(request), limits, kind=KIND, provider=voice.name)) as items:
            async for item in items:
                if isinstance(item, ProviderFailure):
                    yield item
                    continue
                if problem := check(item):
                    raise ProviderError(KIND, voice.name, Category.BAD_OUTPUT, problem)
                if loudness.add(item.pcm) and not heard:
                    heard = True
                    attempt.came_first(loop_ms() - asked_at)
                held.append(item)
                held_ms += item.duration_ms
                if heard:
                    for audio in self._give(held):
                        yield audio
                    held = []
                elif held_ms > SILENT_LEAD_MS:
                    break
        if heard:
            for audio in self._placed(self._resampler.flush()):
                yield audio
        if loudness.silent:
            what = f"gave {held_ms:.0f} ms of silence" if held_ms else "gave no audio"
            raise ProviderError(KIND, voice.name, Category.BAD_OUTPUT, f"{what} for a text with words")

    @property
    def pace_ms(self) -> float:
        """What the voice that spoke last needed for a character; a text that goes on was given a comma."""
        return (self._given_ms - self._begin_ms) / (characters(self.unsaid) + (not self._request.final))

    def broken_off(self, pace_ms: float) -> list[Audio]:
        """The voice failed: what the resampler still held of it. ``unsaid`` is what remains, at the pace of this voice."""
        rest = self._placed(self._resampler.flush())
        self.unsaid = remaining_text(self.unsaid, self._marks, self._given_ms - self._begin_ms, pace_ms)
        return rest

    def _give(self, pieces: Sequence[Audio]) -> list[Audio]:
        ready: list[Audio] = []
        for piece in pieces:
            self._marks += piece.marks
            shifted = tuple(self._shifted(mark) for mark in piece.marks)
            ready += self._resampler.feed(replace(piece, marks=shifted))
        return self._placed(ready)

    def _placed(self, ready: list[Audio]) -> list[Audio]:
        self._given_ms += sum(audio.duration_ms for audio in ready)
        return ready

    def _shifted(self, mark: Mark) -> Mark:
        """A mark of the current voice, in the clip and the text of the request."""
        cut = len(self._request.text) - len(self.unsaid) if mark.kind is MarkKind.WORD else 0
        return replace(mark, at_ms=mark.at_ms + self._begin_ms, start=mark.start + cut)
