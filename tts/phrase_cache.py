"""A chain of voices that remembers short phrases: what was spoken before is there at once, in the same voice.

A phrase is kept under everything that changes its sound, with the voice that really spoke it. It is played only while that
voice is the one that speaks: a listener never hears two voices take turns because one of them is remembered and the other is
not. So while the first choice is down, its phrases rest, and those of the voice that stands in are used; a voice on trial after
a failure counts as down until it has spoken. Only when no voice can speak at all are the first choice's phrases played anyway.

Every clip, kept or not, is trimmed: of the silence it begins with, and of the silence at its end as the request wants it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from enum import Enum
from typing import Any, ClassVar

from ..core.breaker import BreakerState
from ..core.chain import PROBE_S
from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed, ProviderError
from ..core.link import Answered
from ..core.types import Audio, ProviderFailure, SpeechRequest
from .base import TTS
from .cache_clip import Clip, Recording, fingerprint, key
from .cache_disk import ClipFolder
from .cache_settings import CacheSettings
from .cache_store import ClipMemory, ClipStore
from .fallback import FallbackTTS
from .trim import Trimmer

QUIET_MS = 1000.0
"""Nothing is asked in the background until nobody has needed the voice for so long."""
WARM_S = 30.0
"""How long a phrase may take in the background."""
LONGEST_WARM_S = 30.0
"""Sound of a phrase that is made in the background, at most."""


class Warmth(Enum):
    """What became of a phrase in the background."""

    READY = "ready"
    YIELDED = "yielded"
    """Somebody needed the voice; it may be tried again."""
    FAILED = "failed"


class CachedTTS:
    """The chain, which is opened and closed with it, and what it has spoken. It is itself a voice."""

    name = "phrase_cache"
    Config: ClassVar[type[CacheSettings]] = CacheSettings

    def __init__(self, chain: FallbackTTS, settings: CacheSettings) -> None:
        self.settings = settings.for_voice(getattr(chain.providers[0], "config", None))
        self.sample_rate, self.deadlines = chain.sample_rate, chain.deadlines
        self._chain = chain
        self._fingerprints = {id(voice): fingerprint(voice) for voice in chain.providers}
        path = self.settings.path
        folder = ClipFolder(path, self.settings.disk_mb << 20) if path else None
        self._store = ClipStore(ClipMemory(self.settings.size), folder)
        self._hits = self._disk_hits = self._misses = self._stored = 0
        self._speaking = 0
        """Requests of turns that are running."""
        self._spoke_at = 0.0
        self._probed = False
        self._warming: dict[str, asyncio.Timeout] = {}
        """Phrases that are made in the background, and what ends that."""

    @property
    def in_use(self) -> TTS | None:
        """The voice that is likely to speak next; None when none can."""
        return self._chain.in_use

    @property
    def upcoming(self) -> TTS | None:
        """The voice that is asked first by the next request; None when none is well enough to count on."""
        return self._chain.upcoming

    @property
    def first_byte_ms(self) -> float:
        """How long the voice in use took to its first audio lately, for what is not remembered."""
        return self._chain.first_byte_ms

    def prepare(self) -> None:
        """Speech is about to be asked for: the voice in use gets ready."""
        self._chain.prepare()

    def states(self, now: float) -> list[tuple[str, BreakerState, ProviderError | None]]:
        """Name, breaker and last error of each voice; ``now`` in ms of the loop's clock."""
        return self._chain.states(now)

    async def open(self) -> None:
        """Open the voices, and see what is on disk. Raises AllProvidersFailed when no voice opens."""
        await self._chain.open()
        await self._store.open()
        self._spoke_at = loop_ms()

    async def probe(self) -> str:
        """The answer of the first voice that answers. Raises AllProvidersFailed."""
        return await self._chain.probe()

    async def probe_all(
        self, limit_s: float = PROBE_S, *, failing_only: bool = False
    ) -> list[tuple[str, str | ProviderError]]:
        """:meth:`Chain.probe_all`."""
        answers = await self._chain.probe_all(limit_s, failing_only=failing_only)
        self._probed = True
        return answers

    async def answered(self, within_ms: float, limit_s: float) -> Answered:
        """:meth:`Chain.answered`."""
        return await self._chain.answered(within_ms, limit_s)

    async def aclose(self) -> None:
        """Close the voices and write what was not written yet; idempotent."""
        try:
            await self._chain.aclose()
        finally:
            await self._store.aclose()

    @property
    def chain(self) -> FallbackTTS:
        """The voices themselves."""
        return self._chain

    async def synthesize(
        self, request: SpeechRequest, only: TTS | None = None
    ) -> AsyncGenerator[Audio | ProviderFailure, None]:
        """The clip, trimmed; as :meth:`FallbackTTS.synthesize` otherwise."""
        with self._needed():
            clip = await self._remembered(request, only)
            if clip is not None:
                for audio in clip.audio(request.tail_ms):
                    yield audio
                return
            short = self.settings.enabled and len(request.text) <= self.settings.max_chars
            stream = self._spoken(request, self.settings.max_seconds if short else 0.0, only)
            tail = Trimmer(self.sample_rate, lead_ms=None, tail_ms=request.tail_ms)
            async with aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, ProviderFailure):
                        yield item
                        continue
                    for audio in tail.feed(item):
                        yield audio
            for audio in tail.flush():
                yield audio

    async def warm(self, request: SpeechRequest) -> Warmth:
        """Have a phrase ready in the first-choice voice, unless somebody needs the voice: that ends it at once."""
        name = self._key(self._chain.providers[0], request)
        if self._speaking or name in self._warming:
            return Warmth.YIELDED
        if await self._store.get(name) is not None:
            return Warmth.READY
        try:
            async with asyncio.timeout(WARM_S) as limit:
                self._warming[name] = limit
                await self._make(request)
        except (TimeoutError, AllProvidersFailed):
            return Warmth.YIELDED if self._speaking else Warmth.FAILED
        finally:
            self._warming.pop(name, None)
        return Warmth.READY if self._store.memory.get(name) is not None else Warmth.FAILED

    def quiet_in_s(self) -> float:
        """Seconds until a phrase may be asked for in the background, as it looks now; 0: it may."""
        _, state, error = self._chain.states(loop_ms())[0]
        if not self._probed or state is not BreakerState.CLOSED or error is not None or self._speaking:
            return QUIET_MS / 1000
        return max(self._spoke_at + QUIET_MS - loop_ms(), 0.0) / 1000

    def snapshot(self) -> dict[str, Any]:
        """Figures for the metrics: counts since the start, and what is held (bytes)."""
        memory, folder = self._store.memory, self._store.folder
        asked = self._hits + self._misses
        return {
            "enabled": self.settings.enabled,
            "hits": self._hits,
            "disk_hits": self._disk_hits,
            "misses": self._misses,
            "hit_rate": self._hits / asked if asked else None,
            "stored": self._stored,
            "evicted": memory.evicted,
            "phrases": len(memory),
            "bytes": memory.bytes,
            "disk_bytes": folder.bytes if folder else 0,
        }

    async def _remembered(self, request: SpeechRequest, only: TTS | None) -> Clip | None:
        if not self.settings.enabled:
            return None
        name = self._key(only or self._chain.upcoming or self._chain.providers[0], request)
        at_once = name in self._store.memory
        clip = await self._store.get(name)
        self._hits += clip is not None
        self._disk_hits += clip is not None and not at_once
        self._misses += clip is None
        return clip

    async def _spoken(
        self, request: SpeechRequest, max_seconds: float, only: TTS | None = None
    ) -> AsyncGenerator[Audio | ProviderFailure, None]:
        """The chain's clip without leading silence, as it comes; kept when it is whole and not longer than that."""
        recording = Recording(self.sample_rate, max_seconds)
        trimmer = Trimmer(self.sample_rate)
        async with aclosing(self._chain.synthesize(request, recording.spoken_by, only)) as items:
            async for item in items:
                if isinstance(item, ProviderFailure):
                    recording.given_up = True
                    yield item
                    continue
                for audio in trimmer.feed(item):
                    recording.add(audio)
                    yield audio
        for audio in trimmer.flush():
            recording.add(audio)
            yield audio
        if (done := recording.done(trimmer.sound_end)) is not None:
            voice, clip = done
            self._stored += 1
            self._store.put(self._key(voice, request), clip)

    async def _make(self, request: SpeechRequest) -> None:
        """Speak a phrase to nobody; given up when a voice fails."""
        async with aclosing(self._spoken(request, LONGEST_WARM_S)) as items:
            async for item in items:
                if isinstance(item, ProviderFailure):
                    return

    @contextmanager
    def _needed(self) -> Iterator[None]:
        """Somebody waits for the voice: what is made in the background stops."""
        for limit in self._warming.values():
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())
        self._speaking += 1
        try:
            yield
        finally:
            self._speaking -= 1
            self._spoke_at = loop_ms()

    def _key(self, voice: TTS, request: SpeechRequest) -> str:
        return key(self._fingerprints[id(voice)], self.sample_rate, request)
