"""``GET /stage/ws`` tells a page what its WebSocket would be told, which browsers keep to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from keyed import asking, bearing, keyed

from hayakuchi.orchestrator.gateway_settings import Scope

UNKNOWN = "hk_abcd1234_" + "x" * 43


async def test_who_would_be_let_in_is_told_so_and_who_would_not_learns_why(tmp_path: Path) -> None:
    async with keyed(tmp_path, shed_lag_ms=60_000) as server, asking() as client:
        expected = {
            None: (401, "missing_api_key"),
            UNKNOWN: (401, "invalid_api_key"),
            server.key(Scope.CHAT): (403, "scope_missing"),
            server.key(Scope.SPEAK): (200, None),
        }
        for token, (status, code) in expected.items():
            async with client.get(f"{server.url}/stage/ws", headers=bearing(token)) as answer:
                assert answer.status == status
                assert code is None or (await answer.json())["error"]["code"] == code


async def test_asking_makes_no_session_and_a_bad_name_is_refused(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"enabled": False}, shed_lag_ms=60_000) as server, asking() as client:
        for name, status in (("fine", 200), ("not%20fine", 400), ("x" * 65, 400)):
            async with client.get(f"{server.url}/stage/ws?session={name}") as answer:
                assert answer.status == status
        async with client.get(f"{server.url}/sessions") as answer:
            assert (await answer.json())["data"] == []


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_full_server_says_when_to_come_back(tmp_path: Path, taken: int) -> None:
    async with (
        keyed(tmp_path, auth={"enabled": False}, shed_lag_ms=60_000, max_sessions=1) as server,
        asking() as client,
    ):
        if taken:
            async with client.ws_connect(f"{server.url}/stage/ws?session=first") as socket:
                await socket.receive()
                async with client.get(f"{server.url}/stage/ws?session=second") as answer:
                    assert answer.status == 503
                    assert int(answer.headers["Retry-After"]) >= 1
                async with client.get(f"{server.url}/stage/ws?session=first") as answer:
                    assert answer.status == 200
        else:
            async with client.get(f"{server.url}/stage/ws?session=second") as answer:
                assert answer.status == 200
