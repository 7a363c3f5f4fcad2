"""Their ``mcp_servers.json`` as servers of tools of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..orchestrator.tool_servers import MOST_SERVERS, is_server
from .card_text import plain
from .folder_files import FolderFiles, Unreadable
from .notes import Notes

MCP = "mcp_servers.json"
_KEY = re.compile(r"key|token|secret|passw|auth|bearer", re.IGNORECASE)
_TAKEN = ("command", "args", "env", "cwd", "timeout")


@dataclass(frozen=True, slots=True)
class ToolServers:
    """``blocks`` are what our ``mcp_servers`` says, ``names`` what each server of theirs is called there."""

    blocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_keys(self) -> bool:
        """Whether keys of services may stand in them."""
        words = (word for block in self.blocks.values() for word in block.get("args", ()))
        return any(block.get("env") for block in self.blocks.values()) or any(map(_KEY.search, words))


def tool_servers(files: FolderFiles, folder: str | None, notes: Notes) -> ToolServers:
    """``folder``: what our conf.yaml calls theirs. What servers are started with is not told: there may be keys in it."""
    if not files.has(MCP):
        return ToolServers()
    try:
        document = files.json(files.root / MCP)
    except Unreadable as error:
        notes.left_out(MCP, str(error))
        return ToolServers()
    servers = document.get("mcp_servers") if isinstance(document, Mapping) else None
    blocks: dict[str, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    for name, said in list(servers.items())[:MOST_SERVERS] if isinstance(servers, Mapping) else ():
        source = f"{MCP} {' '.join(plain(name).split())[:60]}"
        ours = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:64]
        block = _block(said, files, folder)
        if ours in blocks or not is_server(ours, block):
            why = "another server is called so" if ours in blocks else "says nothing that could be started"
            notes.not_possible(source, why, "write it under mcp_servers (docs/tools.md)")
            continue
        blocks[ours], names[name] = block, ours
        program = " ".join(plain(str(block["command"])).replace("\\", "/").rpartition("/")[2].split())[:40]
        notes.taken(source, f"mcp_servers.{ours}: starts {program} where a character may use it")
    return ToolServers(blocks, names)


def _block(said: Any, files: FolderFiles, folder: str | None) -> dict[str, Any]:
    """What ours would say; perhaps it may not be said."""
    if not isinstance(said, Mapping):
        return {}
    block = {key: _literal(said[key]) for key in _TAKEN if said.get(key)}
    if "cwd" not in block and folder is not None and _lies_there(block, files):
        block["cwd"] = folder  # theirs run in it
    return block


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
