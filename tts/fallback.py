"""Several voices as one: when one fails, the next one says what is still unsaid, at the same sample rate.

No word is lost that could be said, none is said twice that was given out with its time; a failure is told of, never spoken.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from ..core.chain import Fallback
from ..core.clock import loop_ms
from ..core.deadline import within
from ..core.errors import Category, ProviderError
from ..core.link import FIRST_ITEM_MS, Attempt
from ..core.types import Audio, Mark, MarkKind, ProviderFailure, SpeechRequest
from .base import TTS
from .pcm import Loudness, Resampler, check

KIND = "tts"
RESTART_MS = 300.0
"""A clip without word marks that failed is begun again when no more than this was given out, else its rest is given up."""
SAFE_MS = 120.0
"""A word that sounded for less than this is said again."""
SILENT_LEAD_MS = 10_000.0
"""Silence that a clip may begin with; it is held back until something is heard."""


def speakable(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit."""
    return any(map(str.isalnum, text))


def remaining_text(text: str, marks: Sequence[Mark], delivered_ms: float) -> str:
    """What is still to be said of a text after ``delivered_ms`` of its clip, with these marks, were given out.

    It is an end of ``text``: all of it, from some word on, or nothing. Without word marks: all, when no more than 300 ms were
    given out, else nothing.
    """
    if delivered_ms <= 0:
        return text
    words = [mark for mark in marks if mark.kind is MarkKind.WORD and 0 <= mark.start < len(text)]
    if not words:
        return text if delivered_ms <= RESTART_MS else ""
    said = [mark for mark in words if mark.at_ms + SAFE_MS <= delivered_ms]
    if not said:
        return text
    unsaid = [mark.start for mark in words if mark.at_ms + SAFE_MS > delivered_ms]
    rest = text[min(unsaid) :] if unsaid else text[max(mark.start + mark.length for mark in said) :]
    return rest.lstrip() if speakable(rest) else ""


class FallbackTTS(Fallback[TTS]):
    """A chain of voices, first choice first, which is itself a voice."""

    name = "fallback_tts"

    def __init__(self, providers: Sequence[TTS], sample_rate: int | None = None) -> None:
        super().__init__(KIND, providers)
        self.providers = tuple(providers)
        self.sample_rate = sample_rate or providers[0].sample_rate

    @property
    def first_byte_ms(self) -> float:
        """How long the voice that is asked first took to its first audio lately."""
        link = self._chain.upcoming
        return link.first_item.value if link is not None else FIRST_ITEM_MS

    async def synthesize(
        self, request: SpeechRequest, asked: Callable[[TTS], None] = lambda voice: None
    ) -> AsyncGenerator[Audio | ProviderFailure, None]:
        """The clip, and a ProviderFailure for each voice that failed, at the place in the clip where it did.

        ``fallback`` is None where the rest of the clip is given up. A text without letters and digits is an empty clip. Silence
        that a clip begins with comes with the first sound. Raises AllProvidersFailed when no voice is left that could say what
        is still unsaid. ``asked`` is told of each voice before it is asked to speak.
        """
        clip = _Clip(request, self.sample_rate)
        failure: ProviderError | None = None
        if not speakable(request.text):
            return
        for attempt in self._chain.attempts():
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
                    return
            for audio in clip.broken_off():
                yield audio
            if not clip.unsaid:
                yield ProviderFailure(failure, None)
                return
        if failure is not None:
            yield ProviderFailure(failure, None)
        raise self._chain.exhausted()


class _Clip:
    """One request: what was given out of it, and what is still unsaid."""

    def __init__(self, request: SpeechRequest, sample_rate: int) -> None:
        self._request = request
        self.unsaid = request.text
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
        async with aclosing(
            within(voice.synthesize(request), voice.deadlines, kind=KIND, provider=voice.name)
        ) as items:
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

    def broken_off(self) -> list[Audio]:
        """The voice failed: what the resampler still held of it. ``unsaid`` is what remains."""
        rest = self._placed(self._resampler.flush())
        self.unsaid = remaining_text(self.unsaid, self._marks, self._given_ms - self._begin_ms)
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
