"""Several recognisers as one: when one fails, the next one hears the clip."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import ceil
from typing import Protocol, runtime_checkable

from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, Category, ProviderError
from ..core.fallback import Fallback
from ..core.transcript import Transcript
from ..core.types import Audio
from .base import ASR, LONG_CLIP_MS, NO_WISHES, Download, Fetching, Progress, TimesWords, Wishes

KIND = "asr"
LOAD_S = 120.0
"""How long a model may take to load."""

log = logging.getLogger(__name__)


@runtime_checkable
class SomeLanguages(Protocol):
    """A recogniser that knows some languages only."""

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes; None: it does not say."""
        ...


class FallbackASR(Fallback[ASR]):
    """A chain of recognisers, first choice first, which is itself one."""

    name = "fallback_asr"

    def __init__(self, providers: Sequence[ASR]) -> None:
        super().__init__(KIND, providers, await_probes=False)

    @property
    def partials(self) -> bool:
        """Whether who is asked first may be asked again and again."""
        return self.upcoming is not None and self.upcoming.partials

    @property
    def times_words(self) -> bool:
        """Whether one of them can tell when each word was said."""
        return any(_times_words(link.provider) for link in self._chain.links)

    def wanted(self) -> Download | None:
        """What the first choice has to download before it can serve; None: all is here."""
        first = self._chain.links[0].provider
        return first.wanted() if isinstance(first, Fetching) else None

    async def load(self, fetching: Callable[[Download, float], None]) -> None:
        """Have the first recogniser that can be had ready; what it lacks is downloaded, and ``fetching`` told how far that is.

        Raises AllProvidersFailed. The others are opened when they are asked.
        """
        for link in self._chain.links:
            try:
                await self._fetch(link.provider, fetching)
                await link.open(LOAD_S)
            except ProviderError as error:
                link.error = error
                link.breaker.trip(error, loop_ms())
                log.warning("cannot listen with %s", error)
            else:
                link.succeeded()
                return
        raise self._chain.exhausted()

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        """What is said in a clip. Raises AllProvidersFailed.

        Those that do not know the language, or do not time words where that is wished for, are passed over.

        A partial that takes too long fails at once, and is not held against the provider: it comes last wherever clips wait,
        and by the time another provider had heard it, the next one is due.
        """
        passed_over: list[ProviderError] = []
        for attempt in self._chain.attempts():
            with attempt:
                try:
                    _refuse_unknown(attempt.provider, language)
                    _refuse_untimed(attempt.provider, wishes)
                except ProviderError as error:
                    passed_over.append(error)
                    continue
                try:
                    engine = await attempt.ready()
                    transcript = await _in_time(engine, clip, language, partial, wishes)
                except ProviderError as error:
                    if partial and error.category is Category.TIMEOUT:
                        raise AllProvidersFailed(KIND, [error]) from None
                    attempt.failed(error)
                    log.warning("%s", error)
                    continue
                attempt.succeeded()
                return transcript
        raise AllProvidersFailed(KIND, [*passed_over, *self._chain.exhausted().attempts])

    async def _fetch(self, provider: ASR, fetching: Callable[[Download, float], None]) -> None:
        if isinstance(provider, Fetching) and (wanted := provider.wanted()) is not None:
            fetching(wanted, 0.0)
            await provider.fetch(_telling(wanted, fetching))


def _telling(wanted: Download, fetching: Callable[[Download, float], None]) -> Progress:
    """Progress told from any thread, told on the loop."""
    loop = asyncio.get_running_loop()

    def tell(share: float) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            loop.call_soon_threadsafe(fetching, wanted, share)

    return tell


def _refuse_unknown(engine: ASR, language: str | None) -> None:
    if isinstance(engine, SomeLanguages) and engine.languages and language and language not in engine.languages:
        known = ", ".join(sorted(engine.languages))
        message = f"does not know the language {language!r}, only {known}; add another recogniser to asr in conf.yaml"
        raise ProviderError(KIND, engine.name, Category.INVALID_REQUEST, message)


def _times_words(engine: ASR) -> bool:
    return isinstance(engine, TimesWords) and engine.times_words


def _refuse_untimed(engine: ASR, wishes: Wishes) -> None:
    if wishes.words and not _times_words(engine):
        raise ProviderError(KIND, engine.name, Category.INVALID_REQUEST, "does not tell when each word was said")


async def _in_time(engine: ASR, clip: Audio, language: str | None, partial: bool, wishes: Wishes) -> Transcript:
    limit_s = engine.deadlines.first_s * max(ceil(clip.duration_ms / LONG_CLIP_MS), 1)
    try:
        async with asyncio.timeout(limit_s):
            return await engine.transcribe(clip, language=language, partial=partial, wishes=wishes)
    except TimeoutError:
        message = f"did not understand {clip.duration_ms / 1000:.1f} s of sound within {limit_s:g} s"
        raise ProviderError(KIND, engine.name, Category.TIMEOUT, message) from None
    except ProviderError:
        raise
    except Exception as bug:
        # A recogniser's bug is its own failure: the microphone stays on, and the next one hears the clip.
        log.exception("%s broke", engine.name)
        raise ProviderError(KIND, engine.name, Category.CRASHED, "broke; the log has the details") from bug
