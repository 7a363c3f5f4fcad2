"""The language models that the API offers under their own names, beside the characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..core.link import Link
from ..llm import LLM
from ..llm.balanced import BalancedLLM
from ..llm.fallback import FallbackLLM
from .settings import Component, Settings


def raw_models(settings: Settings, chain: FallbackLLM) -> Mapping[str, LLM]:
    """Those of ``models``, then those of ``chain`` (the ``llm`` section) under the names their servers know them by.

    The latter share the connections and breakers of ``chain``; where two have the same name, they are replicas. A name of
    ``models`` wins.
    """
    found: dict[str, LLM] = {
        name: BalancedLLM(name, [_unloaded(part).create() for part in parts]) for name, parts in settings.models.items()
    }
    shared: dict[str, list[Link[LLM]]] = {}
    for part, link in zip(settings.llm, chain.links, strict=True):
        shared.setdefault(model_name(part), []).append(link)
    return {name: BalancedLLM(name, links) for name, links in shared.items()} | found


def model_name(component: Component) -> str:
    """What the model of a component is called; that of one that names none, such as the demo, is called like its provider."""
    return str(getattr(component.config, "model", None) or component.name)


def _unloaded(component: Component) -> Component:
    """One that is not loaded at the start, unless it is to be: a local server that has room for one model would put out the
    one that speaks."""
    if getattr(component.config, "warm_up", None) != "auto":
        return component
    return replace(component, config=component.config.model_copy(update={"warm_up": False}))
