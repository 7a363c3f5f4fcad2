"""Whatever stands in the headers, the doorkeeper answers with a status that is documented, and lets nobody in."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hayakuchi.core.database import Database
from hayakuchi.gateway.access.doorkeeper import Doorkeeper
from hayakuchi.gateway.access.entrance import Entrance, address_of
from hayakuchi.gateway.access.key_ring import KeyRing
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.access.rules import Access
from hayakuchi.orchestrator.gateway_settings import GatewaySettings
from hayakuchi.orchestrator.schema import MIGRATIONS

TOKEN_LIKE = st.from_regex(rb"hk_[0-9a-z]{8}_[A-Za-z0-9_-]{43}", fullmatch=True)
VALUES = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda kind, token: kind + b" " + token, st.sampled_from([b"Bearer", b"bearer", b"Basic"]), TOKEN_LIKE),
    st.sampled_from([b"", b" ", b"Bearer", b"Bearer ", b"Bearer  ,", b"\xff" * 50, b"Bearer hk_" + b"a" * 9000]),
)
NAMES = st.sampled_from([b"authorization", b"sec-websocket-protocol", b"content-length", b"expect", b"origin", b"x"])
HOSTS = st.one_of(st.none(), st.text(max_size=40), st.ip_addresses().map(str))


class Reached(Exception):
    """Somebody was let in."""


async def knock(kind: str, headers: list[tuple[bytes, bytes]], host: str | None, path: str, method: str) -> list[Any]:
    """What is sent to such a request by a door that nobody has a key for."""
    database = Database(None, MIGRATIONS)
    await database.open()
    sent: list[Any] = []

    async def behind(*_: Any) -> None:
        raise Reached

    async def send(message: Any) -> None:
        sent.append(message)

    arriving = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1005}]

    async def receive() -> Any:
        assert kind == "websocket", "a body is not read before it is clear who asks"
        return arriving.pop(0)

    gateway = GatewaySettings.model_validate({"auth": {"enabled": True}})
    keeper = Doorkeeper(behind, entrance=Entrance(gateway, KeyRing(lambda: database)), meter=Meter(), access=Access())
    offered = [v.decode("latin-1") for name, v in headers if name == b"sec-websocket-protocol"]
    scope = {"type": kind, "method": method, "path": path, "headers": headers, "subprotocols": offered}
    scope |= {"client": host and (host, 1), "extensions": {"websocket.http.response": {}}}
    try:
        await keeper(scope, receive, send)
    finally:
        await database.aclose()
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@settings(max_examples=150, deadline=None)
@given(
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=6),
    host=HOSTS,
    path=st.one_of(st.sampled_from(["/metrics", "/ws", "/docs"]), st.text(min_size=1, max_size=60)),
    method=st.sampled_from(["GET", "POST", "OPTIONS", "\x00", "GETGET"]),
)
@example(headers=[(b"content-length", b"\xb2")], host=None, path="/metrics", method="POST")
@example(headers=[(b"content-length", b"9" * 10_000)], host=None, path="/metrics", method="POST")
def test_nobody_comes_in(kind: str, headers: Any, host: str | None, path: str, method: str) -> None:
    if path in ("/health", "/readiness"):
        return
    sent = asyncio.run(knock(kind, headers, host, path, method))
    first = sent[0]
    if first["type"] == "websocket.accept":
        assert sent[-1]["type"] == "websocket.close"
        assert sent[-1]["code"] in (1008, 1013)
        return
    assert first["status"] in (401, 429)
    error = json.loads(sent[1]["body"])["error"]
    assert error["type"] in ("authentication_error", "rate_limit_error")
    assert all(isinstance(value, bytes) and b"\n" not in value for pair in first["headers"] for value in pair)


@given(HOSTS)
def test_every_address_is_counted_under_something_short(host: str | None) -> None:
    found = address_of(host)
    assert found.startswith("ip:")
    assert len(found) < 64


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "ip:192.0.2.7"),
        ("::ffff:192.0.2.7", "ip:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "ip:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "ip:fe80::/64"),
        ("evil", "ip:unknown"),
        (None, "ip:unknown"),
    ],
)
def test_addresses(host: str | None, counted: str) -> None:
    assert address_of(host) == counted
