"""Sections that name providers: ``llm``, ``quick_llm``, ``tts``, ``asr``, ``agent``, ``embeddings``; and ``models``.

A section is a mapping with one provider's name as its key, ``{openai_llm: {model: …}}``, a bare name, ``demo_llm``, or a list
of those: a fallback chain. ``models`` is a mapping of names to such sections, whose lists are replicas. Only the providers that
are named are imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..agents import AgentConfig
from ..core.errors import ConfigError, ProviderError
from ..core.registry import Kind, Registry, UnknownProvider
from .problems import built
from .settings import Component
from .tree import Entry, ListNode, MapNode, Node, Path_, Place, Scalar, dotted, is_blank, kind

LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class ComponentSection:
    """What a section takes: providers of a kind, one or a chain of them; ``default`` is used when it is blank."""

    kind: Kind
    default: str | None
    chain: bool = True


COMPONENTS: Mapping[str, ComponentSection] = {
    "agent": ComponentSection("agents", "basic_memory_agent", chain=False),
    "llm": ComponentSection("llm", "demo_llm"),
    "quick_llm": ComponentSection("llm", None),
    "tts": ComponentSection("tts", "espeak_tts"),
    "asr": ComponentSection("asr", None),
    "embeddings": ComponentSection("embeddings", None),
}
MODELS = "models"
MODEL = ComponentSection("llm", None)
"""What each name of ``models`` takes."""
MOST_MODELS = 64
MODEL_NAME = r"[^\s\x00-\x1f\x7f]{1,100}"


@dataclass(frozen=True, slots=True)
class _Choice:
    """One provider as it was named."""

    name: str
    place: Place
    path: Path_
    config: Node


def components(
    section: str,
    node: Node | None,
    voices: MapNode | None,
    registry: Registry,
    problems: list[ConfigError],
    root: Place,
) -> tuple[Component, ...]:
    """The providers of a section. Those that have a mistake are left out, and what is wrong is added to ``problems``.

    ``voices`` says for a provider's name which ``voice`` it is to take instead of the one in its settings. ``root`` is the
    file to name when a default cannot be had.
    """
    form = COMPONENTS[section]
    if node is None or is_blank(node):
        chosen = [_Choice(form.default, root, (section,), MapNode({}, root))] if form.default else []
    else:
        chosen = _choices((section,), node, form, registry, problems)
    found = [part for choice in chosen if (part := _component(choice, form.kind, voices, registry, problems))]
    if form.kind == "embeddings":
        _check_one_model(found, chosen, problems)
    return tuple(found)


def models(node: Node | None, registry: Registry, problems: list[ConfigError]) -> dict[str, tuple[Component, ...]]:
    """The section ``models``: replicas by the name of their model. What is wrong is added to ``problems``."""
    if node is None or is_blank(node):
        return {}
    if not isinstance(node, MapNode):
        message = f"expected a mapping of names to language models, found {kind(node)}"
        problems.append(node.place.error(message, MODELS))
        return {}
    if len(node.entries) > MOST_MODELS:
        problems.append(node.place.error(f"has at most {MOST_MODELS} names", MODELS))
    found: dict[str, tuple[Component, ...]] = {}
    for name, entry in node.entries.items():
        path = (MODELS, name)
        if not re.fullmatch(MODEL_NAME, name):
            message = "the name of a model has 1 to 100 characters, and no space"
            problems.append(entry.place.error(message, dotted(path)))
            continue
        if is_blank(entry.value) or (isinstance(entry.value, ListNode) and not entry.value.items):
            problems.append(entry.place.error("names no provider", dotted(path)))
            continue
        choices = _choices(path, entry.value, MODEL, registry, problems)
        parts = [_component(choice, MODEL.kind, None, registry, problems) for choice in choices]
        found[name] = tuple(part for part in parts if part)
    return found


def _check_one_model(found: list[Component], chosen: list[_Choice], problems: list[ConfigError]) -> None:
    """Vectors of different models cannot be compared, so a chain for embeddings is of one model."""
    names = {str(getattr(part.config, "model", part.name)) for part in found}
    if len(names) > 1:
        message = f"names different models ({', '.join(sorted(names))}); vectors of different models do not mix"
        problems.append(chosen[1].place.error(message, dotted(chosen[1].path[:-1])))


def _choices(
    path: Path_, node: Node, form: ComponentSection, registry: Registry, problems: list[ConfigError]
) -> list[_Choice]:
    try:
        if not isinstance(node, ListNode):
            return [_choice(node, path, form, registry)]
        if not form.chain:
            raise node.place.error("takes one provider, not a list", dotted(path))
        if not node.items and form.default:
            raise node.place.error("the list is empty; name a provider", dotted(path))
        if len(node.items) > LONGEST_CHAIN:
            raise node.place.error(f"a chain has at most {LONGEST_CHAIN} providers", dotted(path))
    except ConfigError as error:
        problems.append(error)
        return []
    chosen = []
    for index, item in enumerate(node.items):
        try:
            chosen.append(_choice(item, (*path, index), form, registry))
        except ConfigError as error:
            problems.append(error)
    return chosen


def _choice(node: Node, path: Path_, form: ComponentSection, registry: Registry) -> _Choice:
    if isinstance(node, Scalar) and isinstance(node.value, str) and 0 < len(node.value) <= 100:
        return _Choice(node.value, node.place, (*path, node.value), MapNode({}, node.place))
    if not isinstance(node, MapNode):
        names = ", ".join(registry.names(form.kind)) or "none is installed"
        raise node.place.error(f"expected the name of a provider, found {kind(node)}; known: {names}", dotted(path))
    if len(node.entries) != 1:
        raise _not_one(node, path, form, registry)
    name, entry = next(iter(node.entries.items()))
    config = MapNode({}, entry.place) if is_blank(entry.value) else entry.value
    return _Choice(name, entry.place, (*path, name), config)


def _not_one(node: MapNode, path: Path_, form: ComponentSection, registry: Registry) -> ConfigError:
    known = [name for name in node.entries if name in registry.names(form.kind)]
    places = [entry.place for entry in node.entries.values()]
    place = places[1] if places else node.place
    if len(known) > 1 and form.chain:
        form_of_list = " ".join(f"- {name}: …" for name in known)
        return place.error(f"names {len(known)} providers; a chain is a list: {form_of_list}", dotted(path))
    if len(known) == 1:
        message = f"one provider is expected here; the settings of {known[0]} stand indented below its name"
        return place.error(message, dotted(path))
    example = registry.names(form.kind)[:1] or ["PROVIDER"]
    return place.error(f"expected one provider by name, for example {example[0]}: {{…}}", dotted(path))


def _component(
    choice: _Choice, kind: Kind, voices: MapNode | None, registry: Registry, problems: list[ConfigError]
) -> Component | None:
    try:
        provider = _loaded(choice, kind, registry)
        if kind == "agents":
            _check_agent(choice, provider)
    except ConfigError as error:
        problems.append(error)
        return None
    config = built(provider.Config, Entry(choice.place, _with_voice(choice, provider, voices)), choice.path, problems)
    return Component(choice.name, config, provider) if config is not None else None


def _loaded(choice: _Choice, kind: Kind, registry: Registry) -> type[Any]:
    path = dotted(choice.path)
    try:
        return registry.load(kind, choice.name)
    except UnknownProvider as error:
        raise choice.place.error(str(error), dotted(choice.path[:-1])) from error
    except ProviderError as error:
        raise choice.place.error(error.message, path) from error
    except ImportError as error:
        raise choice.place.error(f"cannot be loaded: {error}", path) from error


def _check_agent(choice: _Choice, agent: type[Any]) -> None:
    """The pipeline obeys what an agent's settings say about streaming, whatever the agent."""
    config = getattr(agent, "Config", None)
    if not (isinstance(config, type) and issubclass(config, AgentConfig)):
        message = (
            f"agent {choice.name!r} cannot be used: its Config must be an AgentConfig (hayakuchi.agents.AgentConfig)"
        )
        raise choice.place.error(message, dotted(choice.path))


def _with_voice(choice: _Choice, provider: type[Any], voices: MapNode | None) -> Node:
    entry: Entry | None = voices.entries.get(choice.name) if voices else None
    if entry is None or not isinstance(choice.config, MapNode) or "voice" not in provider.Config.model_fields:
        return choice.config
    return choice.config.extended("voice", entry)
