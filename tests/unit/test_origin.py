"""Host and Origin are checked before anything is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from hayakuchi.gateway.access.origin import OriginGuard, is_loopback

ALLOWED = [
    ("127.0.0.1:12393", None),
    ("localhost", None),
    ("LOCALHOST:80", "http://localhost:80"),
    ("[::1]:12393", "http://[::1]:12393"),
    ("192.168.1.5:12393", "http://192.168.1.5:12393"),
    ("127.0.0.1:12393", "http://127.0.0.1:12393"),
    ("127.0.0.1:12393", "https://127.0.0.1:12393"),
    ("127.0.0.1:12393", "https://overlay.example"),
    ("studio-pc:12393", "http://studio-pc:12393"),
]
HOSTILE = [
    ("127.0.0.1:12393", "https://evil.example"),
    ("127.0.0.1:12393", "null"),
    ("127.0.0.1:12393", "http://127.0.0.1"),
    ("127.0.0.1:12393", "http://127.0.0.1:12394"),
    ("127.0.0.1:12393", "http://localhost:12393"),
    ("127.0.0.1:12393", "http://127.0.0.1:12393.evil.example"),
    ("127.0.0.1:12393", "https://overlay.example.evil.example"),
    ("127.0.0.1:12393", "file://"),
    ("127.0.0.1:12393", ""),
    ("evil.example", None),
    ("evil.example:12393", "http://evil.example:12393"),
    ("localhost.evil.example", None),
    ("127.0.0.1.nip.example:12393", None),
    ("user@127.0.0.1", None),
    ("127.0.0.1/../evil", None),
    ("127.0.0.1:99999", None),
    ("[::1", None),
    ("", None),
]


async def outcome(kind: str, host: str, origin: str | None, method: str = "POST") -> int:
    reached: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read before the check")

    guard = OriginGuard(app, names=["studio-pc"], origins=["https://overlay.example"])
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {"type": kind, "method": method, "headers": headers, "extensions": {"websocket.http.response": {}}}
    await guard(scope, receive, send)
    return 200 if reached else sent[0]["status"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(("host", "origin"), ALLOWED)
async def test_ours_may_come_in(kind: str, host: str, origin: str | None) -> None:
    assert await outcome(kind, host, origin) == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(("host", "origin"), HOSTILE)
async def test_others_are_refused(kind: str, host: str, origin: str | None) -> None:
    assert await outcome(kind, host, origin) == 403


async def test_reading_a_page_from_a_link_elsewhere_is_harmless() -> None:
    assert await outcome("http", "127.0.0.1:12393", "https://evil.example", method="GET") == 200


async def test_a_missing_or_doubled_host_is_refused() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def never(*_: Any) -> Any:
        raise AssertionError

    for headers in ([], [(b"host", b"localhost"), (b"host", b"localhost")]):
        await OriginGuard(never)({"type": "http", "method": "GET", "headers": headers}, never, send)
    assert [message["status"] for message in sent if "status" in message] == [403, 403]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.8.9.1", True),
        ("0.0.0.0", False),
        ("studio-pc", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
