"""Lines of the log: each says whose work it is about, in the form that was asked for, and none holds a key or what was said."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scraping import asked
from scripted import EchoAgent, ScriptedLLM, ScriptedTTS
from serving import serving, settings_for, viewing
from websockets.sync.client import connect

from hayakuchi.agents import AgentConfig
from hayakuchi.cli.logs import JsonLines, TextLines, log_to_stderr
from hayakuchi.core.place import Place, at, place
from hayakuchi.core.types import LLMDelta, Message, UserInput
from hayakuchi.gateway.access.caller import Caller, introduce
from hayakuchi.gateway.doors import Doors
from hayakuchi.gateway.figures.timing import Timing
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.settings import Component

Told = Callable[[], str]
"""What went to stderr since it was asked last."""


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Told]:
    """What goes to stderr; whatever is set of logging is as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    talkative = {name: logging.getLogger(name).level for name in ("uvicorn.error", "uvicorn.access", "websockets")}
    yield lambda: capsys.readouterr().err
    root.handlers[:], level = before
    root.setLevel(level)
    for name, level in talkative.items():
        logging.getLogger(name).setLevel(level)


async def test_a_line_of_a_turn_says_session_and_turn(logged: Told) -> None:
    seen: list[dict[str, Any]] = []

    class Telling(EchoAgent):
        async def reply(self, heard: UserInput, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
            async for delta in super().reply(heard, history):
                found = place()
                seen.append(found.fields() if found else {})
                logging.getLogger("agent").info("thinking")
                yield delta

    log_to_stderr("info", "json")
    base = settings_for(lambda: ScriptedLLM(["Hi."], first_ms=1), lambda: ScriptedTTS(first_ms=1, rtf=0.001))
    settings = replace(base, agent=Component("telling", AgentConfig(), Telling))
    async with serving(settings) as (url, _):
        await asked(f"{url}/?key=hidden")
        async with viewing(url, "session=mine") as viewer:
            await viewer.send(type="input.text", text="my secret words")
            await viewer.next("turn.ended")
    told = logged()
    found = [json.loads(line) for line in told.splitlines()]
    assert seen == [{"session": "mine", "turn": 1}]
    thinking = next(line for line in found if line["logger"] == "agent")
    assert (thinking["session"], thinking["turn"], thinking["level"]) == ("mine", 1, "info")
    page = next(line for line in found if line.get("path") == "/")
    assert (page["method"], page["status"], page["message"][:10]) == ("GET", 200, "GET / 200,")
    assert page["duration_ms"] > 0
    assert page["caller"] == "ip:127.0.0.1"
    assert len(page["request"]) == 16
    socket = next(line for line in found if line.get("path") == "/stage/ws")
    assert (socket["method"], socket["status"], socket["close_code"]) == ("WS", 101, 1000)
    assert "hidden" not in told
    assert "secret words" not in told


def record(message: str, *arguments: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, arguments, None)
    made.__dict__.update(more)
    return made


@pytest.mark.parametrize("evil", ["a\nERROR root: forged", "a\r\x1b[2Jb", "a\u2028b", "\x00"])
def test_nothing_from_outside_begins_a_line_of_its_own(evil: str) -> None:
    for formatter in (TextLines("%(message)s%(where)s"), JsonLines()):
        told = formatter.format(record("path %s", evil, place={"session": "main"}))
        assert len(told.splitlines()) == 1
        assert "\x1b" not in told


def test_an_exception_is_told_whole_in_both_forms() -> None:
    try:
        raise LookupError("lost")
    except LookupError:
        broken = record("it broke")
        broken.exc_info = sys.exc_info()
    assert "Traceback" in TextLines("%(message)s%(where)s").format(broken)
    told = json.loads(JsonLines().format(broken))
    assert told["message"] == "it broke"
    assert told["error"].endswith("LookupError: lost")
    assert told["time"].endswith("+00:00")


def test_where_something_happened_is_known_on_the_line(logged: Told) -> None:
    log_to_stderr("info", "text")
    with at(Place(request="r1", session="main", turn=2)):
        logging.getLogger("x").info("said")
    logging.getLogger("x").debug("not said")
    logging.getLogger("x").info("alone")
    first, second = logged().splitlines()
    assert first.endswith("INFO x: said [request=r1 session=main turn=2]")
    assert second.endswith("INFO x: alone")


def test_a_server_that_tells_everything_tells_no_key(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(
        "character: ./one.yaml\nsessions: {keep: false}\nobservability: {log_format: json}\n"
        "gateway: {shed_lag_ms: 60000}  # a busy machine is not the point\n"
    )
    (tmp_path / "one.yaml").write_text("{name: One, persona: You answer., opening_line: Hello.}\n")
    environment = os.environ | {"HOME": str(tmp_path)}
    command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--port", "0", "--no-browser")
    with subprocess.Popen(
        [*command, "--log-level", "debug"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        key = "hk-very-secret-key"
        request = urllib.request.Request(f"{url}/?token={key}", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
        address = f"{url.replace('http', 'ws')}/stage/ws?key={key}"
        with connect(address, additional_headers={"Authorization": f"Bearer {key}"}, proxy=None) as socket:
            socket.recv()
        server.terminate()
        _, told = server.communicate(timeout=20)
    assert key not in told
    found = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    paths = [line["path"] for line in found if "path" in line]
    assert "/" in paths
    assert "/stage/ws" in paths
    assert [line for line in told.splitlines() if not line.startswith("{")] == []


async def test_a_caller_is_named_by_the_id_of_its_key(logged: Told) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        introduce(scope, Caller("key-7"))
        await send({"type": "http.response.start", "status": 204})

    async def nothing(*_: Any) -> Any: ...

    log_to_stderr("info", "text")
    doors = Doors(Engine(settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS)))
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [],
        "raw_path": b"/x%0Ay?key=hidden",
        "client": ("192.0.2.1", 5),
    }
    await Timing(app, doors)(scope, nothing, nothing)
    line = logged()
    assert " ms, key-7 [request=" in line
    assert "GET /x%0Ay 204" in line
    assert "hidden" not in line
    assert len(line.splitlines()) == 1
