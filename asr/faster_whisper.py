"""Whisper on this machine, with CTranslate2: offline once its model is there, on the CPU or on an NVIDIA GPU.

The model is loaded and used in one thread: clips are understood one after another, and partial ones let the others pass.
Whisper looks at half a minute at a time and cannot be stopped within one; a clip that nobody wants any more ends after it, and
a longer one lets the others in.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from pathlib import Path
from typing import ClassVar, TypeVar

from ..core.block import Block
from ..core.errors import Category, ProviderError
from ..core.transcript import Transcript
from ..core.types import Audio
from .base import NO_WISHES, Download, Progress, Wishes
from .clip import SHORTEST_MS
from .hub import Hub
from .hub_listing import hub_address
from .model_download import Download as Fetch
from .model_download import Patience
from .whisper_engine import Engine, Listening, Trouble, load
from .whisper_models import FILES, Place, is_folder, place_of
from .whisper_settings import FasterWhisperConfig
from .worker import Job, Worker

T = TypeVar("T")

KIND, NAME = "asr", "faster_whisper"
PROBE_CLIP = Audio(bytes(3200), 16_000)
MOST_TOLD = 20
"""Of so many languages it is said that the model does not have them: clients may ask for any."""

log = logging.getLogger(__name__)


class FasterWhisperASR:
    """The recogniser. Nothing is loaded before :meth:`open`, and nothing is downloaded but by :meth:`fetch`."""

    name = NAME
    partials = True
    times_words = True
    Config: ClassVar[type[Block]] = FasterWhisperConfig

    def __init__(self, config: FasterWhisperConfig, patience: Patience | None = None) -> None:
        self.config = config
        self.deadlines = config.deadlines
        self.title = f"Whisper {config.model}"
        self._patience = patience or Patience()
        self._hint = " ".join(filter(None, (", ".join(config.vocabulary), config.prompt.strip())))
        self._worker: Worker | None = None
        self._engine: Engine | None = None
        self._told: set[str] = set()
        """Languages of which was said that the model does not have them."""

    @property
    def command(self) -> str:
        return f"uv run hayakuchi model pull {self.config.model}"

    def wanted(self) -> Download | None:
        place = self._place()
        if place.repository is None or not place.missing or self._offline:
            return None
        return Download(self.title, place.size_mb, self.command)

    def located(self) -> Path:
        """The folder of the model, which is whole. Raises ProviderError with the remedy."""
        place = self._place()
        if not place.missing:
            return place.folder
        if place.repository is None:
            lacks = f"lacks {', '.join(place.missing)}" if is_folder(place.folder) else "is no folder"
            message = (
                f"{place.folder} {lacks}: a model for CTranslate2 is a folder with these files, or write a name: base"
            )
            raise _error(Category.NOT_FOUND, message)
        if self._offline:
            why = "local_files_only" if self.config.local_files_only else "HF_HUB_OFFLINE"
            message = (
                f"{self.title} is not in {place.folder}, nor in Hugging Face's cache, and {why} forbids to fetch it: "
                f"put {', '.join(place.missing)} there, or allow it"
            )
            raise _error(Category.NOT_FOUND, message)
        message = f"{self.title} is not downloaded yet: {self.command}"
        raise _error(Category.UNAVAILABLE, message)

    async def fetch(self, tell: Progress) -> None:
        """Download what is missing. Cancelling it stops at once; what came is kept."""
        place = self._place()
        if not place.missing or place.repository is None or self._offline:
            await asyncio.to_thread(self.located)
            tell(1.0)
            return
        try:
            url = hub_address(self.config.mirror)
        except ValueError as error:
            raise _error(Category.INVALID_REQUEST, str(error)) from None
        remedy = (
            f"{self.title} is not downloaded: see to that, or name a mirror (mirror: in faster_whisper's settings, or "
            f"HF_ENDPOINT), and then: {self.command}"
        )
        async with Hub(url, place.repository, provider=NAME, remedy=remedy, stall_s=self._patience.stall_s) as hub:
            await Fetch(
                hub,
                place.folder,
                FILES,
                complete=lambda: not place.missing,
                tell=tell,
                expected=place.size_mb * 1e6,
                patience=self._patience,
            ).run()

    async def open(self) -> None:
        """Load the model and warm it up. Raises ProviderError."""
        folder = await asyncio.to_thread(self.located)
        if self._worker is None:
            self._worker = Worker(NAME)
        worker, config = self._worker, self.config

        def job(_: threading.Event) -> Engine:
            # Whoever opened it first may have given up waiting, and the model be loaded all the same.
            if self._engine is None or self._worker is not worker:
                engine = load(folder, config.device, config.compute_type, config.cpu_threads)
                if self._worker is worker:
                    self._engine = engine
                return engine
            return self._engine

        await self._do(worker, job)

    async def probe(self) -> str:
        """Understand a moment of silence. Raises ProviderError."""
        await self.transcribe(PROBE_CLIP, language="en", partial=True)
        engine = self._engine
        return f"{self.title}, {engine.device}, {engine.compute_type}" if engine else self.title

    async def transcribe(
        self, clip: Audio, *, language: str | None = None, partial: bool = False, wishes: Wishes = NO_WISHES
    ) -> Transcript:
        engine, worker = self._engine, self._worker
        if engine is None or worker is None:
            raise _error(Category.UNAVAILABLE, "is not open")
        if clip.duration_ms < SHORTEST_MS:
            return Transcript("", language)
        spoken = self._spoken(engine, language)

        listening = Listening(
            engine,
            clip,
            language=spoken,
            hint=" ".join(filter(None, (wishes.prompt.strip(), self._hint))),
            beam_size=self.config.beam_size,
            partial=partial,
            words=wishes.words,
        )
        while self._worker is worker:
            if (transcript := await self._do(worker, listening.go_on, can_wait=partial)) is not None:
                return transcript
        raise _error(Category.UNAVAILABLE, "was closed")

    async def aclose(self) -> None:
        worker, self._worker, self._engine = self._worker, None, None
        if worker is not None:
            await worker.aclose()

    async def _do(self, worker: Worker, job: Job[T], *, can_wait: bool = False) -> T:
        try:
            return await worker.run(job, can_wait=can_wait)
        except Trouble as trouble:
            raise _error(Category.CRASHED, str(trouble)) from trouble
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._worker is worker or (task is not None and task.cancelling()):
                raise
            raise _error(Category.UNAVAILABLE, "was closed") from None

    def _spoken(self, engine: Engine, language: str | None) -> str | None:
        """The language to listen for: one that the model does not have is told once, and must not fail every clip."""
        if language is None or language in engine.languages:
            return language
        instead = "en" if len(engine.languages) == 1 else None
        if language not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(language)
            does = "understands English only" if instead else "does not know this language, and guesses which it is"
            log.warning("%s: asked for %r, but the model %s %s", NAME, language, self.config.model, does)
        return instead

    @property
    def _offline(self) -> bool:
        return self.config.local_files_only or os.environ.get("HF_HUB_OFFLINE", "").upper() in (
            "1",
            "ON",
            "YES",
            "TRUE",
        )

    def _place(self) -> Place:
        return place_of(self.config.model, self.config.folder)


def _error(category: Category, message: str) -> ProviderError:
    return ProviderError(KIND, NAME, category, message)
