"""Pages of other sites, and names that were rebound to this machine, are refused before anything is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import HOSTILE, OVERLAY, UPGRADE, headers_for, preflight, status_of
from keyed import asking, bearing, keyed

from hayakuchi.gateway.access.rules import WEBSOCKETS
from hayakuchi.orchestrator.gateway_settings import Scope


@pytest.mark.parametrize("auth", [True, False])
async def test_every_websocket_refuses_them(tmp_path: Path, auth: bool) -> None:
    async with keyed(tmp_path, auth={"enabled": auth}, cors=[OVERLAY], limits={"requests_per_minute": 0}) as server:
        token = server.key(Scope.ADMIN)
        outcomes = {
            (path, pair): await status_of(server, f"GET {path}", headers_for(server, pair[0], pair[1], token) | UPGRADE)
            for path in WEBSOCKETS
            for pair in HOSTILE
        }
        assert {place for place, status in outcomes.items() if status != 403} == set()
        for origin in (None, "http://{us}", OVERLAY):
            headers = headers_for(server, "{us}", origin, token) | UPGRADE
            assert await status_of(server, "GET /stage/ws", headers) == 101


@pytest.mark.parametrize("pair", HOSTILE)
async def test_http_refuses_what_changes_something(tmp_path: Path, pair: tuple[str, str | None]) -> None:
    async with keyed(tmp_path, auth={"enabled": False}, cors=[OVERLAY]) as server:
        headers = headers_for(server, pair[0], pair[1], "x") | {"Content-Length": "0"}
        assert await status_of(server, "POST /metrics/reset", headers) == 403


@pytest.mark.parametrize("host", ["studio.example", "STUDIO.example:443", "overlay.example"])
async def test_names_that_the_settings_know(tmp_path: Path, host: str) -> None:
    async with keyed(tmp_path, auth={"enabled": False}, cors=[OVERLAY], hosts=["studio.example"]) as server:
        assert await status_of(server, "GET /health", {"Host": host}) == 200
        assert await status_of(server, "GET /health", {"Host": f"{host}.evil.example"}) == 403


async def test_a_listed_page_may_ask_and_read(tmp_path: Path) -> None:
    async with keyed(tmp_path, cors=[OVERLAY]) as server, asking() as client:
        status, headers = await preflight(server, OVERLAY)
        assert status == 204
        assert headers["access-control-allow-origin"] == OVERLAY
        assert headers["access-control-allow-headers"] == "authorization"
        assert "POST" in headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in headers
        for token, expected in ((server.key(Scope.METRICS), 200), (None, 401)):
            async with client.get(f"{server.url}/metrics", headers=bearing(token) | {"Origin": OVERLAY}) as answer:
                assert answer.status == expected
                assert answer.headers["Access-Control-Allow-Origin"] == OVERLAY, "errors are to be read, too"
                assert "Origin" in answer.headers["Vary"]
                assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*", "https://overlay.example:444", ""])
async def test_another_page_may_neither(tmp_path: Path, origin: str) -> None:
    async with keyed(tmp_path, cors=[OVERLAY]) as server, asking() as client:
        status, headers = await preflight(server, origin)
        assert status in (401, 403)
        assert not [name for name in headers if name.startswith("access-control")]
        async with client.get(f"{server.url}/health", headers={"Origin": origin}) as answer:
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
            assert answer.headers["Vary"] == "Origin", "what a cache holds for one is not for the other"
