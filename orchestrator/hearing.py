"""What all sessions hear with: the recognisers, loaded when somebody first listens, and what became of them.

OFF ─── nothing is configured, or the character only reads
IDLE ──► FETCHING ──► LOADING ──► READY
            └────────────┴──────► FAILED ──► (asked again) FETCHING …
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..asr.base import NO_WISHES, Download, Wishes
from ..asr.fallback import FallbackASR
from ..asr.settings import EarsSettings, Mode
from ..core.background import Background
from ..core.errors import AllProvidersFailed, Category, ProviderError
from ..core.transcript import Transcript
from ..core.types import Audio
from .detectors import Detectors
from .settings import Settings

CONFIGURE = "asr: {faster_whisper: {model: base}}"
UNCONFIGURED = f"no speech recognition is configured; put this into conf.yaml: {CONFIGURE}"

log = logging.getLogger(__name__)


class HearingState(StrEnum):
    OFF = "off"
    IDLE = "idle"
    FETCHING = "fetching"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HearingStatus:
    """``progress`` of a download from 0 to 1; ``message`` says what is missing, ``command`` what a person types to mend it."""

    state: HearingState
    engine: str | None = None
    progress: float | None = None
    message: str | None = None
    command: str | None = None


class Hearing:
    """``open`` and ``aclose`` go with the engine's; nothing is loaded before :meth:`wake` or :meth:`ready`."""

    def __init__(self, settings: Settings) -> None:
        self.settings: EarsSettings = settings.ears
        self.language = settings.ears.spoken_language(settings.character.language)
        """What is spoken to the character; None: find out."""
        self.asr = FallbackASR([component.create() for component in settings.asr]) if settings.asr else None
        self.detectors = Detectors(settings.ears)
        self._first_choice = settings.asr[0].name if settings.asr else None
        self._observers: list[Callable[[HearingStatus], None]] = []
        self._background = Background()
        self._loading: asyncio.Task[ProviderError | AllProvidersFailed | None] | None = None
        self._fetch: Download | None = None
        self.status = self._at_rest()

    @property
    def for_microphones(self) -> HearingStatus:
        """What microphones are told: OFF where the character only reads, also when files and streams are understood."""
        return self._at_rest() if self.settings.mode is Mode.TYPED_ONLY else self.status

    def observe(self, observer: Callable[[HearingStatus], None]) -> Callable[[], None]:
        """Tell ``observer`` of every change; call what is returned to stop that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    async def open(self) -> None:
        await self._background.open()

    async def aclose(self) -> None:
        """Stop loading, let go of the recognisers; idempotent."""
        await self._background.aclose()
        await self.detectors.aclose()
        self._loading = None
        if self.asr is not None:
            await self.asr.aclose()
            self.status = self._at_rest()

    def wake(self) -> None:
        """Somebody is about to listen: load what is needed, in the background. Returns at once; ``status`` tells the rest."""
        if self.asr is None or self.status.state is HearingState.READY:
            return
        if self._loading is None or self._loading.done():
            self._loading = self._background.start(self._load(self.asr), "load ears")

    async def ready(self) -> FallbackASR:
        """The recognisers, loaded. Raises ProviderError or AllProvidersFailed, with the remedy."""
        if self.asr is None:
            raise ProviderError("asr", "ears", Category.UNAVAILABLE, UNCONFIGURED)
        self.wake()
        if self._loading is not None and (error := await asyncio.shield(self._loading)):
            raise error
        return self.asr

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        """What is said in a clip; loads the recognisers first if they are not. Raises ProviderError, AllProvidersFailed."""
        asr = await self.ready()
        return await asr.transcribe(clip, language=language, partial=partial, wishes=wishes)

    def _at_rest(self) -> HearingStatus:
        if self.asr is None:
            return HearingStatus(HearingState.OFF, message=UNCONFIGURED)
        if self.settings.mode is Mode.TYPED_ONLY:
            message = "the settings say that the character only reads (ears.mode: typed_only)"
            return HearingStatus(HearingState.OFF, self._first_choice, message=message)
        return HearingStatus(HearingState.IDLE, self._first_choice)

    async def _load(self, asr: FallbackASR) -> ProviderError | AllProvidersFailed | None:
        self._fetch = None
        self._become(HearingStatus(HearingState.LOADING, self.status.engine))
        try:
            await asr.load(self._fetching)
        except AllProvidersFailed as error:
            command = self._fetch.command if self._fetch else None
            self._become(HearingStatus(HearingState.FAILED, self.status.engine, message=str(error), command=command))
            return error
        except Exception as bug:
            # Recognisers are a boundary: whatever is wrong with one, the avatar still reads, and says that she does not hear.
            log.exception("loading the recognisers failed")
            message = f"broke while it was loaded: {type(bug).__name__}: {bug}"
            failure = ProviderError("asr", self.status.engine or "ears", Category.CRASHED, message)
            self._become(HearingStatus(HearingState.FAILED, self.status.engine, message=str(failure)))
            return failure
        self._become(HearingStatus(HearingState.READY, asr.in_use.name if asr.in_use else None))
        return None

    def _fetching(self, download: Download, share: float) -> None:
        self._fetch = download
        if share >= 1:
            self._become(HearingStatus(HearingState.LOADING, self.status.engine))
            return
        message = f"downloading {download.name} ({download.size_mb:.0f} MB)"
        status = HearingStatus(HearingState.FETCHING, self.status.engine, round(share, 2), message)
        if status != self.status:
            self._become(status)

    def _become(self, status: HearingStatus) -> None:
        self.status = status
        for observer in tuple(self._observers):
            observer(self.status)
