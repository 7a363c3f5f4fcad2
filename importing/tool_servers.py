"""Their ``mcp_servers.json`` as servers of tools of ours."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..orchestrator.tool_servers import MOST_SERVERS, is_server
from .card_text import plain
from .folder_files import FolderFiles, Unreadable
from .notes import Notes
from .shown_command import holds_keys, shown_command

MCP = "mcp_servers.json"
LARGEST = 1_000_000
MOST_NAMES = 4
_TAKEN = ("command", "args", "env", "cwd", "timeout")


@dataclass(frozen=True, slots=True)
class ToolServers:
    """``blocks`` are what our ``mcp_servers`` says, ``names`` what each server of theirs is called there."""

    blocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_keys(self) -> bool:
        """Whether keys of services may stand in them."""
        return any(block.get("env") or holds_keys(*_started(block)) for block in self.blocks.values())

    @property
    def programs(self) -> Mapping[str, str]:
        """What each of our servers starts, for people: the whole command, and which variables it is given, without keys."""
        return {name: shown_command(*_started(block)) + _given(block) for name, block in self.blocks.items()}


def tool_servers(files: FolderFiles, folder: str, notes: Notes) -> ToolServers:
    """``folder``: what our conf.yaml calls theirs. What servers are started with is not in the notes, but in ``programs``."""
    if not files.has(MCP):
        return ToolServers()
    try:
        document = files.json(files.root / MCP, LARGEST)
    except Unreadable as error:
        notes.left_out(MCP, str(error))
        return ToolServers()
    servers = document.get("mcp_servers") if isinstance(document, Mapping) else None
    found = list(servers.items()) if isinstance(servers, Mapping) else []
    blocks: dict[str, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    for name, said in found[:MOST_SERVERS]:
        source = f"{MCP} {' '.join(plain(name).split())[:60]}"
        ours = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:64]
        block = _block(said, files, folder)
        if ours in blocks or not is_server(ours, block):
            why = "another server is called so" if ours in blocks else "says nothing that could be started"
            notes.not_possible(source, why, "write it under mcp_servers (docs/tools.md)")
            continue
        blocks[ours], names[name] = block, ours
        notes.taken(source, f"mcp_servers.{ours}: a program that is started where a character may use it")
    if (more := len(found) - MOST_SERVERS) > 0:
        what = f"{more} more {'server' if more == 1 else 'servers'}: there may be {MOST_SERVERS}"
        notes.not_possible(MCP, what, "take those that you do not need out of the file, then import again")
    return ToolServers(blocks, names)


def _block(said: Any, files: FolderFiles, folder: str) -> dict[str, Any]:
    """What ours would say; perhaps it may not be said."""
    if not isinstance(said, Mapping):
        return {}
    block = {key: _literal(said[key]) for key in _TAKEN if said.get(key)}
    if isinstance(cwd := block.get("cwd"), str):
        block["cwd"] = os.path.normpath(os.path.join(folder, cwd))  # theirs is below their folder, ours below our file
    elif "cwd" not in block and _lies_there(block, files):
        block["cwd"] = folder  # theirs run in it
    return block


def _started(block: Mapping[str, Any]) -> tuple[str, list[str]]:
    return block["command"], block.get("args", [])


def _given(block: Mapping[str, Any]) -> str:
    """Some of them make a program load others, so they are told: their names, not what they hold."""
    names = [name[:40] for name in block.get("env", ())]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f" (with {', '.join(names[:MOST_NAMES])}{more})" if names else ""


def _lies_there(block: Mapping[str, Any], files: FolderFiles) -> bool:
    """Whether it is started with a file of their folder."""
    words = [block.get("command"), *(block["args"] if isinstance(block.get("args"), list) else ())]
    return any(isinstance(word, str) and word and files.has(word) for word in words)


def _literal(value: Any) -> Any:
    """As ours is to read it: texts, in which nothing is filled in from the environment."""
    if isinstance(value, Mapping):
        return {str(key): str(_literal(part)) for key, part in value.items()}
    if isinstance(value, list):
        return [str(_literal(part)) for part in value]
    return plain(value).replace("${", "$${") if isinstance(value, str) else value
