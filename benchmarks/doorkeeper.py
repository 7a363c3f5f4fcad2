"""What the guards in front of the API cost a request: the same answer with and without them, turn about, in process.

uv run python benchmarks/doorkeeper.py
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

from hayakuchi.core.database import Database
from hayakuchi.gateway.access.cors import Cors
from hayakuchi.gateway.access.doorkeeper import Doorkeeper
from hayakuchi.gateway.access.entrance import Entrance
from hayakuchi.gateway.access.key_ring import KeyRing
from hayakuchi.gateway.access.keys import insert, new_key
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.access.origin import OriginGuard
from hayakuchi.gateway.access.rules import Access
from hayakuchi.orchestrator.gateway_settings import GatewaySettings, Scope
from hayakuchi.orchestrator.schema import MIGRATIONS

BATCH = 500
HOST = (b"host", b"127.0.0.1:12393")


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def batch(app: Any, headers: list[tuple[bytes, bytes]]) -> float:
    """Microseconds per request."""
    statuses: set[int] = set()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.add(message.get("status", 200))

    began = time.perf_counter()
    for _ in range(BATCH):
        scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": headers, "client": ("192.0.2.1", 1)}
        await app(scope, receive, send)
    took = time.perf_counter() - began
    assert statuses == {200}
    return took / BATCH * 1e6


async def measure(rounds: int) -> dict[str, list[float]]:
    database = Database(None, MIGRATIONS)
    await database.open()
    key, token = new_key("benchmark", [Scope.METRICS], time.time(), limits={"requests_per_minute": 1_000_000})
    await database.write(lambda connection: insert(connection, key))
    bearer = (b"authorization", f"Bearer {token}".encode())

    def guarded(*, auth: bool) -> Any:
        settings = GatewaySettings.model_validate(
            {"auth": {"enabled": auth}, "limits": {"requests_per_minute": 1_000_000}}
        )
        entrance, meter = Entrance(settings, KeyRing(lambda: database)), Meter(lambda: database)
        return OriginGuard(Cors(Doorkeeper(answer, entrance=entrance, meter=meter, access=Access())))

    subjects = {"bare": (answer, [HOST]), "no keys": (guarded(auth=False), [HOST])}
    subjects["with a key"] = (guarded(auth=True), [HOST, bearer])
    figures: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, (app, headers) in subjects.items():
            figures[name].append(await batch(app, headers))
    await database.aclose()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help=f"of {BATCH} requests each")
    figures = asyncio.run(measure(parser.parse_args().rounds))
    bare = statistics.median(figures["bare"])
    for name, took in figures.items():
        median = statistics.median(took)
        print(f"{name:<12} {median:7.1f} µs  +{median - bare:5.1f} µs  {median / bare:5.1f} x")


if __name__ == "__main__":
    main()
