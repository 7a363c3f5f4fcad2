"""The task that owns one server of tools: how often it tries, and that nothing of a server comes out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from virtual import run_virtual

from hayakuchi.agents.mcp_tools import McpServers, McpServerSettings, connection
from hayakuchi.agents.tools import Tool, ToolError

WEB = McpServerSettings(url="http://127.0.0.1:1/mcp")


def tool(name: str) -> Tool:
    async def call(_: Any) -> str:
        return name

    return Tool(name, "", {}, call)


def tries(monkeypatch: pytest.MonkeyPatch, held: Callable[[Any], Awaitable[None]], most: int) -> list[float]:
    """When a server whose connections are ``held`` so is tried, in s."""
    began: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            one = connection.ServerConnection("own", WEB, group)

            async def connected(_: Any) -> None:
                began.append(loop.time())
                if len(began) == most:
                    one.close()
                await held(one)

            monkeypatch.setattr(one, "_connected", connected)
            await one.run()

    run_virtual(run())
    return [round(after - before, 3) for before, after in pairwise(began)]


def test_a_server_that_fails_at_once_is_tried_after_a_second_then_more_rarely(monkeypatch: pytest.MonkeyPatch):
    async def refused(_: Any) -> None:
        raise ConnectionRefusedError

    assert tries(monkeypatch, refused, 9) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_server_that_never_answers_is_tried_more_and_more_rarely_too(monkeypatch: pytest.MonkeyPatch):
    async def mute(_: Any) -> None:
        await asyncio.sleep(connection.START_S)

    assert tries(monkeypatch, mute, 5) == [61, 62, 64, 68]


def test_a_server_whose_tools_were_there_for_long_is_tried_soon(monkeypatch: pytest.MonkeyPatch):
    async def good(one: Any) -> None:
        one._known_at = asyncio.get_running_loop().time()
        await asyncio.sleep(100)

    assert tries(monkeypatch, good, 4) == [101, 101, 101]


def test_what_breaks_in_one_server_ends_neither_the_others_nor_the_engine(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(_: Any, text: str) -> str:
        raise ZeroDivisionError(text)

    async def run() -> None:
        servers = McpServers({"own": WEB})
        servers.toolbox(["own"])
        await servers.open()
        one = servers.connections["own"]

        async def connected(_: Any) -> None:
            raise OSError("hunter22")

        monkeypatch.setattr(one, "_connected", connected)
        await one.tried.wait()
        assert servers.problems == [f"tools of own: {connection.BROKE}"]
        await servers.aclose()

    monkeypatch.setattr(McpServerSettings, "without_secrets", broken)
    run_virtual(run())
    assert "ZeroDivisionError" in caplog.text
    assert "hunter22" not in caplog.text


def test_results_and_failures_of_tools_are_cleaned():
    server = McpServerSettings(command="x", args=("--api-key", "hunter22"))

    async def call_tool(name: str, _: Any) -> Any:
        text = SimpleNamespace(type="text", text=f"{name}: hunter22")
        return SimpleNamespace(content=[text], structured_content=None, is_error=name == "fail")

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            one = connection.ServerConnection("own", server, group)
            one._client = SimpleNamespace(call_tool=call_tool)
            assert await one.call("show", {}) == "show: ***"
            with pytest.raises(ToolError, match=r"^fail: \*\*\*$"):
                await one.call("fail", {})

    run_virtual(run())


def test_a_call_to_a_server_that_ends_is_refused():
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            one = connection.ServerConnection("own", WEB, group)
            one._client = SimpleNamespace()
            one.close()
        with pytest.raises(ToolError, match="not there"):
            await one.call("time", {})

    run_virtual(run())


def test_a_toolbox_that_is_asked_for_while_servers_end_reaches_none(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        servers = McpServers({"own": WEB, "late": WEB})
        servers.toolbox(["own"])
        await servers.open()

        async def connected(_: Any) -> None:
            try:
                await asyncio.sleep(1e6)
            finally:
                servers.toolbox(["late"])

        one = servers.connections["own"]
        monkeypatch.setattr(one, "_connected", connected)
        await asyncio.sleep(1)
        await servers.aclose()
        assert list(servers.connections) == ["own"]

    run_virtual(run())


def test_every_tool_has_a_name_of_its_own_and_none_is_dropped():
    servers = McpServers({"one": WEB, "two": WEB})
    box = servers.toolbox(["one", "two"])
    long = "x" * 64
    given = {"one": ["two_time", "two_time_2", "time", long, f"two_{long}"[:64]], "two": ["time", long]}
    servers._connections = {  # pyright: ignore[reportAttributeAccessIssue]
        name: SimpleNamespace(tools=tuple(map(tool, names))) for name, names in given.items()
    }
    assert box is not None
    names = [one.name for one in box.tools]
    assert names == [*given["one"], "two_time_3", f"two_{'x' * 58}_2"]
    assert all(len(name) <= 64 for name in names)
