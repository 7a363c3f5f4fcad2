"""The quick reply over HTTP: what two real servers are asked, and that they are told at once when nobody listens any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from fake_openai import Action, Answer, FakeOpenAI, Recorded, chat, failure
from leaks import nothing_leaks

from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.character import Character
from hayakuchi.core.types import Finish, LLMDelta, Opener, ProviderFailure, TextDelta, UserInput
from hayakuchi.llm.fallback import FallbackLLM
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM

HANGS = Answer([Action.HANG])


class Pair:
    """A server for each model, and an agent that asks both."""

    def __init__(self, large: FakeOpenAI, quick: FakeOpenAI) -> None:
        self.large, self.quick = large, quick
        self.chains = [
            FallbackLLM([OpenAILLM(OpenAIConfig(base_url=server.url, model=name))])
            for server, name in ((large, "large"), (quick, "tiny"))
        ]
        character = Character(name="Kiyo")
        self.agent = BasicMemoryAgent(BasicMemoryConfig(), self.chains[0], character, self.chains[1])

    def reply(self) -> AsyncGenerator[LLMDelta, None]:
        return self.agent.reply(UserInput("My cat ran away"), [])

    async def said(self) -> tuple[str, list[LLMDelta]]:
        """The text of the reply, and everything else of it but that it is over."""
        async with asyncio.timeout(10):
            deltas = [delta async for delta in self.reply()]
        text = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta | Opener))
        return text, [delta for delta in deltas if not isinstance(delta, TextDelta | Finish)]


@pytest.fixture(name="pair")
async def _pair() -> AsyncIterator[Pair]:
    async with nothing_leaks(), FakeOpenAI() as large, FakeOpenAI() as quick:
        pair = Pair(large, quick)
        for chain in pair.chains:
            await chain.open()
        yield pair
        for chain in pair.chains:
            await chain.aclose()


async def first(reply: AsyncGenerator[LLMDelta, None]) -> LLMDelta:
    return await anext(reply)


async def gone(request: Recorded) -> None:
    async with asyncio.timeout(5):
        await request.abandoned.wait()


async def test_the_first_request_is_given_up_and_the_second_one_knows_the_opener(pair: Pair) -> None:
    def large(request: Recorded) -> Answer:
        return HANGS if len(pair.large.requests) == 1 else Answer(chat(["Oh", " no", "! ", "That", "'s sad."]))

    pair.large.chat, pair.quick.chat = large, Answer([0.1, *chat(["Oh", " no", "."])[:3], Action.HANG])
    text, others = await pair.said()
    assert text == "Oh no, that's sad."
    assert others == [Opener("Oh no,")]
    first, second = pair.large.requests
    (asked,) = pair.quick.requests
    await gone(first)
    await gone(asked)
    assert not second.abandoned.is_set()
    assert first.body["messages"][:-1] == second.body["messages"][:-1]
    assert '"Oh no,"' in second.body["messages"][-1]["content"]
    assert asked.body["model"] == "tiny"


async def test_a_small_model_that_loses_is_given_up(pair: Pair) -> None:
    pair.quick.chat = HANGS
    pair.large.chat = Answer(chat(["Poor", " cat!"], first_delay_s=0.05))
    assert await pair.said() == ("Poor cat!", [])
    await gone(pair.quick.requests[0])
    assert len(pair.large.requests) == 1


async def test_a_small_model_that_is_not_there_is_told_and_not_missed(pair: Pair) -> None:
    pair.quick.chat = failure(404, "model 'tiny' not found")
    pair.large.chat = Answer(chat(["Poor", " cat!"], first_delay_s=0.2))
    text, others = await pair.said()
    assert text == "Poor cat!"
    (failed,) = others
    assert isinstance(failed, ProviderFailure)
    assert failed.error.code == "llm.not_found"
    assert (await pair.said()) == ("Poor cat!", [])
    assert len(pair.quick.requests) == 1


@pytest.mark.parametrize("opener", [False, True])
async def test_leaving_gives_both_up(pair: Pair, opener: bool) -> None:
    pair.large.chat = HANGS
    pair.quick.chat = Answer([0.1, *chat(["Oh,"])[:1], Action.HANG]) if opener else HANGS
    reply = pair.reply()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(first(reply))
        await pair.quick.arrived()
        await pair.large.arrived(2 if opener else 1)
        if not opener:
            waiting.cancel()
        await asyncio.wait([waiting])
    await reply.aclose()
    for request in (*pair.large.requests, *pair.quick.requests):
        await gone(request)
