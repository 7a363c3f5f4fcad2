"""A key is shown once, by the command that makes it, and never again: not in logs, answers, lists or tracebacks."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keyed import asking, bearing, key_file, keyed, make_key
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from hayakuchi.orchestrator.gateway_settings import Scope

SCOPES = (Scope.CHAT, Scope.SPEAK, Scope.METRICS)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at DEBUG, with tracebacks."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(lambda record: record.name != "websockets.client")  # these tests' own
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def leaked(text: str, *tokens: str) -> list[str]:
    """The tokens of which the text holds a part that is secret: any eight characters of it."""
    parts = {token: [token[at : at + 8] for at in range(12, len(token) - 8)] for token in tokens}
    return [token for token in tokens if any(part in text for part in parts[token])]


def test_the_search_finds_what_it_searches() -> None:
    token = "hk_abcdefgh_" + "0123456789" * 4 + "xyz"
    assert leaked(f"... {token[20:30]} ...", token) == [token]
    assert leaked("the key abcdefgh", token) == []


async def test_nothing_that_is_written_or_answered_holds_a_key(tmp_path: Path, log: io.StringIO) -> None:
    answers: list[str] = []
    async with keyed(tmp_path) as server, asking() as client:
        good, revoked, expired = server.key(*SCOPES), server.key(*SCOPES), server.key(*SCOPES, expires_in_s=-1)
        server.revoke(revoked)
        wrong = good[:-3] + ("aaa" if not good.endswith("aaa") else "bbb")
        tokens = [good, revoked, expired, wrong]
        for token in tokens:
            for method, path in (("GET", "/metrics"), ("POST", "/metrics/reset"), ("GET", f"/{token}"), ("GET", "/x")):
                async with client.request(method, server.url + path, headers=bearing(token), data="{") as answer:
                    if token not in path:
                        answers += [await answer.text(), str(answer.headers)]
            async with client.get(f"{server.url}/metrics", headers={"Authorization": f"Basic {token}"}) as answer:
                answers += [await answer.text(), str(answer.headers)]
            answers += await by_websocket(server.ws, token)
        assert leaked(log.getvalue(), *tokens) == []
        assert leaked("\n".join(answers), *tokens) == []
        assert "session.snapshot" in "\n".join(answers), "the scenario has to come as far as the stage"
        assert leaked(in_files(tmp_path), *tokens) == []


def in_files(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.iterdir())


async def by_websocket(url: str, token: str) -> list[str]:
    """All that is answered to a key in a header, a subprotocol and a message."""
    heard: list[str] = []
    offered = [Subprotocol("hayakuchi"), Subprotocol(f"hayakuchi-key.{token}")]
    ways: tuple[dict[str, Any], ...] = ({"additional_headers": bearing(token)}, {"subprotocols": offered}, {})
    for path in ("/stage/ws", "/ws"):
        for options in ways:
            try:
                async with connect(f"{url}{path}?key={token}", proxy=None, **options) as socket:
                    heard.append(str(socket.response.headers if socket.response else ""))
                    await socket.send(json.dumps({"type": "auth", "key": token}))
                    if path == "/stage/ws":
                        heard += [str(await socket.recv()) for _ in range(2)]
                    await socket.send(json.dumps({"type": "ping", "id": 1}))
                    heard.append(str(await socket.recv()))
            except InvalidStatus as refused:
                heard += [str(refused.response.headers), str(refused.response.body)]
            except ConnectionClosed as closed:
                heard.append(str(closed.rcvd))
    return heard


async def test_an_error_in_the_server_does_not_show_it_either(
    tmp_path: Path, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hayakuchi.gateway.figures import metrics

    def broken(request: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(metrics, "doors_of", broken)
    async with keyed(tmp_path) as server, asking() as client:
        token = server.key(*SCOPES)
        async with client.get(f"{server.url}/metrics", headers=bearing(token)) as answer:
            assert answer.status == 500
            assert leaked(await answer.text() + str(answer.headers), token) == []
    assert "broken on purpose" in log.getvalue()
    assert leaked(log.getvalue(), token) == []


async def test_the_command_line_shows_it_once(tmp_path: Path) -> None:
    file = await key_file(tmp_path / "keys.sqlite3")
    token = make_key(file, SCOPES)
    settings = {"llm": [{"demo_llm": {}}], "tts": [{"espeak_tts": {}}], "sessions": {"file": str(file)}}
    config = tmp_path / "conf.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")

    def hayakuchi(*arguments: str) -> str:
        line = [sys.executable, "-m", "hayakuchi", "--debug", "key", *arguments, "-c", str(config)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=dict(os.environ), check=False)
        return done.stdout + done.stderr

    written = hayakuchi("list") + hayakuchi("list", "--json") + hayakuchi("revoke", token) + hayakuchi("revoke", "nope")
    assert token[3:11] in written
    assert leaked(written, token) == []
