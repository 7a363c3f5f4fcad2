"""Their ``system_config`` into our ``server`` and ``open_llm_vtuber``, and the prompts that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...orchestrator.loader import BLOCKS
from .names import is_plain
from .reading import CHARACTERS
from .rules import apply, gone, move, settled
from .section import Section

_RULES = (
    move("host"),
    move("port", read="whole"),
    gone("conf_version", "the version of their file; ours has none"),
)
_NOT_NEEDED = {
    "live2d_expression_prompt": "the expressions are told to the model anyway",
    "group_conversation_prompt": "who is there is told to the model anyway",
    "proactive_speak_prompt": "the model is asked in words of our own",
}
_TOOLS = ("mcp_prompt", "tool_guidance_prompt")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text that they add to every persona: the file ``prompts/utils/NAME.txt`` of their folder."""

    key: str
    name: str
    source: str
    """Where it is named, for the report."""


def server(section: Section) -> tuple[dict[str, Any], dict[str, Any], tuple[Prompt, ...]]:
    """Our ``server`` block, what belongs into ``open_llm_vtuber``, and the prompts whose texts belong into personas."""
    prompts = _prompts(section.section("tool_prompts"))
    proxy = section.flag("enable_proxy")
    if section.text("config_alts_dir") not in (None, CHARACTERS):
        section.notes.translated(section.source("config_alts_dir"), f"its files come into {CHARACTERS}/")
    elif section.has("config_alts_dir"):
        section.notes.taken(section.source("config_alts_dir"), f"{CHARACTERS}/")
    moved = apply(section, _RULES, "server")
    host = moved.block.get("host")
    block = settled(moved, BLOCKS["server"]) or {}
    if isinstance(host, str) and host not in ("localhost", "127.0.0.1", "::1") and "host" in block:
        message = "other machines can reach it: `hayakuchi run` wants --open-to-network for that"
        section.notes.translated(section.source("host"), message)
    if proxy is not None:
        section.notes.translated(section.source("enable_proxy"), "open_llm_vtuber.proxy")
    return block, {} if proxy is None else {"proxy": proxy}, prompts


def _prompts(section: Section) -> tuple[Prompt, ...]:
    found: list[Prompt] = []
    for key in section.node.entries:
        name, source = section.text(key), section.source(key)
        if name is None:
            continue
        name = name.removesuffix(".txt")
        if key in _NOT_NEEDED:
            section.notes.left_out(source, f"not needed: {_NOT_NEEDED[key]}")
        elif key in _TOOLS:
            section.notes.left_out(source, "not needed: the model is told of its tools in a way of our own")
        elif not is_plain(name):
            section.notes.not_possible(source, "is no plain file name and is not read", "name a file of prompts/utils")
        else:
            found.append(Prompt(key, name, source))
    return tuple(found)
