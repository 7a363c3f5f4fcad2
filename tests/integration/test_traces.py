"""Requests and turns as spans: in the right places of a trace, without a word of what was said, and never in anybody's way."""

from __future__ import annotations

import asyncio
import builtins
import logging
import time
from dataclasses import replace
from typing import Any

import pytest
from counting_llm import CountingLLM
from fake_collector import FakeCollector
from fake_openai import FakeOpenAI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from scraping import asked
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for, viewing

from hayakuchi.core.errors import ConfigError
from hayakuchi.core.http import HttpClient
from hayakuchi.core.place import Place, Span, at
from hayakuchi.gateway.figures.traces import FLUSH_S, Piece, Traces
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM
from hayakuchi.orchestrator.gateway_settings import ObservabilitySettings
from hayakuchi.orchestrator.settings import Settings

TRACE, PARENT = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
HEADER = f"00-{TRACE:032x}-{PARENT:016x}-01"


def traced(endpoint: str, llm: Any = None) -> Settings:
    made = llm or (lambda: CountingLLM(["Secret. ", "More of it."], first_ms=5, token_ms=5))
    base = settings_for(made, lambda: ScriptedTTS(first_ms=2, rtf=0.001))
    return replace(base, observability=ObservabilitySettings(otlp_endpoint=endpoint))


async def one_turn(url: str) -> None:
    async with viewing(url, "session=main") as viewer:
        await viewer.send(type="input.text", text="my words", viewer="Vera")
        await viewer.next("turn.ended")


async def test_a_turn_arrives_at_the_collector_with_what_it_did() -> None:
    async with FakeCollector() as collector:
        async with serving(traced(collector.url)) as (url, _):
            await asked(f"{url}/health", traceparent=HEADER)
            await one_turn(url)
        spans = collector.spans
    named = {span.name: span for span in spans}
    turn, chat, health = named["turn"], named["chat scripted_llm"], named["GET /health"]
    assert (health.trace_id, health.parent_span_id) == (TRACE.to_bytes(16, "big"), PARENT.to_bytes(8, "big"))
    assert turn.parent_span_id == b""
    parts = [span for span in spans if span.parent_span_id == turn.span_id]
    assert sorted(span.name for span in parts) == ["chat scripted_llm", "cut", "first audio", "speak", "speak"]
    assert {span.trace_id for span in parts} == {turn.trace_id}
    for part in parts:
        assert turn.start_time_unix_nano <= part.start_time_unix_nano <= part.end_time_unix_nano
        assert part.end_time_unix_nano <= turn.end_time_unix_nano + 1_000_000
    about = collector.attributes(chat)
    assert about["gen_ai.operation.name"] == "chat"
    assert (about["gen_ai.usage.input_tokens"], about["gen_ai.usage.output_tokens"]) == (7, 5)
    assert about["gen_ai.conversation.id"] == "main"
    assert collector.attributes(turn)["hayakuchi.status"] == "completed"
    assert abs(turn.end_time_unix_nano - time.time_ns()) < 60e9
    assert "WS /stage/ws" in named
    for secret in (b"Secret", b"my words", b"Vera"):
        assert secret not in collector.received


async def test_a_turn_that_fails_is_marked() -> None:
    async with FakeCollector() as collector:
        async with serving(traced(collector.url, lambda: ScriptedLLM(["no"], first_ms=1, dies_at=0))) as (url, _):
            await one_turn(url)
        turn = next(span for span in collector.spans if span.name == "turn")
    assert collector.attributes(turn)["hayakuchi.status"] == "failed"
    assert collector.attributes(turn)["error.type"] == "llm.all_failed"
    assert turn.status.code == 2


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "absent"])
async def test_a_collector_in_trouble_disturbs_nobody(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "opentelemetry")
    async with FakeCollector(trouble=trouble) as collector:
        async with serving(traced(collector.url)) as (url, _):
            await one_turn(url)
            began = time.monotonic()
        assert time.monotonic() - began < FLUSH_S + 3
        assert collector.spans == []


async def test_model_servers_are_told_of_the_trace_they_work_for() -> None:
    async with FakeOpenAI() as fake:
        client = HttpClient(OpenAIConfig(base_url=fake.url, model="m"), "llm", "openai_llm", "model")
        await client.open()
        try:
            await client.get_json("models")
            span = Span(TRACE, PARENT)
            with at(Place(span=span)):
                await client.get_json("models")
        finally:
            await client.aclose()
    sent = [request.headers.get("traceparent") for request in fake.requests]
    assert sent == [None, HEADER]


async def test_the_model_is_asked_for_the_turn_that_it_is_asked_for() -> None:
    async with FakeOpenAI() as fake, FakeCollector() as collector:
        config = OpenAIConfig(base_url=fake.url, model="test", warm_up=False)
        async with serving(traced(collector.url, lambda: OpenAILLM(config))) as (url, _):
            await one_turn(url)
        asked_for = [r.headers.get("traceparent") for r in fake.requests if r.path.endswith("/chat/completions")]
        turn = next(span for span in collector.spans if span.name == "turn")
    assert asked_for == [f"00-{turn.trace_id.hex()}-{turn.span_id.hex()}-01"]


def test_what_is_told_lands_in_the_trace_of_whoever_asked() -> None:
    exporter = InMemorySpanExporter()
    traces = Traces("http://unused", exporter)
    span = Span.below(HEADER)
    traces.work(span, Piece("whole", 10, 50, {"a": None, "b": 1}), [Piece("part", 20, 15, {})], error="llm.timeout")
    traces.work(Span.below(HEADER.removesuffix("1") + "0"), Piece("not wanted", 1, 2, {}), [])
    traces.request(None, "/", "GET", 200, 1)
    traces.close()
    finished: Any = exporter.get_finished_spans()
    whole, part = finished
    assert (whole.context.trace_id, whole.parent.span_id, whole.context.span_id) == (TRACE, PARENT, span.id)
    assert dict(whole.attributes) == {"b": 1, "error.type": "llm.timeout"}
    assert (whole.start_time, whole.end_time) == (10, 50)
    assert part.parent.span_id == span.id
    assert (part.start_time, part.end_time) == (20, 20)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigError, match=r"observability.otlp_endpoint: .*pip install 'hayakuchi\[otel\]'"):
        Traces("http://127.0.0.1:4318")


async def test_the_path_of_the_endpoint_is_kept_and_added_where_there_is_none() -> None:
    async with FakeCollector() as collector:
        for endpoint in (f"{collector.url}/", f"{collector.url}/custom/v1/traces"):
            traces = Traces(endpoint)
            traces.request(Span.begun(), "/", "GET", 200, time.time_ns())
            await asyncio.to_thread(traces.close)
    assert collector.paths == ["/v1/traces", "/custom/v1/traces"]
