"""All servers of tools that the settings name, and the toolboxes that are filled from them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import chain, count

from ..tools import LONGEST_NAME, Tool, Toolbox, tool_name
from .connection import ServerConnection
from .settings import McpServerSettings

CLOSING_S = 8.0
"""How long servers have to end; longer than it takes to kill one."""


class McpServers:
    """Opened and closed with the engine, by the same task. A server is reached once a character that names it is there."""

    def __init__(self, settings: Mapping[str, McpServerSettings]) -> None:
        self._settings = {name: one for name, one in settings.items() if one.enabled}
        self._wanted: list[str] = []
        self._connections: dict[str, ServerConnection] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._group: asyncio.TaskGroup | None = None
        self._exits = AsyncExitStack()

    def toolbox(self, names: Sequence[str]) -> Toolbox | None:
        """The tools of these servers, in this order; None where there are none. They are reached from here on."""
        wanted = [name for name in dict.fromkeys(names) if name in self._settings]
        self._wanted += [name for name in wanted if name not in self._wanted]
        self._reach()
        return _Box(self, wanted) if wanted else None

    @property
    def connections(self) -> Mapping[str, ServerConnection]:
        """Those that are reached, or tried."""
        return self._connections

    @property
    def problems(self) -> list[str]:
        """What cannot be had at the moment, a line each."""
        return [f"tools of {one.name}: {one.problem}" for one in self._connections.values() if one.problem]

    async def open(self) -> None:
        """Returns at once: servers are reached behind the scenes. Only once."""
        if not self._settings:
            return
        self._group = await self._exits.enter_async_context(asyncio.TaskGroup())
        self._exits.push_async_callback(self._end)
        self._reach()

    async def aclose(self) -> None:
        """End all servers, and wait for that; idempotent."""
        await self._exits.aclose()

    def _reach(self) -> None:
        if self._group is None:
            return
        for name in self._wanted:
            if name not in self._connections:
                self._connections[name] = one = ServerConnection(name, self._settings[name], self._group)
                self._tasks.append(self._group.create_task(one.run(), name=f"tool server {name}"))

    async def _end(self) -> None:
        self._group = None  # whoever asks for a toolbox from here on reaches nothing that nobody would end
        for one in self._connections.values():
            one.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSING_S)
            for task in late:
                task.cancel()


class _Box:
    """A tool whose name another one has already goes by its server's name, too."""

    def __init__(self, servers: McpServers, names: Sequence[str]) -> None:
        self._servers, self._names = servers, names

    @property
    def tools(self) -> Sequence[Tool]:
        found: dict[str, Tool] = {}
        for server in self._names:
            connection = self._servers.connections.get(server)
            for tool in connection.tools if connection is not None else ():
                name = _free(tool.name, server, found)
                found[name] = replace(tool, name=name)
        return tuple(found.values())


def _free(name: str, server: str, taken: Collection[str]) -> str:
    """A name that no other tool has: the tool's own, behind its server's, or with a number behind that."""
    longer = tool_name(f"{server}_{name}")
    numbered = (f"{longer[: LONGEST_NAME - len(end)]}{end}" for end in (f"_{number}" for number in count(2)))
    return next(one for one in chain((name, longer), numbered) if one not in taken)
