"""Paths that lead out of the web folder, and requests that never come to an end."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from escapes import ESCAPES, SECRET, exchange, get
from keyed import Keyed, asking, bearing, keyed
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for
from starlette.routing import Route

from hayakuchi.gateway import http_deadlines, pages
from hayakuchi.gateway.access import doorkeeper
from hayakuchi.gateway.app import build_app
from hayakuchi.gateway.pages import WEB
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import Scope


async def test_no_path_leads_out_of_the_web_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = in_a_folder(tmp_path)
    static = next(route for route in pages.ROUTES if getattr(route, "name", "") == "static")
    monkeypatch.setattr(static.app, "all_directories", [folder])
    found = []
    prefixes = {"/static/", "//static/", "/stage/", "/", "/static/%2e/", *with_parameters()}
    async with keyed(tmp_path, auth={"enabled": False}) as server:
        assert b"// ours" in await get(server, b"/static/ours.js")
        for escape in ESCAPES:
            for prefix in prefixes:
                path = prefix + escape.format(name="secret.txt", full=str(tmp_path / "secret.txt"))
                answer = await get(server, path.encode("latin-1"))
                if SECRET.encode() in answer or answer.split(b" ")[1:2] not in ([b"404"], [b"400"], [b"405"]):
                    found.append((path, answer[:60]))
    assert found == []


def with_parameters() -> set[str]:
    """What comes before the parameter in every path that has one."""
    application = build_app(Engine(settings_for(lambda: ScriptedLLM([]), ScriptedTTS)))
    paths = [route.path for route in application.routes if isinstance(route, Route)]
    return {path.partition("{")[0] for path in paths if "{" in path}


def in_a_folder(place: Path) -> Path:
    """A web folder beside a file that is not for the web, which symbolic links in it lead to."""
    folder = place / "web"
    folder.mkdir()
    (folder / "ours.js").write_text("// ours", encoding="utf-8")
    secret = place / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    (folder / "link.txt").symlink_to(secret)
    (folder / "folder").symlink_to(place)
    return folder


@pytest.mark.parametrize(
    "path", [b"/static/\xff\xfe", b"/\x01", b"/static/" + b"a" * 60_000, b"/static/" + b"../" * 9000]
)
async def test_raw_bytes_do_no_harm(tmp_path: Path, path: bytes) -> None:
    async with keyed(tmp_path, auth={"enabled": False}) as server:
        answer = await get(server, path)
        assert answer.split(b" ")[1:2] in ([b"400"], [b"404"], [b"414"], [b"431"], [])
        assert b" 200 " in await get(server, b"/health")


def test_the_web_folder_itself_has_no_way_out() -> None:
    assert [file for file in WEB.rglob("*") if file.is_symlink()] == []


async def trickled(server: Keyed, begun: bytes, drop: bytes) -> tuple[bytes, float]:
    """What is answered to a beginning that goes on drop by drop, and after how many seconds the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begun)
    began, answer = time.monotonic(), b""
    while time.monotonic() - began < 9:
        try:
            async with asyncio.timeout(0.1):
                piece = await reader.read(10_000)
            if not piece:
                break
            answer += piece
        except TimeoutError:
            writer.write(drop)
        except ConnectionError:
            break
    writer.close()
    return answer, time.monotonic() - began


HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("begun", "drop"),
    [(b"", b""), (b"", b"\r\n"), (HEAD, b""), (HEAD, b"X: y\r\n"), (HEAD + b"X: ", b"y"), (HEAD + b"\r\nG", b"E")],
    ids=["silence", "empty lines", "a beginning", "headers without end", "a header without end", "a second one"],
)
async def test_a_head_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(http_deadlines, "HEAD_S", 0.5)
    async with keyed(tmp_path) as server:
        answer, lasted_s = await trickled(server, begun, drop)
    assert lasted_s < 3
    assert (b" 200 " in answer) is begun.endswith(b"G")


async def test_a_socket_that_is_open_outlives_the_deadline_of_heads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from websockets.asyncio.client import connect

    monkeypatch.setattr(http_deadlines, "HEAD_S", 0.2)
    async with keyed(tmp_path, auth={"enabled": False}) as server:
        async with connect(f"{server.ws}/stage/ws", proxy=None) as socket:
            await asyncio.sleep(0.6)
            await socket.send('{"type": "ping"}')
            async with asyncio.timeout(5):
                while '"pong"' not in str(await socket.recv()):
                    pass


def upload(token: str, length: int) -> bytes:
    head = (
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {bearing(token)['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.encode()


async def test_a_body_that_stops_coming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "IDLE_S", 0.3)
    async with keyed(tmp_path) as server:
        began = time.monotonic()
        answer = await exchange(server, upload(server.key(Scope.SPEAK), 1000) + b"--x\r\n")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"timeout"' in answer.replace(b": ", b":")
        assert b"connection: close" in answer.lower()
        assert time.monotonic() - began < 5


async def test_a_body_that_trickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "BODY_S", 1.0)
    async with keyed(tmp_path) as server:
        answer, lasted_s = await trickled(server, upload(server.key(Scope.SPEAK), 100_000) + b"--x\r\n", b"a")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert lasted_s < 4


@pytest.mark.parametrize(("length", "closed"), [(1000, False), (31_000_000, False), (33_000_000, True), (10**30, True)])
async def test_a_stranger_is_told_before_its_body_is_read(tmp_path: Path, length: int, closed: bool) -> None:
    async with keyed(tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(upload("hk_no", length))
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 ") if length > 1e20 else b"HTTP/1.1 401 ")
        assert (b"connection: close" in head.lower()) is closed
        writer.close()


async def test_a_refused_body_is_passed_over_and_the_connection_goes_on(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(upload("hk_no", 1_000_000) + b"a" * 1_000_000)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            answers = await reader.read()
        assert answers.count(b"HTTP/1.1 401 ") == 1
        assert answers.count(b"HTTP/1.1 200 ") == 1
        writer.close()


async def test_a_refused_body_that_trickles_is_not_passed_over_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_deadlines, "REST_S", 0.5)
    async with keyed(tmp_path) as server:
        answer, lasted_s = await trickled(server, upload("hk_no", 1_000_000), b"a")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert lasted_s < 3


async def test_who_reads_nothing_of_the_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_deadlines, "READ_S", 0.5)
    loop = asyncio.get_running_loop()
    async with keyed(tmp_path) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", server.port))
            page = b"GET /static/studio.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
            await loop.sock_sendall(client, page * 1000)  # more than the system holds for a client
            await asyncio.sleep(2)
            taken = 0
            async with asyncio.timeout(10):
                with suppress(ConnectionResetError):
                    while chunk := await loop.sock_recv(client, 1 << 20):
                        taken += len(chunk)
        assert 0 < taken < 10_000_000
        async with asking() as http, http.get(f"{server.url}/health") as answer:
            assert answer.status == 200
