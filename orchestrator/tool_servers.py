"""Servers of tools in conf.yaml: the section ``mcp_servers``, and whether the servers that a character names are there.

mcp_servers:
  time: {command: uvx, args: [mcp-server-time]}
agent:
  basic_memory_agent: {mcp_servers: [time]}
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from pydantic import ValidationError

from ..agents.mcp_tools import McpServerSettings
from ..agents.mcp_tools.connection import MISSING
from ..agents.mcp_tools.settings import NAME
from ..core.errors import ConfigError
from .problems import built, meant
from .settings import Component
from .tree import Entry, ListNode, MapNode, Node, Scalar, dotted, is_blank, kind

SECTION = "mcp_servers"
MOST_SERVERS = 50


def tool_servers(node: Node | None, problems: list[ConfigError]) -> dict[str, McpServerSettings]:
    """The section's servers by name. What is wrong is added to ``problems``."""
    if node is None or is_blank(node):
        return {}
    if not isinstance(node, MapNode):
        problems.append(
            node.place.error(f"expected a mapping of names to servers of tools, found {kind(node)}", SECTION)
        )
        return {}
    if len(node.entries) > MOST_SERVERS:
        problems.append(node.place.error(f"has at most {MOST_SERVERS} servers", SECTION))
    found: dict[str, McpServerSettings] = {}
    for name, entry in node.entries.items():
        path = (SECTION, name)
        if not re.fullmatch(NAME, name):
            message = "the name of a server has 1 to 64 letters, digits, '_', '.' and '-'"
            problems.append(entry.place.error(message, dotted(path)))
        elif (server := built(McpServerSettings, _with_folder(entry), path, problems)) is not None:
            found[name] = server
    return found


def is_server(name: str, block: Mapping[str, Any]) -> bool:
    """Whether this could stand in the section."""
    try:
        McpServerSettings.model_validate(dict(block))
    except ValidationError:
        return False
    return re.fullmatch(NAME, name) is not None


def check_named(
    agent: Component, tree: MapNode, servers: Mapping[str, McpServerSettings], problems: list[ConfigError]
) -> None:
    """Whether the servers that the character's agent names are there, and can be reached with what is installed."""
    names = named_by(agent)
    section = tree.get(SECTION)
    known = section.entries if isinstance(section, MapNode) else {}
    for index, name in enumerate(names):
        if name not in known:
            message = f"there is no server {name[:60]!r} under {SECTION}{meant(name, known)}"
            problems.append(_place(tree, agent.name, index).place.error(message, dotted((*_path(agent.name), index))))
    if any(name in servers and servers[name].enabled for name in names) and find_spec("mcp") is None:
        problems.append(_place(tree, agent.name, None).place.error(MISSING, dotted(_path(agent.name))))


def named_by(agent: Component) -> tuple[str, ...]:
    """The servers whose tools an agent's settings ask for."""
    names: Any = getattr(agent.config, SECTION, ())
    return tuple(names)


def _path(agent: str) -> tuple[str, ...]:
    return ("agent", agent, SECTION)


def _place(tree: MapNode, agent: str, index: int | None) -> Node:
    """Where the agent names its servers, or one of them."""
    node: Node = tree
    for key in _path(agent):
        below = node.get(key) if isinstance(node, MapNode) else None
        if below is None:
            return node
        node = below
    return node.items[index] if isinstance(node, ListNode) and index is not None else node


def _with_folder(entry: Entry) -> Entry:
    """The folder that a server runs in is relative to the file that names it; ``~`` is the user's own."""
    block = entry.value
    said = block.get("cwd") if isinstance(block, MapNode) else None
    if not isinstance(block, MapNode) or not isinstance(said, Scalar) or said.value in (None, ""):
        return entry
    folder = os.path.abspath(said.place.file.parent / os.path.expanduser(said.text))
    resolved = Entry(block.entries["cwd"].place, replace(said, value=folder, text=folder))
    return Entry(entry.place, block.extended("cwd", resolved))
