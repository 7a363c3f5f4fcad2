"""Which providers there are: the tables of the rooms, and what other packages announce. Imports none of them."""

from __future__ import annotations

from .. import agents, asr, llm, tts
from ..core.registry import Registry


def default_registry() -> Registry:
    """All built-in providers and all plug-ins that are installed."""
    return Registry(
        {
            "llm": llm.PROVIDERS,
            "tts": tts.PROVIDERS,
            "asr": asr.PROVIDERS,
            "agents": agents.PROVIDERS,
            "embeddings": llm.EMBEDDERS,
        }
    )
