"""What listens for voices and for the end of a turn beside the recognisers: loaded once, by who listens first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from ..asr.base import TurnModel, VoiceActivity
from ..asr.settings import EarsSettings
from ..asr.worker import Worker
from ..core.errors import ProviderError

NewActivity = Callable[[], VoiceActivity]

log = logging.getLogger(__name__)


class Detectors:
    """Shared by all microphones; each makes a ``VoiceActivity`` of its own."""

    def __init__(self, settings: EarsSettings) -> None:
        self._settings = settings
        self._worker: Worker | None = None
        self._loading = asyncio.Lock()
        self._activity: NewActivity | None = None
        self.turn_model: TurnModel | None = None
        """There once :meth:`activity` was; None: the settings name none, or it cannot be had."""

    async def activity(self) -> NewActivity:
        """What makes a detector of speech. Loads what the settings name, in a thread; never raises."""
        async with self._loading:
            if self._activity is None:
                if self.turn_model is None:
                    self.turn_model = await self._load_turn_model()
                self._activity = await asyncio.to_thread(_activity_factory, self._settings)
        return self._activity

    async def aclose(self) -> None:
        """Let go of what was loaded; idempotent."""
        worker, self._worker = self._worker, None
        self._activity = self.turn_model = None
        if worker is not None:
            await worker.aclose()

    async def _load_turn_model(self) -> TurnModel | None:
        if not self._settings.smart_turn:
            return None
        from ..asr.smart_turn import SmartTurn

        worker = self._worker = Worker("smart-turn")
        model = SmartTurn(self._settings.smart_turn, worker)
        try:
            async with AsyncExitStack() as unless_opened:
                unless_opened.push_async_callback(worker.aclose)
                await model.open()
                unless_opened.pop_all()
        except ProviderError as error:
            log.warning("turns end without the end-of-turn model: %s", error)
            return None
        return model


def _activity_factory(settings: EarsSettings) -> NewActivity:
    from ..asr.activity import activity_factory

    return activity_factory(settings)
