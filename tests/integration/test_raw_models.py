"""What the API finds in an engine: models by name, replicas, and a model for embeddings; opened, probed and closed with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_openai import Answer, FakeOpenAI, chat, failure, vectors
from leaks import nothing_leaks
from llm_subjects import MESSAGES, text_of
from scripted import ScriptedTTS
from serving import component, settings_for

from hayakuchi.core.errors import AllProvidersFailed
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM
from hayakuchi.llm.openai_embeddings import OpenAIEmbeddings, OpenAIEmbeddingsConfig
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Component, Settings


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


def served(server: FakeOpenAI, model: str = "test", **block: Any) -> Component:
    config = OpenAIConfig.model_validate({"base_url": server.url, "model": model, "warm_up": False, **block})
    return Component("openai_llm", config, OpenAILLM)


def embedded(server: FakeOpenAI) -> Component:
    config = OpenAIEmbeddingsConfig.model_validate({"base_url": server.url, "model": "e"})
    return Component("openai_embeddings", config, OpenAIEmbeddings)


def settings(*llm: Component, **more: Any) -> Settings:
    return replace(settings_for(lambda: None, ScriptedTTS), llm=llm, **more)


async def said(engine: Engine, model: str) -> str:
    found = engine.llm_for(model)
    assert found
    async with asyncio.timeout(10):
        return text_of([delta async for delta in found.stream(MESSAGES)])


async def test_the_models_of_the_settings_by_name(server: FakeOpenAI):
    server.chat = lambda request: Answer(chat([request.body["model"]]))
    made = settings(
        served(server, "small"),
        component(lambda: OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "plugin"}))),
        models={"big": (served(server, "org/big:1"),)},
        embeddings=(embedded(server),),
    )
    async with Engine(made) as engine:
        assert set(engine.raw_models) == {"small", "scripted", "big"}
        assert engine.llm_for("big-1") is None
        assert [await said(engine, name) for name in ("small", "scripted", "big")] == ["small", "plugin", "org/big:1"]
        assert engine.embedder
        assert (await engine.embedder.embed(["a"])).vectors == [[1.0, 0.0]]
        assert engine.embedder.model == "e"


async def test_a_name_of_models_wins_and_components_of_one_name_are_replicas(server: FakeOpenAI):
    async with FakeOpenAI() as second:
        server.chat = Answer(chat(["first"], before_each=0.05))
        second.chat = Answer(chat(["second"], before_each=0.05))
        made = settings(served(server), served(second), served(server, "x"), models={"x": (served(second),)})
        async with Engine(made) as engine:
            assert await said(engine, "x") == "second"
            both = await asyncio.gather(*(said(engine, "test") for _ in range(10)))
            assert sorted(both) == ["first"] * 5 + ["second"] * 5


async def test_a_hundred_requests_to_two_servers(server: FakeOpenAI):
    async with FakeOpenAI() as second:
        for each in (server, second):
            each.chat = Answer(chat(["ok"], before_each=0.02))
        made = settings(served(server, "spare"), models={"m": (served(server), served(second, max_concurrent=8))})
        async with Engine(made) as engine:
            assert await asyncio.gather(*(said(engine, "m") for _ in range(100))) == ["ok"] * 100
        assert len(server.requests) + len(second.requests) == 100


async def test_what_does_not_work_is_told_and_probed(server: FakeOpenAI):
    broken = failure(401, "no")
    server.models = server.chat = server.embeddings = broken
    async with FakeOpenAI() as well:
        made = settings(served(well), models={"m": (served(server),)}, embeddings=(embedded(server),))
        async with Engine(made) as engine:
            await engine.warm_up()
            assert len(engine.problems) == 2
            with pytest.raises(AllProvidersFailed):
                await said(engine, "m")
            server.models, server.chat = well.models, Answer(chat(["ok"]))
            server.embeddings = vectors((1.0,))
            await engine.warm_up(failing_only=True)
            assert engine.problems == []
            assert await said(engine, "m") == "ok"
            assert engine.embedder
            assert await engine.embedder.embed(["a"])


async def test_only_the_model_that_speaks_is_loaded_at_the_start(server: FakeOpenAI):
    parts = [served(server, "test", warm_up=how) for how in ("auto", "auto", True)]
    async with Engine(settings(parts[0], models={"a": (parts[1],), "b": (parts[2],)})) as engine:
        await engine.warm_up()
    loaded = [request for request in server.requests if request.path.endswith("completions")]
    assert len(loaded) == 2


async def test_from_a_file(server: FakeOpenAI, tmp_path: Path):
    conf = tmp_path / "conf.yaml"
    conf.write_text(f"""
llm: demo_llm
tts: espeak_tts
models:
  mirror: {{openai_llm: {{base_url: "{server.url}", model: test, max_concurrent: 2}}}}
  toy: [demo_llm]
embeddings: {{openai_embeddings: {{base_url: "{server.url}", model: test}}}}
""")
    async with Engine(load_settings(conf, registry=default_registry())) as engine:
        assert list(engine.raw_models) == ["demo_llm", "mirror", "toy"]
        assert await said(engine, "mirror") == "Hello, world."
        assert await said(engine, "toy")
        assert engine.embedder
