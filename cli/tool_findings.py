"""Servers of tools, looked at: whether their programs are there; and asked: whether they start, and what they offer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..agents.mcp_tools import McpServers, McpServerSettings
from ..orchestrator.settings import Settings
from ..orchestrator.tool_servers import named_by
from .finding import Finding, Status

SUBJECT = "mcp_servers"
DEADLINE_S = 60.0
"""Some servers are downloaded when they are started first."""
MOST_TOLD = 12


def tool_servers(settings: Settings) -> Iterator[Finding]:
    """A server that cannot be started is a problem if the character on stage names it."""
    names = named_by(settings.agent)
    for name, server in settings.mcp_servers.items():
        if not server.enabled:
            yield Finding(Status.OK, SUBJECT, f"{name}: is off")
        elif problem := _lacks(server):
            yield Finding(Status.PROBLEM if name in names else Status.WARN, SUBJECT, f"{name}: {problem}")
        else:
            unused = "" if name in names else f"; {settings.character.name} does not use it"
            yield Finding(Status.OK, SUBJECT, f"{name}: {_where(server)}{unused}")


async def asked_for_tools(settings: Settings, deadline_s: float = DEADLINE_S) -> list[Finding]:
    """Start or reach all servers at the same time, and end them."""
    servers = McpServers(settings.mcp_servers)
    servers.toolbox(list(settings.mcp_servers))
    await servers.open()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                for one in servers.connections.values():
                    await one.tried.wait()
        return [_told(name, servers, settings, deadline_s) for name in servers.connections]
    finally:
        await servers.aclose()


def _told(name: str, servers: McpServers, settings: Settings, deadline_s: float) -> Finding:
    one = servers.connections[name]
    if one.tried.is_set() and one.problem is None:
        names = [tool.name for tool in one.tools]
        more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
        tools = f"{', '.join(names[:MOST_TOLD])}{more}" if names else "it has no tools"
        return Finding(Status.OK, f"{SUBJECT} probe", f"{name}: {tools}")
    used = name in named_by(settings.agent)
    problem = one.problem or f"gave no answer within {deadline_s:g} s"
    problem = f"{problem} ({one.complaint})" if one.complaint else problem
    return Finding(Status.PROBLEM if used else Status.WARN, f"{SUBJECT} probe", f"{name}: {problem}")


def _lacks(server: McpServerSettings) -> str | None:
    if server.cwd and not Path(server.cwd).is_dir():
        return f"cwd: there is no folder {server.cwd}"
    own_path = server.env.get("PATH")
    path = own_path.get_secret_value() if own_path is not None else None
    # Only a path is looked for in its folder; a name alone is one of PATH.
    beside = Path(server.command).name != server.command and (Path(server.cwd) / server.command).is_file()
    if server.command and shutil.which(server.command, path=path) is None and not beside:
        return f"there is no program {server.command!r}; install it, or write its whole path"
    return None


def _where(server: McpServerSettings) -> str:
    if server.command:
        return server.command
    parts = urlsplit(server.url)
    return f"{parts.scheme}://{parts.hostname}"
