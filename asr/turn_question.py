"""Asks the end-of-turn model once in each pause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..core.errors import ProviderError
from ..core.types import Audio
from .base import SAMPLE_RATE, TurnModel
from .ring import Ring

DEADLINE_S = 1.0
"""Later, the silence has answered."""
HEARD = 8 * SAMPLE_RATE
"""How much the model is given to hear, at most."""

log = logging.getLogger(__name__)


class TurnQuestion:
    """``answered`` is called when ``completeness`` has come."""

    def __init__(self, model: TurnModel | None, ring: Ring, answered: Callable[[], None]) -> None:
        self.completeness: float | None = None
        """Of what was said before this pause; None: not asked, not answered yet, or no answer to be had."""
        self._model, self._ring, self._answered = model, ring, answered
        self._task: asyncio.Task[None] | None = None
        self._complained = False

    def ask(self, begin: int, group: asyncio.TaskGroup) -> None:
        """Ask about what was said from the sample ``begin`` on, unless that was done in this pause."""
        if self._model is not None and self._task is None:
            start = max(begin, self._ring.end - HEARD)
            clip = Audio(self._ring.between(start, self._ring.end), SAMPLE_RATE)
            self._task = group.create_task(self._ask(self._model, clip), name="ask for the end of turn")

    def drop(self) -> None:
        """The pause is over. Idempotent."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.completeness = None

    async def _ask(self, model: TurnModel, clip: Audio) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                self.completeness = await model.completeness(clip)
        except (ProviderError, TimeoutError) as error:
            if not self._complained:
                log.warning(
                    "the end-of-turn model is of no help: %s", str(error) or f"no answer within {DEADLINE_S:g} s"
                )
            self._complained = True
        else:
            self._answered()
