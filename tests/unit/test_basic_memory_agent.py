"""The agent passes on what its model streams, remembers what it is told to, and lets go of the model when it is left."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import ClassVar

import pytest
from pydantic import ValidationError

from hayakuchi.agents import PROVIDERS
from hayakuchi.agents.basic_memory import BasicMemoryAgent, BasicMemoryConfig
from hayakuchi.core.block import Block
from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.registry import Registry
from hayakuchi.core.types import (
    Finish,
    FinishReason,
    Generation,
    Image,
    LLMDelta,
    Message,
    ProviderFailure,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    UserInput,
)
from hayakuchi.llm import LLMConfig
from hayakuchi.llm.demo import DemoConfig, DemoLLM

KIYO = Character.model_validate({"name": "Kiyo", "persona": "You like noodles."})
FAILURE = ProviderError("llm", "scripted", Category.CONNECTIVITY, "gone")


class ScriptedLLM:
    """Streams its script; an error in it is raised, None waits for ever."""

    name = "scripted"
    Config: ClassVar[type[Block]] = LLMConfig
    deadlines = Deadlines(1, 1)

    def __init__(self, *script: LLMDelta | ProviderError | None) -> None:
        self.script = script
        self.asked: list[Sequence[Message]] = []
        self.options: list[Generation | None] = []
        self.closed = 0
        self.waits = asyncio.Event()

    async def open(self) -> None: ...

    async def probe(self) -> str:
        return "scripted"

    async def aclose(self) -> None: ...

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        self.asked.append(messages)
        self.options.append(options)
        try:
            for item in self.script:
                if item is None:
                    self.waits.set()
                    await asyncio.Event().wait()
                elif isinstance(item, ProviderError):
                    raise item
                else:
                    yield item
        finally:
            self.closed += 1


def demo() -> DemoLLM:
    return DemoLLM(DemoConfig.model_validate({"seed": 1, "first_token_ms": 0, "token_ms": 0}))


def agent(llm: ScriptedLLM | DemoLLM, **config: object) -> BasicMemoryAgent:
    return BasicMemoryAgent(BasicMemoryConfig.model_validate(config), llm, KIYO)


async def test_every_kind_of_delta_passes_through_in_order():
    deltas = [
        ReasoningDelta("hm"),
        TextDelta("[joy] Hi"),
        ProviderFailure(FAILURE, None),
        TextDelta(" you"),
        Usage(3, 2),
    ]
    llm = ScriptedLLM(*deltas)
    assert [delta async for delta in agent(llm).reply(UserInput("hello"), [])] == deltas
    assert llm.closed == 1


@pytest.mark.parametrize("config", [{}, {"enable_streaming": False}])
async def test_it_streams_whatever_the_mode(config: dict[str, object]):
    llm = ScriptedLLM(TextDelta("now"), None)
    async with aclosing(agent(llm, **config).reply(UserInput("hello", whole_reply=True), [])) as reply:
        assert await asyncio.wait_for(anext(reply), 5) == TextDelta("now")
    assert llm.closed == 1


async def test_the_model_hears_persona_memory_and_the_viewer():
    llm = ScriptedLLM(TextDelta("ok"))
    history = [
        Message("user", "old"),
        Message("assistant", "older"),
        Message("user", "hi"),
        Message("assistant", "hello"),
    ]
    mind = agent(llm, max_history=3, system_prompt_suffix="Be brief.")
    assert [delta async for delta in mind.reply(UserInput("my turn", "Mika"), history)]
    system, *rest = llm.asked[0]
    assert system.role == "system"
    assert "noodles" in system.content
    assert system.content.endswith("Be brief.")
    assert rest == [*history[2:], Message("user", '"Mika" says: my turn')]


async def test_what_a_caller_asks_for_reaches_the_model():
    llm = ScriptedLLM(ToolCallDelta(0, "a", "sing", "{}"), Finish(FinishReason.TOOL_CALLS))
    options = Generation(max_tokens=9, tools=({"type": "function", "function": {"name": "sing"}},))
    picture = (Image("data:image/png;base64,AA"),)
    heard = UserInput("Sing!", generation=options, images=picture, instructions="Use no verbs.")
    assert [delta async for delta in agent(llm).reply(heard, [])] == list(llm.script)
    assert llm.options == [options]
    system, said = llm.asked[0]
    assert system.content.endswith("\n\nUse no verbs.")
    assert system.content.index("noodles") < system.content.index("verbs")
    assert said == Message("user", "Sing!", images=picture)


async def test_memory_is_bounded_in_characters_too_and_can_be_switched_off():
    history = [Message("user", "a" * 50), Message("assistant", "b" * 50)]
    for config in ({"max_history_chars": 99}, {"max_history": 0}):
        llm = ScriptedLLM(TextDelta("ok"))
        assert [delta async for delta in agent(llm, **config).reply(UserInput("hi"), history)]
        assert len(llm.asked[0]) == 2


async def test_the_models_error_comes_through_and_its_stream_is_closed():
    llm = ScriptedLLM(TextDelta("Hel"), FAILURE)
    reply = agent(llm).reply(UserInput("hello"), [])
    assert await anext(reply) == TextDelta("Hel")
    with pytest.raises(ProviderError) as raised:
        await anext(reply)
    assert raised.value is FAILURE
    assert llm.closed == 1


async def test_closing_the_reply_closes_the_models_stream_at_once():
    llm = ScriptedLLM(TextDelta("a"), TextDelta("b"))
    reply = agent(llm).reply(UserInput("hello"), [])
    await anext(reply)
    assert llm.closed == 0
    await reply.aclose()
    assert llm.closed == 1


async def test_cancelling_a_waiting_reader_closes_the_models_stream():
    llm = ScriptedLLM(None)

    async def read() -> None:
        async with aclosing(agent(llm).reply(UserInput("hello"), [])) as reply:
            await anext(reply)

    task = asyncio.create_task(read())
    await asyncio.wait_for(llm.waits.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert llm.closed == 1


async def test_one_agent_serves_two_conversations_without_mixing_them():
    llm = demo()
    mind = agent(llm)

    async def answer(name: str) -> str:
        history = [Message("user", f"my name is {name}"), Message("assistant", "Nice.")]
        deltas = [delta async for delta in mind.reply(UserInput("what is my name?"), history)]
        return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))

    ann, bob = await asyncio.gather(answer("Ann"), answer("Bob"))
    assert "Ann" in ann
    assert "Bob" in bob
    assert "Ann" not in bob


async def test_the_demo_mind_understands_the_agents_prompt():
    llm = demo()

    async def answer(text: str, viewer: str | None, history: Sequence[Message] = ()) -> str:
        deltas = [delta async for delta in agent(llm).reply(UserInput(text, viewer), history)]
        return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))

    assert await answer("Good morning!", None) == "[smirk] You are up early, did the sun bribe you or something?"
    assert "Zoë" in await answer("what is my name?", "Zoë")
    opened = [Message("assistant", "Oh, you came!"), Message("user", "hm"), Message("user", "早上好")]
    assert "起这么早" in await answer("早上好", "阿强", opened)


def test_bad_settings_are_refused():
    for bad in ({"max_history": -1}, {"max_history_chars": "many"}, {"max_histroy": 3}):
        with pytest.raises(ValidationError):
            BasicMemoryConfig.model_validate(bad)


def test_the_registry_finds_it():
    assert Registry({"agents": PROVIDERS}, plugins=False).load("agents", "basic_memory_agent") is BasicMemoryAgent
