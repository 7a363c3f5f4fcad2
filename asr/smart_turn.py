"""The end of a turn by its melody: a smart-turn v3 model, an ONNX file that the settings name."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import Category, ProviderError
from ..core.types import Audio
from .base import SAMPLE_RATE
from .onnx import load, refusals
from .smart_turn_features import BANDS, STEPS, features
from .worker import Worker

KIND, NAME = "turn", "smart_turn"
INPUT = "input_features"
LIMIT_S = 3.0
"""Its answer is worth nothing after that: the silence has decided."""
LOAD_S = 30.0
"""For the first clip, before which the model is loaded."""


class SmartTurn:
    """A ``TurnModel``. The file is read by :meth:`open`, or with the first clip; ``worker`` belongs to the caller."""

    def __init__(self, path: str | Path, worker: Worker) -> None:
        self._file = Path(path).expanduser()
        self._worker = worker
        self._session: Any = None

    async def open(self) -> None:
        """Load the model and have it judge silence once. Raises ProviderError."""
        await self._judge(np.zeros(0, np.float32))

    async def completeness(self, clip: Audio) -> float:
        """From 0 to 1, whether the speaker has come to an end; ``clip`` ends where the speaker paused. Raises ProviderError."""
        if clip.sample_rate != SAMPLE_RATE:
            message = f"hears sound of {SAMPLE_RATE} Hz, not {clip.sample_rate}"
            raise ProviderError(KIND, NAME, Category.INVALID_REQUEST, message)
        return await self._judge(np.frombuffer(clip.pcm, "<i2").astype(np.float32) / 32768)

    async def _judge(self, sound: np.ndarray) -> float:
        limit_s = LIMIT_S if self._session is not None else LOAD_S
        try:
            async with asyncio.timeout(limit_s):
                return await self._worker.run(lambda unwanted: self._work(sound, unwanted))
        except TimeoutError:
            message = f"did not judge {len(sound) / SAMPLE_RATE:.1f} s of sound within {limit_s:g} s"
            raise ProviderError(KIND, NAME, Category.TIMEOUT, message) from None

    def _work(self, sound: np.ndarray, unwanted: threading.Event) -> float:
        if self._session is None:
            self._session = load(KIND, NAME, self._file, {INPUT: [None, BANDS, STEPS]})
        if unwanted.is_set():
            return 0.0
        try:
            answer = self._session.run(None, {INPUT: features(sound)[None]})[0]
        except refusals() as error:
            message = f"{self._file} failed: {str(error).splitlines()[0]}"
            raise ProviderError(KIND, NAME, Category.BAD_OUTPUT, message) from error
        sure = float(np.ravel(answer)[0]) if np.size(answer) == 1 else float("nan")
        if not 0 <= sure <= 1:
            message = f"{self._file} is no smart-turn v3 model: it answers {np.shape(answer)}, not a number from 0 to 1"
            raise ProviderError(KIND, NAME, Category.BAD_OUTPUT, message)
        return sure
