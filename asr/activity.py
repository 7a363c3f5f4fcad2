"""Which detector of speech the settings ask for, and what takes its place where it cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from ..core.errors import ProviderError
from .base import VoiceActivity
from .energy import EnergyActivity
from .settings import EarsSettings
from .silero import SileroActivity, load_silero

log = logging.getLogger(__name__)


def activity_factory(settings: EarsSettings) -> Callable[[], VoiceActivity]:
    """What makes the detector of one stream. Blocks while the model is loaded; what it returns does not."""
    if settings.vad == "energy":
        return EnergyActivity
    try:
        return partial(SileroActivity, load_silero())
    except ProviderError as error:
        log.warning("speech is told from noise by its level only: %s", error)
        return EnergyActivity
