"""What Prometheus reads of a server that did turns: each figure counts what its name says, and callers cannot make it grow."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from counting_llm import CountingLLM
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st
from scraping import asked, scraped
from scripted import ScriptedLLM, ScriptedTTS
from serving import component, serving, settings_for, viewing
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hayakuchi import __version__
from hayakuchi.gateway.doors import Doors
from hayakuchi.gateway.figures.names import FIGURES, PREFIX, Kind
from hayakuchi.gateway.figures.observing import CLOSE_CODES, METHODS, Figures
from hayakuchi.gateway.figures.timing import Timing
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.settings import Settings


def settings(**changes: Any) -> Settings:
    tokens = ["Well, ", "this ", "is ", "a ", "reply. ", "It ", "goes ", "on."]
    return settings_for(
        lambda: CountingLLM(tokens, first_ms=5, token_ms=2), lambda: ScriptedTTS(first_ms=2, rtf=0.001), **changes
    )


async def spoken(viewer: Any, text: str = "Hi") -> dict[str, Any]:
    """A turn that is played at once; its end."""
    await viewer.send(type="input.text", text=text)
    started = await viewer.next("turn.started")
    while (event := await viewer.next("audio", "turn.ended"))["type"] == "audio":
        frame = viewer.frames[-1]
        await viewer.played((frame.position + frame.samples) * 1000 / 8000, started["turn"])
    return event


async def test_a_turn_is_counted_from_its_words_to_its_sound() -> None:
    async with serving(settings()) as (url, _), viewing(url, "sound=1") as viewer:
        assert (await spoken(viewer))["status"] == "completed"
        found = await scraped(url)
        now = found.value("hayakuchi_viewers"), found.value("hayakuchi_sessions")
    seconds = sum(frame.samples for frame in viewer.frames) / 8000
    assert found.value("hayakuchi_turns_total", door="stage", status="completed") == 1
    assert found.value("hayakuchi_interrupts_total") == 0
    assert found.value("hayakuchi_audio_seconds_total", direction="out") == pytest.approx(seconds)
    assert found.value("hayakuchi_tokens_total", model="scripted_llm", kind="prompt") == 7
    assert found.value("hayakuchi_tokens_total", model="scripted_llm", kind="completion") == 5
    assert found.value("hayakuchi_tokens_per_second_count") == 1
    assert found.value("hayakuchi_latency_seconds_count", figure="first_audio") == 1
    assert 0.005 <= found.value("hayakuchi_latency_seconds_sum", figure="first_audio") < 5
    stages = sum(
        found.value("hayakuchi_stage_seconds_sum", stage=stage)
        for stage in found.labels("hayakuchi_stage_seconds_sum", "stage")
    )
    assert stages == pytest.approx(found.value("hayakuchi_latency_seconds_sum", figure="first_audio"), abs=0.002)
    assert found.value("hayakuchi_latency_threshold_seconds", figure="first_audio") == 0.5
    assert now == (1, 1)
    assert found.value("hayakuchi_build_info", version=__version__) == 1
    assert found.value("process_resident_memory_bytes") > 1e6
    assert found.value("hayakuchi_loop_lag_seconds_count") >= 1


async def test_every_figure_of_the_table_is_in_the_text_and_no_other() -> None:
    async with serving(settings()) as (url, _), viewing(url, "sound=1") as viewer:
        await spoken(viewer)
        plain, open_metrics = await scraped(url), await scraped(url, "application/openmetrics-text; version=1.0.0")
    assert plain.kind.startswith("text/plain; version=0.0.4")
    assert open_metrics.kind.startswith("application/openmetrics-text")
    ours = {name: kind for name, kind in plain.families.items() if name.startswith(PREFIX)}
    assert ours == {PREFIX + figure.name: str(figure.kind) for figure in FIGURES}
    assert {name for name in open_metrics.families if name.startswith(PREFIX)} == set(ours)
    text = plain.text + open_metrics.text
    assert "# HELP" in text
    assert "Well" not in text  # nothing that was said


async def test_an_interrupt_a_failure_and_a_breach_are_counted() -> None:
    failing = settings_for(
        lambda: ScriptedLLM(["Hello, ", "you ", "there. "] * 40, first_ms=1, token_ms=1),
        lambda: ScriptedTTS(first_ms=1, rtf=0.01),
    )
    dying = component(lambda: ScriptedLLM(["no"], first_ms=1, dies_at=0))
    strict = failing.latency.model_copy(update={"first_audio_ms": 0.001})
    broken = replace(failing, llm=(dying, *failing.llm), latency=strict)
    async with serving(broken) as (url, _), viewing(url, "sound=1") as viewer:
        await viewer.send(type="input.text", text="Hi")
        await viewer.next("audio")
        await viewer.send(type="interrupt")
        assert (await viewer.next("turn.ended"))["status"] == "interrupted"
        found = await scraped(url)
    assert found.value("hayakuchi_turns_total", status="interrupted") == 1
    assert found.value("hayakuchi_interrupts_total", door="stage") == 1
    assert found.value("hayakuchi_provider_failures_total", kind="llm", code="llm.connectivity") == 1
    assert found.value("hayakuchi_latency_breaches_total", figure="first_audio") == 1
    states = [(has, value) for (name, has), value in found.samples.items() if name == "hayakuchi_provider_up"]
    assert {dict(has)["choice"]: value for has, value in states if ("kind", "llm") in has} == {"1": 0, "2": 1}


async def test_requests_are_counted_by_route_and_carry_an_id() -> None:
    async with serving(settings()) as (url, _):
        status, headers, _ = await asked(f"{url}/health", **{"X-Request-ID": "mine-1"})
        assert (status, headers["x-request-id"]) == (200, "mine-1")
        for bad in ("a b", "x" * 65, "é"):
            _, headers, _ = await asked(f"{url}/health", **{"X-Request-ID": bad})
            assert headers["x-request-id"] != bad
            assert len(headers["x-request-id"]) == 16
        await asked(f"{url}/static/no/such/file.js")
        await asked(f"{url}/health", "DELETE")
        await asked(f"{url}/health", Host="evil.example")
        found = await scraped(url)
    requests = "hayakuchi_http_requests_total"
    assert found.value(requests, route="/health", method="GET", status="200") == 4
    assert found.value(requests, route="/static", status="404") == 1
    assert found.value(requests, route="/health", status="405") == 1
    assert found.value(requests, route="unmatched", status="403") == 1
    assert found.value("hayakuchi_refusals_total", reason="forbidden") == 1
    assert found.value("hayakuchi_http_request_seconds_count", route="/health") == 5
    assert found.value("hayakuchi_http_first_byte_seconds_count", route="/health") == 5
    assert found.value("hayakuchi_http_in_flight", kind="http") == 1  # the scrape itself


async def test_websockets_are_counted_with_the_code_they_end_with_and_when_they_are_refused() -> None:
    async with serving(settings(max_sessions=1)) as (url, _):
        async with viewing(url) as viewer:
            assert (await scraped(url)).value("hayakuchi_http_in_flight", kind="websocket") == 1
            await viewer.socket.send(b"\x09")
            await viewer.socket.wait_closed()
        with pytest.raises(InvalidStatus):
            async with connect(url.replace("http", "ws") + "/stage/ws?session=other", proxy=None):
                pass
        found = await scraped(url)
        for _ in range(100):  # the server notices a moment after the client that the connection is gone
            if not found.value("hayakuchi_http_in_flight", kind="websocket"):
                break
            found = await scraped(url)
    requests = "hayakuchi_http_requests_total"
    assert found.value(requests, route="/stage/ws", method="WS", status="101") == 1
    assert found.value(requests, route="/stage/ws", method="WS", status="503") == 1
    assert found.value("hayakuchi_websocket_closes_total", route="/stage/ws", code="1003") == 1
    assert found.value("hayakuchi_refusals_total", reason="unavailable") == 1


async def test_what_breaks_is_counted_as_500_and_still_breaks() -> None:
    doors = Doors(Engine(settings()))

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    async def nothing(*_: Any) -> Any: ...

    scope = {"type": "http", "method": "BREW", "headers": [], "raw_path": b"/tea"}
    with pytest.raises(LookupError):
        await Timing(broken, doors)(dict(scope), nothing, nothing)
    await Timing(silent, doors)(dict(scope), nothing, nothing)
    value = doors.figures.registry.get_sample_value
    labels = {"route": "unmatched", "method": "other"}
    assert value("hayakuchi_http_requests_total", {**labels, "status": "500"}) == 1
    assert value("hayakuchi_http_requests_total", {**labels, "status": "499"}) == 1
    assert doors.figures.in_flight["http"] == 0


async def test_callers_cannot_make_the_figures_grow() -> None:
    async with serving(settings()) as (url, _):
        await asked(f"{url}/health")
        before = len((await scraped(url)).samples)
        methods = ("GET", "PUT", "BREW", "POST")
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                path = f"/v9/{number}/%0a{number:x}?key={number}"
                group.create_task(asked(f"{url}{path}", methods[number % 4], **{"X-Request-ID": f"r{number}"}))
        found = await scraped(url)
    assert found.labels("hayakuchi_http_requests_total", "route") <= {"unmatched", "/health", "/metrics"}
    assert found.labels("hayakuchi_http_requests_total", "method") <= {"GET", "PUT", "POST", "other"}
    assert len(found.samples) - before < 100


@fuzzing(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20), st.integers(0, 70_000), st.binary(max_size=30))
async def test_labels_are_words_of_ours_whatever_comes(method: str, code: int, request_id: bytes) -> None:
    figures = Figures()
    figures.request("unmatched", method, 404, 0.1, None)
    figures.websocket("/stage/ws", 101, code)
    found = {
        sample.labels.get("method") or sample.labels.get("code")
        for family in figures.registry.collect()
        if family.name in ("hayakuchi_http_requests", "hayakuchi_websocket_closes")
        for sample in family.samples
    }
    assert found <= {"other", *METHODS, *map(str, CLOSE_CODES)}


def test_figures_are_named_as_prometheus_wants_them() -> None:
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert not figure.name.endswith("_total"), figure
        assert (figure.kind is Kind.HISTOGRAM) == bool(figure.buckets), figure
        assert figure.help[-1] != "."
        assert len(figure.labels) <= 3
