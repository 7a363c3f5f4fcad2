"""What the figures tell of replies in text."""

from __future__ import annotations

from typing import Any

import aiohttp
from chatting import Desk, RecordingLLM, chatting, words
from prometheus_client.parser import text_string_to_metric_families

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import TextDelta, Usage

BODY = {"messages": [{"role": "user", "content": "Hello!"}]}


async def figures(desk: Desk, http: aiohttp.ClientSession) -> dict[tuple[str, ...], float]:
    async with http.get(f"{desk.url}/metrics") as response:
        families = list(text_string_to_metric_families(await response.text()))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


async def summary(desk: Desk, http: aiohttp.ClientSession) -> Any:
    async with http.get(f"{desk.url}/metrics", headers={"Accept": "application/json"}) as response:
        return (await response.json())["text"]


async def test_replies_in_text_are_counted() -> None:
    llm = RecordingLLM()
    llm.scripts = [[*words("Hello there."), Usage(11, 4)]]
    async with chatting(llm) as desk, aiohttp.ClientSession() as http:
        async with http.post(f"{desk.url}/v1/chat/completions", json=BODY) as response:
            assert response.status == 200
        found = await figures(desk, http)
        assert found["hayakuchi_turns_total", "api", "completed"] == 1
        assert {key[1]: value for key, value in found.items() if key[0] == "hayakuchi_tokens_total"} == {
            "prompt": 11,
            "completion": 4,
        }
        told = await summary(desk, http)
        assert told["direct_mode"]["total_requests"] == 1
        assert told["direct_mode"]["first_response_latency"]["avg"] is not None
        async with http.post(f"{desk.url}/metrics/reset") as response:
            assert (await response.json())["text"]["direct_mode"]["total_requests"] == 0


async def test_replies_that_fail_or_are_given_up_are_counted_as_such() -> None:
    broken = ProviderError("llm", "recording", Category.UNAVAILABLE, "gone")
    llm = RecordingLLM()
    llm.scripts = [[TextDelta("Hel"), broken], [TextDelta("Hello"), 60.0]]
    async with chatting(llm) as desk, aiohttp.ClientSession() as http:
        async with http.post(f"{desk.url}/v1/chat/completions", json=BODY) as response:
            assert response.status == 503
        async with http.post(f"{desk.url}/v1/chat/completions", json={**BODY, "stream": True}) as response:
            await response.content.readuntil(b"Hello")
        await llm.asked[-1].closed.wait()
        found = await figures(desk, http)
        assert found["hayakuchi_turns_total", "api", "failed"] == 1
        assert found["hayakuchi_turns_total", "api", "interrupted"] == 1
        assert (await summary(desk, http))["direct_mode"]["total_requests"] == 0
