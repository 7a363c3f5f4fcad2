"""Frontends of other origins come to their own doors where the settings say so; nobody else does, and they nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import HOSTILE, OVERLAY, UPGRADE, headers_for, preflight, status_of
from olv_folder import hosting, user_folder

from hayakuchi.gateway.access.cors import Cors
from hayakuchi.gateway.access.guests import DOORS, FOLDERS, LISTS, guests_of
from hayakuchi.gateway.access.origin import OriginGuard
from hayakuchi.gateway.access.rules import WEBSOCKETS
from hayakuchi.gateway.api.table import ALL
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

DEV = "http://localhost:5173"
SOCKETS = ("/client-ws", "/proxy-ws", "/tts-ws")
ELSEWHERE = (
    *(set(WEBSOCKETS) - DOORS),
    "/client-ws/",
    "//client-ws",
    "/CLIENT-WS",
    "/client-ws/../chat/ws",
    "/bg/../ws",
)
INVITING = OpenLlmVtuberSettings(origins=(DEV, OVERLAY), file_origin=True)


async def told(
    kind: str,
    path: str,
    origin: str | None,
    settings: OpenLlmVtuberSettings,
    *,
    host: str = "127.0.0.1:12393",
    method: str = "POST",
) -> tuple[int, str]:
    """The status, 200 for who comes in, and the reason."""
    sent, reached = [], []

    async def app(scope, receive, send) -> None:
        reached.append(scope["path"])

    async def send(message) -> None:
        sent.append(message)

    async def receive():
        raise AssertionError("nothing is read before the check")

    guard = OriginGuard(app, names=(), origins=(), guests=guests_of(settings))
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin is not None else [])]
    extensions = {"websocket.http.response": {}}
    await guard(
        {"type": kind, "method": method, "path": path, "headers": headers, "extensions": extensions}, receive, send
    )
    return (200, "") if reached else (sent[0]["status"], sent[1]["body"].decode())


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    ("origin", "settings", "status"),
    [
        (None, OpenLlmVtuberSettings(), 200),
        ("http://127.0.0.1:12393", OpenLlmVtuberSettings(), 200),
        (DEV, OpenLlmVtuberSettings(), 403),
        (DEV, OpenLlmVtuberSettings(origins=(DEV,)), 200),
        ("HTTP://LOCALHOST:5173", OpenLlmVtuberSettings(origins=(DEV,)), 200),
        ("http://localhost:5174", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        ("https://localhost:5173", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        (f"{DEV}/", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        (f"{DEV}, {DEV}", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        ("file://", OpenLlmVtuberSettings(), 403),
        ("file://", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        ("file://", OpenLlmVtuberSettings(file_origin=True), 200),
        ("file:///", OpenLlmVtuberSettings(file_origin=True), 403),
        ("file://evil", OpenLlmVtuberSettings(file_origin=True), 403),
        ("null", OpenLlmVtuberSettings(origins=(DEV,)), 403),
        ("null", OpenLlmVtuberSettings(file_origin=True), 403),
        ("", OpenLlmVtuberSettings(file_origin=True), 403),
        (DEV, OpenLlmVtuberSettings(origins=(DEV,), enabled=False), 403),
        ("file://", OpenLlmVtuberSettings(file_origin=True, enabled=False), 403),
    ],
)
async def test_who_may_come_to_their_sockets(
    path: str, origin: str | None, settings: OpenLlmVtuberSettings, status: int
) -> None:
    assert (await told("websocket", path, origin, settings))[0] == status


@pytest.mark.parametrize("origin", [DEV, "file://", "null"])
async def test_guests_come_nowhere_else(origin: str) -> None:
    for path in ELSEWHERE:
        assert (await told("websocket", path, origin, INVITING))[0] == 403, path
    for endpoint in ALL:
        if endpoint.method != "GET" and endpoint.path != "/asr":
            status, _ = await told("http", endpoint.path, origin, INVITING, method=endpoint.method)
            assert status == 403, endpoint.path


async def test_sound_may_be_sent_to_be_understood() -> None:
    assert (await told("http", "/asr", DEV, INVITING))[0] == 200
    assert (await told("http", "/asr", "file://", INVITING))[0] == 200
    assert (await told("http", "/asr", "null", INVITING))[0] == 403
    assert (await told("http", "/asr", DEV, OpenLlmVtuberSettings()))[0] == 403


@pytest.mark.parametrize(
    ("origin", "settings", "words"),
    [
        (DEV, OpenLlmVtuberSettings(), "open_llm_vtuber: {origins: [http://localhost:5173]}"),
        ("file://", OpenLlmVtuberSettings(), "open_llm_vtuber: {file_origin: true}"),
        ("null", INVITING, "hayakuchi run --frontend DIR"),
    ],
)
async def test_the_refusal_says_what_would_let_it_in(origin: str, settings: OpenLlmVtuberSettings, words: str) -> None:
    status, why = await told("websocket", "/client-ws", origin, settings)
    assert (status, words in why) == (403, True), why
    assert "gateway.cors" in (await told("websocket", "/chat/ws", origin, settings))[1]


async def test_an_endless_origin_is_not_repeated_at_length() -> None:
    status, why = await told("websocket", "/client-ws", "http://" + "a" * 5000, INVITING)
    assert status == 403
    assert len(why) < 1000


@pytest.mark.parametrize("auth", [True, False])
async def test_the_hostile_pairs_are_refused_at_their_doors_whoever_is_invited(tmp_path: Path, auth: bool) -> None:
    """But for ``file://``, which is one of those invited here."""
    settings = {"folder": str(user_folder(tmp_path / "theirs")), "origins": [OVERLAY, DEV], "file_origin": True}
    async with hosting(tmp_path, settings, auth={"enabled": auth}, limits={"requests_per_minute": 0}) as server:
        found = []
        for host, origin in HOSTILE:
            if origin == "file://":
                continue
            headers = headers_for(server, host, origin, "hk_no" if auth else "x")
            for path in SOCKETS:
                if await status_of(server, f"GET {path}", headers | UPGRADE) != 403:
                    found.append((path, host, origin))
            if await status_of(server, "POST /asr", headers | {"Content-Length": "0"}) != 403:
                found.append(("/asr", host, origin))
            rebound = origin is None or host != "{us}"
            for path in ("/bg/city.mp4", "/live2d-models/info"):
                status = await status_of(server, f"GET {path}", headers)
                if rebound and status != 403:
                    found.append((path, host, origin))
        assert found == []


