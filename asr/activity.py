"""Which detector of speech the settings ask for, and what takes its place where it cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.errors import ProviderError
from .base import VoiceActivity
from .energy import EnergyActivity
from .settings import EarsSettings
from .silero import SileroActivity, load_silero

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL_ONLY = "speech is told from noise by its level only: %s"

log = logging.getLogger(__name__)


class ModelOrLevel:
    """The ear of one stream: goes by a model, and from its first failure on by the level alone. :meth:`probability` never
    raises."""

    def __init__(self, model: VoiceActivity) -> None:
        self.goes_by = model

    def probability(self, frame: NDArray[np.float32]) -> float:
        """From 0 to 1, whether there is speech in the next ``FRAME_SAMPLES`` samples."""
        try:
            return self.goes_by.probability(frame)
        except ProviderError as error:
            log.warning(LEVEL_ONLY, error)
            self.goes_by = EnergyActivity()
            return self.goes_by.probability(frame)

    def reset(self) -> None:
        """Forget what was heard."""
        self.goes_by.reset()


def activity_factory(settings: EarsSettings) -> Callable[[], VoiceActivity]:
    """What makes the detector of one stream. Blocks while the model is loaded; what it returns does not."""
    if settings.vad == "energy":
        return EnergyActivity
    try:
        session = load_silero()
    except ProviderError as error:
        log.warning(LEVEL_ONLY, error)
        return EnergyActivity
    return lambda: ModelOrLevel(SileroActivity(session))
