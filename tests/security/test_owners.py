"""Conversations belong to a key: another one cannot tell them from such as never were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from keyed import asking, bearing, keyed, make_key

from hayakuchi.gateway.api.endpoint import Endpoint
from hayakuchi.gateway.api.table import ALL
from hayakuchi.orchestrator.gateway_settings import Scope

OF_A_SESSION = [endpoint for endpoint in ALL if {"{session}", "{id}"} & set(endpoint.path.split("/"))]
MADE_UP = "0123456789abcdef0123456789abcdef"


async def asked(
    client: aiohttp.ClientSession, url: str, endpoint: Endpoint, token: str, session: str
) -> tuple[int, str]:
    path = endpoint.path.replace("{session}", session).replace("{id}", session)
    body = dict(next(iter(endpoint.examples.values()), {})) if endpoint.body else None
    async with client.request(endpoint.method, url + path, headers=bearing(token), json=body) as answer:
        return answer.status, (await answer.text()).replace(session, "SESSION")


async def begun(client: aiohttp.ClientSession, url: str, token: str) -> str:
    """A new session's name."""
    async with client.post(f"{url}/sessions", headers=bearing(token), json={}) as answer:
        assert answer.status in (200, 201), await answer.text()
        made: dict[str, Any] = json.loads(await answer.text())
    return str(made["id"])


async def names(client: aiohttp.ClientSession, url: str, token: str) -> str:
    async with client.get(f"{url}/sessions", headers=bearing(token)) as answer:
        assert answer.status == 200
        return await answer.text()


def test_there_are_such_endpoints() -> None:
    assert len(OF_A_SESSION) >= 4


@pytest.mark.parametrize("endpoint", OF_A_SESSION, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
async def test_another_keys_session_is_as_one_that_never_was(tmp_path: Path, endpoint: Endpoint) -> None:
    async with keyed(tmp_path) as server, asking() as client:
        mine, other = server.key(Scope.CHAT), server.key(Scope.CHAT, Scope.ADMIN)
        session = await begun(client, server.url, mine)
        theirs = await asked(client, server.url, endpoint, other, session)
        assert theirs == await asked(client, server.url, endpoint, other, MADE_UP)
        assert session in await names(client, server.url, mine), "and it is untouched"
        assert session not in await names(client, server.url, other)


async def test_names_cannot_be_guessed(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, asking() as client:
        token = server.key(Scope.CHAT)
        made = {await begun(client, server.url, token) for _ in range(20)}
        assert len(made) == 20
        assert all(len(name) == 32 and int(name, 16) >= 0 for name in made)


async def test_keys_that_share_see_the_same(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"anonymous": ["chat"]}) as server, asking() as client:
        first = server.key(Scope.CHAT)
        shares = make_key(server.file, [Scope.CHAT], owner=first[3:11])
        local = make_key(server.file, [Scope.CHAT], owner="")
        session = await begun(client, server.url, first)
        assert session in await names(client, server.url, shares)
        assert session not in await names(client, server.url, local)
        async with client.post(f"{server.url}/sessions", json={}) as answer:
            anonymous = json.loads(await answer.text())["id"]
        assert anonymous not in await names(client, server.url, local), (
            "strangers are not who was here before there were keys"
        )
        assert anonymous not in await names(client, server.url, first)
        async with client.get(f"{server.url}/sessions") as answer:
            assert [one["id"] for one in json.loads(await answer.text())["data"]] == [anonymous]
