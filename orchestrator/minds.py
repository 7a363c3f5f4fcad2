"""The minds of characters, made from their settings."""

from __future__ import annotations

import logging

from ..agents import Agent, takes_quick, takes_tools
from ..agents.tools import Toolbox
from ..core.errors import Category, HayakuchiError, ProviderError
from ..llm.fallback import FallbackLLM
from .settings import Settings

log = logging.getLogger(__name__)


def make_agent(settings: Settings, llm: FallbackLLM, quick: FallbackLLM | None, tools: Toolbox | None) -> Agent:
    """The mind of the settings' character. ``quick`` and ``tools`` are left out where they are not taken."""
    make = settings.agent.provider
    taken = {"tools": tools} if tools and takes_tools(make) else {}
    small = [quick] if quick and takes_quick(make) else []
    return make(settings.agent.config, llm, settings.character, *small, **taken)


def own_agent(settings: Settings, llm: FallbackLLM, quick: FallbackLLM | None, tools: Toolbox | None) -> Agent:
    """:func:`make_agent`; a ProviderError where it breaks: those who speak with others are not to notice."""
    try:
        return make_agent(settings, llm, quick, tools)
    except HayakuchiError:
        raise
    except Exception as error:
        log.exception("the agent of %s could not be made", settings.character.name)
        what = "could not be made; the log has the details"
        raise ProviderError("agents", settings.agent.name, Category.CRASHED, what) from error
