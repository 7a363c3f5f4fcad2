"""Characters that are not on stage, in text: each answers as itself, with its own model where its file names one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from cast_rig import FILES, folder_fixture, model_of, registry, written
from serving import serving

from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.loader import load_settings

__all__ = ["folder_fixture"]


class Client:
    def __init__(self, engine: Engine, http: aiohttp.ClientSession) -> None:
        self.engine, self._http = engine, http

    async def ask(self, model: str, text: str = "Hi") -> tuple[int, Any]:
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        async with self._http.post("/v1/chat/completions", json=body) as response:
            return response.status, await response.json()

    async def models(self) -> list[tuple[str, str]]:
        async with self._http.get("/v1/models") as response:
            return [(one["id"], one["owned_by"]) for one in (await response.json())["data"]]


@asynccontextmanager
async def client_of(folder: Path) -> AsyncIterator[Client]:
    settings = load_settings(folder / "conf.yaml", registry=registry())
    async with serving(settings) as (url, engine), aiohttp.ClientSession(url) as http:
        yield Client(engine, http)


async def test_each_answers_by_its_name_in_any_case_as_itself(folder: Path) -> None:
    async with client_of(folder) as client:
        told = {"bob": "clocks", " BOB ": "clocks", "ann": "bees", "Ann": "bees", "default": "bees", "": "bees"}
        for name, persona in told.items():
            status, answer = await client.ask(name)
            assert (status, answer["choices"][0]["message"]["content"].strip()) == (200, "You said Hi")
            assert answer["model"] == ("bob" if persona == "clocks" else "ann")
            assert persona in model_of(client.engine.cast.on_stage).asked[-1][0].content
        assert not client.engine.cast.chains, "who writes needs no voice"


async def test_a_file_that_comes_or_changes_counts_at_once(folder: Path) -> None:
    async with client_of(folder) as client:
        assert (await client.models())[:2] == [("ann", "hayakuchi"), ("bob", "hayakuchi")]
        written(folder, cat="name: Cat\npersona: You count fish.\nllm: {tale_llm: {model: cat}}\n")
        assert ("cat", "hayakuchi") in await client.models()
        assert (await client.ask("cat"))[0] == 200
        own: Any = client.engine.cast.chains[0]
        assert "fish" in own.providers[0].asked[-1][0].content
        assert not model_of(client.engine.cast.on_stage).asked


async def test_a_broken_character_is_told_apart_from_one_that_is_not_there(folder: Path) -> None:
    written(folder, bad=FILES["bob"] + "nmae: x\n")
    async with client_of(folder) as client:
        status, answer = await client.ask("bad")
        assert (status, answer["error"]["code"]) == (503, "character_broken")
        assert str(folder) not in str(answer)
        status, answer = await client.ask("gone")
        assert (status, answer["error"]["code"]) == (404, "model_not_found")
        assert "ann, bad, bob" in answer["error"]["message"]
        assert (await client.ask("bob"))[0] == 200
