"""Says a clip to the avatar in real time, again and again, and takes down how soon it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from ..asr.base import SAMPLE_RATE
from ..asr.settings import Mode
from ..core.clock import loop_ms
from ..core.errors import HayakuchiError
from ..core.events import (
    AudioSent,
    LatencyMeasured,
    ProviderFailed,
    SessionEvent,
    TurnEnded,
    TurnStarted,
    TurnStatus,
    VoiceHeard,
    WordsHeard,
)
from ..core.types import BYTES_PER_SAMPLE, Audio
from ..orchestrator.ears import Ears
from ..orchestrator.engine import Engine
from ..orchestrator.gateway_settings import SessionsSettings
from ..orchestrator.hearing import HearingState, HearingStatus
from ..orchestrator.session import Session
from ..orchestrator.settings import Settings
from .measure import TURN_DEADLINE_S, Here, Sample

FRAME_MS = 20.0
FRAME_BYTES = round(SAMPLE_RATE * FRAME_MS / 1000) * BYTES_PER_SAMPLE
GAP_MS = 2000.0
"""Silence before each turn: what is said sooner after her voice may be its echo."""
LATE_ONSET_MS = 300.0
"""How long it may take to notice that somebody spoke at the very end of the clip."""
NOTHING_MS = 2000.0
"""When nothing was understood so long after the silence that ends an utterance, nothing will be."""


@dataclass(slots=True)
class Heard:
    """What came of saying the clip once."""

    sample: Sample | None = None
    """Of the last turn that answered it."""
    words: list[WordsHeard] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    voice: bool = False
    """Somebody was heard to speak."""
    _speaks: bool = False
    _turns: int = 0
    _awaited: bool = False

    @property
    def text(self) -> str:
        return " ".join(one.text for one in self.words)

    def take(self, event: SessionEvent) -> None:
        match event:
            case VoiceHeard(active):
                self._speaks, self.voice = active, self.voice or active
            case WordsHeard(final=True):
                self.words.append(event)
                self._awaited = self._awaited or event.ignored is None
            case TurnStarted():
                self._turns, self._awaited = self._turns + 1, False
            case LatencyMeasured() if "voice_to_voice" in event.figures:
                self.sample = Sample(False, dict(event.figures), {**event.hearing, **event.stages})
            case ProviderFailed():
                self.failures.append(f"{event.provider}: {event.message}")
            case TurnEnded():
                self._turns -= 1
                if event.status is TurnStatus.FAILED:
                    self.failures.append(f"the turn failed: {event.message}")
            case _:
                pass

    def over(self, silent_ms: float, patience_ms: float) -> bool:
        """Whether nothing more will come, so long after the end of the clip."""
        if self._speaks or self._awaited or self._turns or silent_ms < LATE_ONSET_MS:
            return False
        return bool(self.words) or silent_ms >= patience_ms


class SpeakingTo:
    """A microphone that holds the clip, and a listener that plays everything in no time."""

    def __init__(self, engine: Engine, session: Session, ears: Ears, clip: Audio) -> None:
        self._engine, self._session, self._ears, self._clip = engine, session, ears, clip
        self._position = 0
        self._due = loop_ms()
        self._heard = Heard()
        session.observe(self._observe)
        session.playback.listener_joined()

    def here(self) -> Here:
        settings, engine = self._engine.settings, self._engine
        language, problems = settings.character.language, tuple(engine.problems)
        return Here(language, settings.latency, engine.model_in_use, engine.voice_in_use, problems)

    @property
    def recogniser(self) -> str | None:
        return self._engine.hearing.status.engine

    async def turn(self) -> Heard:
        """Say the clip, and wait until it is answered, or clear that it will not be. Raises HayakuchiError."""
        heard = self._heard = Heard()
        patience_ms = self._engine.settings.ears.end_silence_ms + NOTHING_MS
        try:
            async with asyncio.timeout(self._clip.duration_ms / 1000 + TURN_DEADLINE_S):
                await self._speak(bytes(round(GAP_MS / FRAME_MS) * FRAME_BYTES))
                await self._speak(self._clip.pcm)
                ended = loop_ms()
                while not heard.over(loop_ms() - ended, patience_ms):
                    await self._speak(bytes(FRAME_BYTES))
        except TimeoutError:
            raise HayakuchiError(f"a turn took longer than {TURN_DEADLINE_S:g} s") from None
        return heard

    async def _speak(self, pcm: bytes) -> None:
        """Each frame goes out when its last sample was spoken."""
        for start in range(0, len(pcm), FRAME_BYTES):
            piece = pcm[start : start + FRAME_BYTES]
            samples = len(piece) // BYTES_PER_SAMPLE
            self._due = max(self._due + samples * 1000 / SAMPLE_RATE, loop_ms() - 1000)
            await asyncio.sleep(max(self._due - loop_ms(), 0) / 1000)
            self._ears.feed(piece, self._position)
            self._position += samples

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, AudioSent):
            playback = self._session.playback
            asyncio.get_running_loop().call_soon(lambda: playback.reported(event.turn, playback.sent_ms))
        else:
            self._heard.take(event)


@asynccontextmanager
async def speaking_to(settings: Settings, clip: Audio, tell: Callable[[str], None]) -> AsyncIterator[SpeakingTo]:
    """The providers and ears of the settings, in this process; ``tell`` hears what has to be downloaded first.

    No phrase is remembered, as the same one is asked for again and again, and nothing that is said is kept.
    Raises ProviderError, AllProvidersFailed.
    """
    cache, sessions = settings.cache.model_copy(update={"enabled": False}), SessionsSettings(keep=False)
    settings = replace(settings, cache=cache, sessions=sessions)

    def observe(status: HearingStatus) -> None:
        if status.state is HearingState.FETCHING and not status.progress and status.message:
            tell(status.message)

    async with Engine(settings) as engine, asyncio.TaskGroup() as group:
        engine.hearing.observe(observe)
        await engine.hearing.ready()
        await engine.hearing.detectors.activity()
        await engine.warm_up()
        session = engine.new_session("latency")
        ears = engine.new_ears(session, Mode.OPEN_MIC, half_duplex=False)
        group.create_task(session.run(), name="session latency")
        group.create_task(ears.run(), name="ears")
        yield SpeakingTo(engine, session, ears, clip)
        ears.stop()
        session.close()
