"""What else lies in Open-LLM-VTuber's folder: tools of MCP, and prompts that the settings name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .card_text import beginning, plain
from .folder_files import FolderFiles, Unreadable, text_of
from .notes import Notes

MCP = "mcp_servers.json"
PROMPTS = "prompts/utils"
LARGEST_PROMPT = 200_000
LONGEST_PROMPT = 4_000
"""Characters that become part of the persona."""
_NAME = re.compile(r"[\w.-]{1,100}")
_OWN_WORDS = "this program says that in its own words"
_NO_TOOLS = "the characters call no tools"
_REPLACED = {
    "live2d_expression_prompt": _OWN_WORDS,
    "group_conversation_prompt": _OWN_WORDS,
    "proactive_speak_prompt": _OWN_WORDS,
    "speakable_prompt": _OWN_WORDS,
    "mcp_prompt": _NO_TOOLS,
    "tool_guidance_prompt": _NO_TOOLS,
}


def mcp_servers(files: FolderFiles, notes: Notes) -> None:
    """Tell of the tools. What they are started with is not shown: there may be keys in it."""
    if not files.has(MCP):
        return
    try:
        document = files.json(files.root / MCP)
    except Unreadable as error:
        notes.left_out(MCP, str(error))
        return
    servers = document.get("mcp_servers") if isinstance(document, Mapping) else None
    for name in list(servers)[:50] if isinstance(servers, Mapping) else ():
        notes.not_possible(
            f"{MCP} {' '.join(plain(name).split())[:60]}",
            "the characters call no tools of MCP yet",
            "a program that talks to them through the API may offer its own tools (docs/api.md)",
        )


def prompts(files: FolderFiles, named: Any, notes: Notes) -> str:
    """What of the prompts that ``system_config.tool_prompts`` names belongs to the persona."""
    parts: list[str] = []
    for key, name in named.items() if isinstance(named, Mapping) else ():
        if not isinstance(key, str) or not isinstance(name, str) or not name.strip():
            continue
        source = f"{PROMPTS}/{name[:60]}.txt"
        if key in _REPLACED:
            notes.left_out(source, f"{key}: {_REPLACED[key]}")
        elif key == "think_tag_prompt":
            notes.not_possible(source, "thoughts are neither shown nor spoken", "a model that thinks by itself")
        elif text := _prompt(files, name.strip(), source, notes):
            notes.translated(source, f"{key[:60]}: part of the persona")
            parts.append(text)
    return "\n\n".join(parts)


def _prompt(files: FolderFiles, name: str, source: str, notes: Notes) -> str:
    if not _NAME.fullmatch(name):
        notes.not_possible(source, "its name is no file's name")
        return ""
    try:
        text = plain(text_of(files.read(files.root / PROMPTS / f"{name}.txt", LARGEST_PROMPT))).strip()
    except Unreadable as error:
        notes.not_possible(source, str(error))
        return ""
    taken = beginning(text, LONGEST_PROMPT)
    if len(taken) < len(text):
        notes.not_possible(
            source, f"what is beyond {len(taken)} characters", "shorten it, and write it into the persona"
        )
    return taken
