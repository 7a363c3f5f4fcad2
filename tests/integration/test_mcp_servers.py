"""Servers of tools as programs of their own: they come, work, hang, die and are ended, and nobody waits for them."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvicorn

from hayakuchi.agents.mcp_tools import McpServers, McpServerSettings, connection
from hayakuchi.agents.tools import Tool, ToolError

PROGRAM = str(Path(__file__).parents[1] / "support" / "mcp_program.py")
PATIENCE_S = 20


def program(*how: str, **more: Any) -> McpServerSettings:
    return McpServerSettings.model_validate({"command": sys.executable, "args": ("-S", PROGRAM, *how), **more})


@asynccontextmanager
async def opened(**named: McpServerSettings) -> AsyncIterator[tuple[McpServers, dict[str, Tool]]]:
    """The servers when the first try of each is over, and their tools."""
    found = McpServers(named)
    box = found.toolbox(list(named))
    before = children()
    await found.open()
    try:
        async with asyncio.timeout(PATIENCE_S):
            for one in found.connections.values():
                await one.tried.wait()
        yield found, {tool.name: tool for tool in box.tools} if box else {}
    finally:
        await found.aclose()
        assert children() <= before, "no process is left"


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def until(happens: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happens():  # noqa: ASYNC110 - a process is no event
            await asyncio.sleep(0.01)


async def test_a_server_gives_tools_that_can_be_called(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "hayakuchi")
    async with opened(own=program(timeout=7)) as (found, tools):
        assert found.problems == []
        assert {"echo", "hang", "odd_name_"} <= tools.keys()
        assert tools["echo"].timeout_s == 7
        assert await tools["echo"].call({"a": "あ"}) == '{"a": "\\u3042"}'
        assert await tools["odd_name_"].call({}) == "{}", "it is called by its own name"
        assert await tools["picture"].call({}) == "[image]"
        with pytest.raises(ToolError, match="no such thing"):
            await tools["fail"].call({})
    assert "tool server own: here I am" in caplog.text, "what it complains of is in the log"


async def test_nobody_waits_for_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch):
    before = children()
    found = McpServers({"mute": program("mute")})
    box = found.toolbox(["mute"])
    async with asyncio.timeout(1):
        await found.open()
    assert box is not None
    assert box.tools == ()
    await until(lambda: children() - before)
    async with asyncio.timeout(5):
        await found.aclose()
    assert children() <= before
    monkeypatch.setattr(connection, "START_S", 0.3)
    async with opened(mute=program("mute")) as (found, tools):
        assert tools == {}
        assert found.problems == ["tools of mute: gave no answer within 0.3 s"]


async def test_a_server_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "RETRY_S", 0.05)
    async with opened(own=program()) as (found, tools):
        one = found.connections["own"]
        for _ in range(2):
            with pytest.raises(ToolError, match="closed"):
                await tools["die"].call({})
            assert one.tools == (), "nobody is offered what cannot be called"
            with pytest.raises(ToolError, match="not there"):
                await tools["echo"].call({})
            await until(lambda: one.tools)
            assert await tools["echo"].call({"n": 1}) == '{"n": 1}'
        assert found.problems == []


async def test_a_call_that_is_given_up_is_given_up_at_once():
    async with opened(own=program()) as (_, tools):
        loop = asyncio.get_running_loop()
        calling = asyncio.ensure_future(tools["hang"].call({}))
        await asyncio.sleep(0.05)
        began = loop.time()
        calling.cancel()
        await asyncio.wait([calling])
        assert loop.time() - began < 0.1
        assert await tools["echo"].call({}) == "{}", "others go on"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is killed at once")
async def test_a_server_that_is_stuck_in_a_call_is_started_again(monkeypatch: pytest.MonkeyPatch):
    from mcp.client import stdio

    monkeypatch.setattr(stdio, "PROCESS_TERMINATION_TIMEOUT", 0.1)
    monkeypatch.setattr(connection, "RETRY_S", 0.05)
    monkeypatch.setattr(connection, "LIST_S", 0.3)
    async with opened(own=program(timeout=0.3)) as (found, tools):
        one = found.connections["own"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(tools["stick"].timeout_s):
                await tools["stick"].call({})
        await until(lambda: not one.tools)
        await until(lambda: one.tools)
        assert await tools["echo"].call({}) == "{}"


async def test_a_server_that_says_other_things_as_well_works_all_the_same():
    async with opened(own=program("noisy")) as (_, tools):
        assert await tools["echo"].call({"n": 1}) == '{"n": 1}'


async def test_a_server_that_changes_its_tools_is_asked_for_them_again():
    async with opened(own=program()) as (found, tools):
        assert "grown" not in tools
        await tools["grow"].call({})
        await until(lambda: any(tool.name == "grown" for tool in found.connections["own"].tools))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (McpServerSettings(command="there-is-no-such-program"), "there is no program"),
        (McpServerSettings(command=sys.executable, cwd="/no/such/folder"), "/no/such/folder"),
        (McpServerSettings(url="http://127.0.0.1:9/mcp"), "tools of own: "),
    ],
)
async def test_what_is_wrong_with_a_server_is_told(settings: McpServerSettings, why: str):
    async with opened(own=settings) as (found, tools):
        assert tools == {}
        assert why in found.problems[0]


async def test_what_a_program_complains_of_is_for_whoever_runs_it_only(caplog: pytest.LogCaptureFixture):
    async with opened(own=program("broken")) as (found, _):
        assert "I am broken" not in found.problems[0], "viewers are told of problems"
        assert "I am broken" in found.connections["own"].complaint
    assert "I am broken" in caplog.text


async def test_the_package_may_be_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    async with opened(own=program()) as (found, _):
        assert found.problems == [f"tools of own: {connection.MISSING}"]


@pytest.mark.skipif(sys.platform == "win32", reason="there it is killed at once")
async def test_a_server_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch):
    from mcp.client import stdio

    monkeypatch.setattr(stdio, "PROCESS_TERMINATION_TIMEOUT", 0.1)
    monkeypatch.setattr(stdio, "FORCE_KILL_TIMEOUT", 0.1)
    before = children()
    async with opened(own=program("stubborn")) as (_, tools):
        assert tools
        assert len(children() - before) == 1
    assert children() <= before


async def test_servers_that_nobody_names_and_that_are_off_are_not_started():
    found = McpServers({"own": program(), "off": program(enabled=False)})
    assert found.toolbox([]) is None
    assert found.toolbox(["off", "unknown"]) is None
    await found.open()
    assert found.connections == {}
    box = found.toolbox(["own"])
    assert list(found.connections) == ["own"], "one that is named later on is reached then"
    assert box is not None
    await until(lambda: box.tools)
    await found.aclose()
    await found.aclose()


async def test_two_servers_may_have_tools_of_the_same_name():
    async with opened(one=program(), two=program()) as (found, tools):
        assert {"echo", "two_echo"} <= tools.keys()
        assert len(tools) == sum(len(one.tools) for one in found.connections.values())


async def test_what_a_server_gets_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, "hayakuchi")
    monkeypatch.setenv("OUR_SECRET", "x")
    shows = "import os, sys; print(sorted(os.environ), os.getcwd(), os.environ.get('TOKEN'), file=sys.stderr)"
    settings = McpServerSettings.model_validate(
        {"command": sys.executable, "args": ["-c", shows], "cwd": str(tmp_path), "env": {"TOKEN": "abcdef"}}
    )
    async with opened(own=settings) as (found, _):
        told = found.problems[0] + found.connections["own"].complaint
    assert "OUR_SECRET" not in told
    assert "'PATH'" in caplog.text
    assert f"{tmp_path} ***" in caplog.text, "its own keys are not told, whoever quotes them"
    assert "abcdef" not in caplog.text + told + repr(settings)


def test_secrets_are_taken_out_of_what_is_told():
    settings = McpServerSettings.model_validate(
        {"url": "https://me:pass@host/mcp?key=1", "headers": {"Authorization": "Bearer abc", "X": "a"}}
    )
    told = settings.without_secrets("at https://me:pass@host/mcp?key=1 with Bearer abc and a")
    assert told == "at https://***@host/mcp?*** with *** and a"


def made_with_the_package() -> Any:
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("made with the package")

    @server.tool()
    def weather(city: str) -> str:
        """The weather of a city"""
        return f"23 degrees in {city}"

    assert weather
    return server


async def test_a_server_over_http(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "RETRY_S", 0.05)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = made_with_the_package().streamable_http_app()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        async with opened(own=McpServerSettings(url=f"http://127.0.0.1:{port}/mcp")) as (found, tools):
            assert found.problems == []
            assert await tools["weather"].call({"city": "Kyoto"}) == "23 degrees in Kyoto"
            with pytest.raises(ToolError, match="city"):
                await tools["weather"].call({"town": "Kyoto"})
            server.should_exit = True
            await running
            with pytest.raises(ToolError):
                await tools["weather"].call({"city": "Kyoto"})
            await until(lambda: found.problems)
    finally:
        server.should_exit = True
        await running


async def test_a_program_made_with_the_package(tmp_path: Path):
    file = tmp_path / "server.py"
    file.write_text(
        "from mcp.server.mcpserver import MCPServer\n"
        "server = MCPServer('theirs')\n"
        "@server.tool()\n"
        "def weather(city: str) -> str:\n"
        "    '''The weather of a city'''\n"
        "    return f'23 degrees in {city}'\n"
        "server.run('stdio')\n"
    )
    async with opened(own=McpServerSettings(command=sys.executable, args=(str(file),))) as (_, tools):
        weather = tools["weather"]
        assert weather.description == "The weather of a city"
        assert weather.offer["function"]["parameters"]["required"] == ["city"]
        assert await weather.call({"city": "Kyoto"}) == "23 degrees in Kyoto"
