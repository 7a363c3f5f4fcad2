"""One server of tools: a task that owns the connection, from its first try to its end.

The connection is entered and left by that task alone; others ask it by :meth:`ServerConnection.call`. It is made again, with
growing waits, whenever it ends. Nobody ever waits for it: what it has at a moment is what there is.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Any

from ..tools import Tool, ToolError, tool_name
from .answers import LONGEST_DESCRIPTION, parameters_of, text_of
from .settings import McpServerSettings
from .stderr import ProgramErrors

START_S = 60.0
"""How long a server may take until its tools are known: some are downloaded first."""
LIST_S = 20.0
RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
STEADY_S = 30.0
"""Tools that were there for so long were good ones: the waits begin anew."""
MOST_TOOLS = 128
ENDED = "it ended by itself"
BROKE = "the connection to it broke; the log has the details"
MISSING = "needs the Python package mcp: pip install 'hayakuchi[mcp]', or uv sync --extra mcp"

log = logging.getLogger(__name__)


class ServerConnection:
    """``group`` is where calls run, and outlives :meth:`run`."""

    def __init__(self, name: str, settings: McpServerSettings, group: asyncio.TaskGroup) -> None:
        self.name = name
        self.tools: tuple[Tool, ...] = ()
        """Those that can be called at this moment, by the server's own names."""
        self.problem: str | None = None
        """Why there are none; None while it is reached for the first time, too. Shown to everybody."""
        self.complaint = ""
        """What its program wrote last before that, for whoever runs it: it may quote anything."""
        self.tried = asyncio.Event()
        """It is known whether the server can be had."""
        self._settings, self._group = settings, group
        self._client: Any = None
        self._scope: Any = None
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = False
        self._limit_s = START_S
        self._known_at = inf
        """Since when this connection has had its tools."""

    async def run(self) -> None:
        """Hold the connection until :meth:`close`. Nothing that is wrong with a server comes out of it."""
        clock = asyncio.get_running_loop().time
        wait_s, told = RETRY_S, None
        while not self._closing.is_set():
            await self._safely_held()
            if self._closing.is_set():
                return
            level = logging.INFO if self.problem == told else logging.WARNING
            log.log(level, "tool server %s: %s%s", self.name, self.problem, self.complaint and f" ({self.complaint})")
            told = self.problem
            if clock() - self._known_at > STEADY_S:
                wait_s = RETRY_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._closing.wait()
            except TimeoutError:
                wait_s = min(2 * wait_s, LONGEST_RETRY_S)

    def close(self) -> None:
        """End :meth:`run`, and the server with it; idempotent."""
        self._closing.set()
        if self._scope is not None:
            self._scope.cancel()

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The result. Raises ToolError. Cancelling it returns at once, whatever the server makes of that."""
        if self._client is None or self._closing.is_set():
            raise ToolError(f"the server of this tool ({self.name}) is not there at the moment")
        task = self._group.create_task(self._asked(self._client, tool, arguments), name=f"{self.name}: {tool}")
        try:
            await asyncio.wait([task])
        finally:
            if not task.done():
                task.cancel()
                self._wake.set()  # it may be stuck
        answer = ToolError("the server of this tool ends") if task.cancelled() else task.result()
        if isinstance(answer, ToolError):
            raise answer
        return answer

    async def _asked(self, client: Any, tool: str, arguments: Mapping[str, Any]) -> str | ToolError:
        try:
            answer = await client.call_tool(tool, dict(arguments))
            text = self._settings.without_keys(text_of(answer.content, answer.structured_content))
            return ToolError(text or "the tool failed") if answer.is_error else text
        except Exception as error:  # noqa: BLE001 - what comes instead of an answer is no reason to end anything else
            self._wake.set()
            return ToolError(self._told_of(error))

    async def _safely_held(self) -> None:
        """As :meth:`_held`; whatever breaks in it is this server's, and ends neither the others nor the engine."""
        try:
            await self._held()
        except Exception as error:  # noqa: BLE001 - one server of tools is no reason to end anything else
            self.problem = BROKE
            # Where it was, and not what it said: that might quote a key.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("tool server %s: %s\n%s", self.name, type(error).__name__, where)
        finally:
            self.tried.set()

    async def _held(self) -> None:
        """One connection, from its beginning to its end, of which ``problem`` is the reason."""
        complaints = None
        self._ended, self._known_at, self.complaint = False, inf, ""
        self._wake.clear()
        try:
            if self._settings.command:
                complaints = ProgramErrors(self.name, self._settings.without_secrets)
            await self._connected(complaints)
            self.problem = ENDED if self._ended else f"gave no answer within {self._limit_s:g} s"
        except ModuleNotFoundError as error:
            self.problem = MISSING if error.name and error.name.partition(".")[0] == "mcp" else _reason(error)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - what is wrong with a server is its own
            why = self._told_of(error)
            self.problem = ENDED if self._ended else why
        finally:
            self.tools, self._client, self._scope = (), None, None
            if complaints is not None:
                complaints.close()
        if complaints is not None and not self._closing.is_set():
            await asyncio.to_thread(complaints.wait, 0.5)
            self.complaint = complaints.last

    async def _connected(self, complaints: ProgramErrors | None) -> None:
        client_of, way_to, anyio = await asyncio.to_thread(_imported)
        with anyio.CancelScope() as self._scope:
            if self._closing.is_set():
                return
            self._limit_s = START_S
            self._scope.deadline = anyio.current_time() + START_S
            async with client_of(way_to(self._settings, complaints, self._over), self._heard) as client:
                while not self._ended:
                    self.tools = await self._listed(client)
                    self._client, self.problem = client, None
                    self._known_at = min(self._known_at, asyncio.get_running_loop().time())
                    self.tried.set()
                    self._scope.deadline = inf
                    await self._wake.wait()
                    self._wake.clear()
                    # Something changed, or went wrong: a server that still lists its tools is well.
                    self._limit_s = max(LIST_S, self._settings.timeout)
                    self._scope.deadline = anyio.current_time() + self._limit_s

    def _told_of(self, error: BaseException) -> str:
        """What happened, for people; all of it is in the log."""
        clean = self._settings.without_secrets
        log.debug("tool server %s: %s", self.name, clean("".join(traceback.format_exception(error))))
        return clean(_reason(error))

    def _over(self) -> None:
        self._ended, self._client, self.tools = True, None, ()
        self._wake.set()

    async def _heard(self, message: Any) -> None:
        """What the server tells unasked."""
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self._wake.set()

    async def _listed(self, client: Any) -> tuple[Tool, ...]:
        found: dict[str, Tool] = {}
        cursor = None
        while True:
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            for listed in page.tools[: MOST_TOOLS - len(found)]:
                parameters = parameters_of(listed.input_schema)
                if parameters is None:
                    log.warning("tool server %s: the parameters of %.100s are too many", self.name, listed.name)
                    continue
                found[listed.name] = Tool(
                    tool_name(listed.name),
                    (listed.description or listed.title or "")[:LONGEST_DESCRIPTION],
                    parameters,
                    partial(self.call, listed.name),
                    self._settings.timeout,
                )
            cursor = page.next_cursor
            if not cursor or len(found) >= MOST_TOOLS:
                return tuple(found.values())


def _imported() -> tuple[Any, Any, Any]:
    """What holds a connection; it takes a moment to import."""
    import anyio
    from mcp import Client

    from .transport import way_to

    return lambda way, heard: Client(way, message_handler=heard, cache=None), way_to, anyio


def _reason(error: BaseException) -> str:
    """What happened, in one line; of several things the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no program, or no folder, {error.filename!r}"
    text = " ".join(str(error).split())[:500]
    return text or type(error).__name__
