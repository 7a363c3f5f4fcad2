"""Ready means that a model and a voice answered of late, or do when they are asked, turns can be kept, and no end is near."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chatting import until
from scraping import asked
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.core.chain import Chain
from hayakuchi.core.database import Database, StoreError
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.gateway.doors import Doors
from hayakuchi.gateway.figures import readiness
from hayakuchi.gateway.figures.readiness import Readiness
from hayakuchi.orchestrator.engine import Engine


class Probed:
    """Answers probes while ``well``; hangs while ``hangs``."""

    def __init__(self, name: str = "one", *, well: bool = True) -> None:
        self.name, self.well, self.hangs, self.probes = name, well, False, 0
        self.deadlines = Deadlines(1.0, 1.0)

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    async def probe(self) -> str:
        self.probes += 1
        if self.hangs:
            await asyncio.Event().wait()
        if not self.well:
            raise ProviderError("llm", self.name, Category.CONNECTIVITY, "nobody is there")
        return "here"


async def test_who_answered_of_late_is_not_asked_again() -> None:
    first, second = Probed("first"), Probed("second")
    chain = Chain("llm", [first, second])
    one = await chain.answered(1000, 1)
    assert (one.name, first.probes, second.probes) == ("first", 1, 0)
    assert await chain.answered(1000, 1) == one
    assert first.probes == 1
    await asyncio.sleep(0.02)
    assert (await chain.answered(10, 1)).at > one.at
    assert first.probes == 2


async def test_the_next_one_is_asked_when_one_does_not_answer_and_its_breaker_is_respected() -> None:
    first, second = Probed("first", well=False), Probed("second")
    chain = Chain("llm", [first, second])
    assert (await chain.answered(1000, 1)).name == "second"
    assert (await chain.answered(1000, 1)).name == "second"
    assert (first.probes, second.probes) == (1, 1)
    second.well = False
    chain.links[1].answered_at = None
    with pytest.raises(AllProvidersFailed, match="nobody is there"):
        await chain.answered(1000, 1)
    with pytest.raises(AllProvidersFailed):
        await chain.answered(1000, 1)
    assert (first.probes, second.probes) == (1, 2)  # both are left alone for a while


async def test_a_probe_that_hangs_has_an_end_and_can_be_cancelled() -> None:
    hanging = Probed()
    hanging.hangs = True
    chain = Chain("llm", [hanging])
    with pytest.raises(AllProvidersFailed, match="did not answer the probe within"):
        await chain.answered(1000, 0.05)
    assert chain.links[0].error is None  # it may be loading a model: turns may ask it all the same
    assert chain.upcoming is chain.links[0]
    other = Chain("llm", [hanging])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(other.answered(1000, 60))
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
    assert not other.links[0].probing


class Model(ScriptedLLM):
    def __init__(self) -> None:
        super().__init__(["Hi."], first_ms=1)
        self.well = True
        self.probes = 0

    async def probe(self) -> str:
        self.probes += 1
        if not self.well:
            raise ProviderError("llm", self.name, Category.CONNECTIVITY, "nobody is there")
        return "here"


async def told(url: str) -> tuple[int, dict[str, Any]]:
    status, _, body = await asked(f"{url}/readiness")
    return status, json.loads(body)


async def test_ready_says_who_answered_and_not_ready_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    async with serving(settings_for(lambda: model, lambda: ScriptedTTS(first_ms=1))) as (url, _):
        status, found = await told(url)
        assert (status, found["status"], found["reasons"]) == (200, "ready", [])
        assert found["answered"]["llm"]["name"] == "scripted_llm"
        assert 0 <= found["answered"]["tts"]["seconds_ago"] < 10
        probes = model.probes
        await told(url)
        assert model.probes == probes
        model.well = False
        monkeypatch.setattr(readiness, "FRESH_MS", -1.0)
        status, found = await told(url)
        assert (status, found["status"], found["reasons"]) == (503, "not ready", ["no llm answers"])
        assert found["answered"]["llm"] is None
        assert found["problems"] == ["scripted_llm: nobody is there"]
        assert (await asked(f"{url}/health"))[0] == 200
        assert model.probes == probes + 1


def ready(database: Database | None = None) -> tuple[Doors, Readiness]:
    engine = Engine(settings_for(Model, lambda: ScriptedTTS(first_ms=1)))
    if database is not None:
        conversations: Any = SimpleNamespace(database=database, problem=None)
        engine.conversations = conversations
    doors = Doors(engine)
    return doors, doors.readiness


async def test_many_that_ask_at_once_cost_one_probe() -> None:
    doors, asking = ready()
    answers = await asyncio.gather(*(asking.told() for _ in range(20)))
    assert all(is_ready for is_ready, _ in answers)
    model: Any = doors.engine.llm._chain.links[0].provider
    assert model.probes == 1


async def test_a_server_that_is_about_to_end_is_not_ready() -> None:
    doors, asking = ready()
    doors.admission.draining = True
    assert (await asking.told())[1]["reasons"] == ["the server is about to end"]


async def test_a_store_that_cannot_write_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "FRESH_MS", -1.0)
    file = tmp_path / "kept.sqlite3"
    database = Database(file, ["CREATE TABLE kept (id INTEGER)"])
    took: list[float] = []
    database.committed = took.append
    await database.open()
    try:
        _, asking = ready(database=database)
        assert (await asking.told())[0]
        await until(lambda: len(took) == 1)
        assert took[0] >= 0
        assert database.waiting == 0
        await database.read(lambda connection: connection.execute("PRAGMA query_only=ON").fetchall())
        is_ready, found = await asking.told()
        assert not is_ready
        assert found["reasons"] == [
            f"{file}: attempt to write a readonly database; this user may not write to it: change that, or name another file"
        ]
        await database.read(lambda connection: connection.execute("PRAGMA query_only=OFF").fetchall())
        assert (await asking.told())[0]
    finally:
        await database.aclose()
    with pytest.raises(StoreError, match="is not open"):
        await database.check()
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
