"""Their ``agent_config`` into our ``agent`` and ``llm``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.registry import Registry
from .models import DEMO, KNOWN, language_model
from .names import engine
from .section import Section

BASIC = "basic_memory_agent"
AGENTS = {
    "mem0_agent": "basic_memory_agent sees the last messages of a conversation, also after a restart",
    "letta_agent": "basic_memory_agent sees the last messages of a conversation, also after a restart",
    "hume_ai_agent": "a model (llm) and a voice (tts) of their own",
}
"""What stands in for the agents that there are not."""
_TOOLS = ("use_mcpp", "mcp_enabled_servers")
_OURS = f"agent.{BASIC}.mcp_servers"
_UNUSED = "not in use"


def thinking(section: Section, registry: Registry, tools: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our ``agent`` block (empty: the default) and our ``llm``. What is missing is thought by the demo. ``tools``: what their
    servers of tools are called with us."""
    settings, pool = section.section("agent_settings"), section.section("llm_configs")
    basic = settings.section(BASIC)
    _tell_of_agents(section, settings)
    agent = _basic(basic, tools)
    said = basic.text("llm_provider")
    basic.rest()
    settings.rest()
    section.rest(("faster_first_response", "segment_method"))
    return agent, _model(said, basic, pool, registry)


def _tell_of_agents(section: Section, settings: Section) -> None:
    said = section.text("conversation_agent_choice")
    chosen = engine(said, (BASIC, *AGENTS)) if said else BASIC
    if chosen is None:
        section.notes.not_possible(section.source("conversation_agent_choice"), "no such agent; ours is used")
    elif chosen != BASIC:
        message = f"there is no {chosen}; {BASIC} answers with the model of llm_provider"
        section.notes.not_possible(section.source("conversation_agent_choice"), message, AGENTS[chosen])
    elif said:
        section.notes.taken(section.source("conversation_agent_choice"), f"agent.{BASIC}")
    for name in AGENTS:
        if settings.has(name) and name != chosen:
            settings.notes.left_out(settings.source(name), _UNUSED)


def _basic(basic: Section, tools: Mapping[str, str]) -> dict[str, Any]:
    if basic.has("segment_method"):
        basic.notes.left_out(basic.source("segment_method"), "not needed: sentences are cut by rules of our own")
    agent = _tools_of(basic, tools)
    quick = basic.flag("faster_first_response")
    if quick is None:
        return agent
    if quick is False:
        message = f"agent.{BASIC}.streaming_optimization: false (cut at the ends of sentences only)"
        basic.notes.translated(basic.source("faster_first_response"), message)
        return {"streaming_optimization": False} | agent
    basic.notes.left_out(
        basic.source("faster_first_response"), "always: the first words are spoken as soon as they can be"
    )
    return agent


def _tools_of(basic: Section, tools: Mapping[str, str]) -> dict[str, Any]:
    """The servers of tools that the character may use."""
    used, named = basic.flag("use_mcpp"), basic.texts("mcp_enabled_servers")
    if used is not True:
        for key in _TOOLS:
            if basic.has(key):
                basic.notes.left_out(basic.source(key), _UNUSED)
        return {}
    basic.notes.taken(basic.source("use_mcpp"), _OURS)
    if lost := [name for name in named if name not in tools]:
        message = f"there is no server {', '.join(map(repr, lost))[:200]} in mcp_servers.json"
        basic.notes.not_possible(basic.source("mcp_enabled_servers"), message, "write it under mcp_servers")
    found = list(dict.fromkeys(tools[name] for name in named if name in tools))
    if found:
        basic.notes.taken(basic.source("mcp_enabled_servers"), _OURS)
    return {"mcp_servers": found} if found else {}


def _model(said: str | None, basic: Section, pool: Section, registry: Registry) -> dict[str, Any]:
    name = engine(said, KNOWN) if said else None
    written = {found: key for key in pool.node.entries if (found := engine(key, KNOWN))}
    for other, key in written.items():
        if pool.has(key) and other != name:
            pool.notes.left_out(pool.source(key), _UNUSED)
    block = None
    if name is not None:
        block = language_model(name, pool.section(written.get(name, name)), registry)
    pool.rest()
    if block is not None:
        basic.notes.translated(basic.source("llm_provider"), f"llm: {next(iter(block))}")
        return block
    source = basic.source("llm_provider") if basic.has("llm_provider") else pool.source()
    why = f"{name} lacks its model or its address" if name else "names no model that is known"
    instead = "write base_url and model under llm.openai_llm"
    basic.notes.not_possible(source, f"{why}; demo_llm plays a few lines", instead)
    return dict(DEMO)
