"""Whose word about addresses is believed, and how addresses without a key are limited."""

from __future__ import annotations

from pathlib import Path

import pytest
from keyed import asking, bearing, keyed

from hayakuchi.orchestrator.gateway_settings import Scope

ANYBODY = {"anonymous": ["metrics"]}


def forwarded(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@pytest.mark.parametrize(
    ("proxies", "believed"), [(("127.0.0.1",), True), (("127.0.0.0/8",), True), (("192.0.2.1",), False), ((), False)]
)
async def test_a_proxy_that_is_trusted_tells_who_asks(tmp_path: Path, proxies: tuple[str, ...], believed: bool) -> None:
    limits = {"requests_per_minute": 2}
    async with keyed(tmp_path, auth=ANYBODY, limits=limits, trusted_proxies=proxies) as server, asking() as client:
        statuses = []
        for number in range(6):
            headers = forwarded(f"198.51.100.{number // 2}")
            async with client.get(f"{server.url}/metrics", headers=headers) as answer:
                statuses.append(answer.status)
                assert int(answer.headers["x-ratelimit-remaining-requests"]) <= 1
                assert answer.status == 200 or int(answer.headers["Retry-After"]) in range(1, 64)
        assert statuses == ([200] * 6 if believed else [200] * 2 + [429] * 4)


async def test_an_address_that_a_client_makes_up_in_front_of_the_proxys_is_not_believed(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth=ANYBODY, limits={"requests_per_minute": 2}) as server, asking() as client:
        statuses = []
        for number in range(4):
            async with client.get(
                f"{server.url}/metrics", headers=forwarded(f"10.0.0.{number}, 198.51.100.1")
            ) as answer:
                statuses.append(answer.status)
        assert statuses == [200, 200, 429, 429]


async def test_a_whole_ipv6_network_counts_as_one(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth=ANYBODY, limits={"requests_per_minute": 2}) as server, asking() as client:
        statuses = []
        for number in range(4):
            async with client.get(f"{server.url}/metrics", headers=forwarded(f"2001:db8::{number:x}:1")) as answer:
                statuses.append(answer.status)
        assert statuses == [200, 200, 429, 429]


async def test_only_this_machines_own_pages_are_without_limits(tmp_path: Path) -> None:
    off = {"enabled": False}
    async with keyed(tmp_path, auth=off, limits={"requests_per_minute": 2}) as server, asking() as client:
        for headers, expected in (({}, [200] * 5), (forwarded("198.51.100.1"), [200, 200, 429, 429, 429])):
            statuses = []
            for _ in range(5):
                async with client.get(f"{server.url}/metrics", headers=headers) as answer:
                    statuses.append(answer.status)
            assert statuses == expected


async def test_guessing_costs_more_each_time_wherever_it_is_tried(tmp_path: Path) -> None:
    async with keyed(tmp_path, limits={"requests_per_minute": 0}) as server, asking() as client:
        good = server.key(Scope.METRICS)
        guess = bearing(f"{good[:-2]}zz") | forwarded("198.51.100.1")
        statuses = []
        for path in ("/metrics", "/readiness", "/x", "/openapi.json", "/metrics", "/metrics", "/readiness"):
            async with client.get(server.url + path, headers=guess) as answer:
                statuses.append(answer.status)
        assert statuses == [401] * 5 + [429] * 2
        for address, expected in (("198.51.100.1", 429), ("198.51.100.2", 200)):
            async with client.get(f"{server.url}/metrics", headers=bearing(good) | forwarded(address)) as answer:
                assert answer.status == expected
        async with client.get(f"{server.url}/", headers=guess) as answer:
            assert answer.status == 200, "pages ask nobody"
