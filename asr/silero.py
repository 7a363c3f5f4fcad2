"""Speech told from noise by Silero's small model, whose file comes with ``faster-whisper``; about 0.1 ms a frame.

The session is shared by all streams; what a stream remembers is its own.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import Category, ProviderError
from .base import FRAME_SAMPLES
from .onnx import load, refusals

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND, NAME = "vad", "silero"
CONTEXT_SAMPLES = 64
"""Of the frame before, which the model hears again in front of each frame."""
HISS = 3e-4
"""RMS of the noise that is laid under all sound, -70 dBFS. The model knows no sound without any: after digital silence, which
noise suppression makes, it takes some 20 ms longer to hear that somebody speaks."""
_STATE = (1, 1, 128)


class SileroActivity:
    """The ear of one stream. It is cheap to make; ``session`` comes from :func:`load_silero`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._heard = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._heard.fill(0)
        self._h = self._c = np.zeros(_STATE, np.float32)
        self._hiss = np.random.default_rng(0)

    def probability(self, frame: NDArray[np.float32]) -> float:
        """From 0 to 1, whether there is speech in the next ``FRAME_SAMPLES`` samples. Raises ProviderError."""
        self._heard[0, :CONTEXT_SAMPLES] = self._heard[0, -CONTEXT_SAMPLES:]
        self._heard[0, CONTEXT_SAMPLES:] = frame
        self._heard[0, CONTEXT_SAMPLES:] += self._hiss.standard_normal(FRAME_SAMPLES, np.float32) * HISS
        try:
            speech, self._h, self._c = self._session.run(None, {"input": self._heard, "h": self._h, "c": self._c})
            sure = float(np.ravel(speech)[0])
        except (*refusals(), TypeError, IndexError) as error:
            message = f"the model failed: {(str(error).splitlines() or [type(error).__name__])[0]}"
            raise ProviderError(KIND, NAME, Category.CRASHED, message) from error
        if not 0 <= sure <= 1:
            raise ProviderError(KIND, NAME, Category.BAD_OUTPUT, f"the model answers {sure}, not a number from 0 to 1")
        return sure


def load_silero() -> Any:
    """The session that all streams share. Blocks for some 10 ms, longer the first time. Raises ProviderError."""
    package = find_spec("faster_whisper")
    if package is None or not package.submodule_search_locations:
        message = "needs the Python package 'faster-whisper', which is not installed; try: pip install faster-whisper"
        raise ProviderError(KIND, NAME, Category.MISSING_EXTRA, message)
    files = sorted(Path(package.submodule_search_locations[0], "assets").glob("silero_vad_v*.onnx"))
    if not files:
        message = (
            "the installed faster-whisper brings no Silero model; try: pip install --force-reinstall faster-whisper"
        )
        raise ProviderError(KIND, NAME, Category.MISSING_EXTRA, message)
    shapes: dict[str, list[int | None]] = {
        "input": [None, CONTEXT_SAMPLES + FRAME_SAMPLES],
        "h": [1, 1, 128],
        "c": [1, 1, 128],
    }
    return load(KIND, NAME, files[-1], shapes)