@pytest.mark.parametrize("pair", [pair for pair in HOSTILE if pair[1]])
async def test_the_hostile_pairs_read_nothing_of_a_file(tmp_path: Path, pair: tuple[str, str]) -> None:
    settings = {"folder": str(user_folder(tmp_path / "theirs")), "origins": [DEV]}
    async with hosting(tmp_path, settings) as server:
        origin = pair[1].format(us=f"127.0.0.1:{server.port}", port=server.port)
        for path in ("/bg/city.mp4", "/live2d-models/info", "/client-ws"):
            _, headers = await preflight(server, origin, path)
            assert not [name for name in headers if name.startswith("access-control")]


async def cors(origin: str, path: str, asked: str, *, preflight: bool = False) -> dict[str, str]:
    """The headers of the answer that are about origins."""
    sent = []

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message) -> None:
        sent.append(message)

    headers = [(b"origin", origin.encode())]
    if preflight:
        headers.append((b"access-control-request-method", asked.encode()))
    scope = {"type": "http", "method": "OPTIONS" if preflight else asked, "path": path, "headers": headers}
    await Cors(app, guests=guests_of(INVITING))(scope, None, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return {name: value for name, value in found.items() if name.startswith("access-control")}


@pytest.mark.parametrize("preflighted", [True, False])
async def test_what_pages_without_an_origin_of_their_own_may_read(preflighted: bool) -> None:
    """A page that was opened from a file fetches models with the origin ``null``; so does any site, from a sandboxed frame."""
    for folder in FOLDERS:
        for method in ("GET", "HEAD"):
            headers = await cors("null", f"{folder}x.png", method, preflight=preflighted)
            assert headers["access-control-allow-origin"] == "null"
        assert not await cors("null", f"{folder}x.png", "POST", preflight=preflighted)
    for path in (*DOORS, *LISTS, "/v1/models", "/health", "/"):
        assert not await cors("null", path, "GET", preflight=preflighted), path


async def test_a_preflight_of_theirs() -> None:
    assert (await cors(DEV, "/asr", "POST", preflight=True))["access-control-allow-origin"] == DEV
    assert not await cors(DEV, "/v1/audio/transcriptions", "POST", preflight=True)
