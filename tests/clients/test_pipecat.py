"""Pipecat's services for OpenAI, unchanged, against the real server: they are given its address, a key and a model's name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chatting import until, words
from client_house import BAD_KEY, LIMITS, House, spoken_ms
from foreign_client import ForeignClient
from scripted import RATE

from hayakuchi.core.types import Finish, FinishReason, TextDelta, ToolCall, ToolCallDelta, Usage

CLIENT = "pipecat"
pytestmark = [pytest.mark.clients, pytest.mark.asyncio(loop_scope="module")]


async def test_a_reply_comes_word_by_word_with_its_tokens(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"Hi": [*words("[joy] Hello you."), Finish(FinishReason.STOP), Usage(9, 3)]}
    reply = await client.do("chat", key=await home.key(), text="Hi")
    assert reply == {"texts": ["Hello", " you."], "heard": [], "errors": [], "tokens": [[9, 3, 12]]}


async def test_a_conversation_is_remembered(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"And you?": words("I am fine.")}
    talk = await client.do("talk", key=await home.key(), texts=["Hi, I am Mika.", "And you?"])
    assert talk["replies"] == ["Hello you there.", "I am fine."]
    system, *told = home.asked("And you?").told
    assert told == [("user", "Hi, I am Mika."), ("assistant", "Hello you there."), ("user", "And you?")]
    assert system[0] == "system"
    assert system[1].endswith("Be brief.")


async def test_a_function_is_called(home: House, client: ForeignClient) -> None:
    call = [ToolCallDelta(0, "c1", "look"), ToolCallDelta(0, arguments='{"at": '), ToolCallDelta(0, arguments='"sky"}')]
    home.llm.answers = {
        "What is up?": [*call, Finish(FinishReason.TOOL_CALLS)],
        '{"colour": "blue"}': words("It is blue."),
    }
    found = await client.do("tools", key=await home.key(), text="What is up?")
    assert (found["asked"], found["first"]["texts"], found["second"]["texts"]) == (["sky"], [], ["It", " is", " blue."])
    options = home.asked("What is up?").options
    assert options is not None
    assert [tool["function"]["name"] for tool in options.tools] == ["look"]
    *_, asking, answer = home.asked('{"colour": "blue"}').messages
    assert asking.tool_calls == (ToolCall("c1", "look", '{"at": "sky"}'),)
    assert (answer.role, answer.tool_call_id) == ("tool", "c1")


async def test_an_interrupt_closes_the_model(home: House, client: ForeignClient) -> None:
    gate = asyncio.Semaphore(0)
    home.llm.answers = {
        "Go on": [TextDelta("Well, "), TextDelta("it "), 60.0],
        "Stop": [gate, *words("I am quiet.")],
    }
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.do("interrupt", key=await home.key(), text="Go on", then="Stop"))
        await until(lambda: len(home.llm.asked) == 2)
        async with asyncio.timeout(1):
            await home.asked("Go on").closed.wait()
        assert home.llm.running == 1
        gate.release()
    assert task.result() == {"first": ["Well,"], "second": ["I", " am", " quiet."]}


async def test_a_text_is_spoken_while_it_is_made(home: House, client: ForeignClient) -> None:
    home.voice.rtf = 0.5
    text = "Hello there, you. This one is a longer sentence."
    speech = await client.do("speak", key=await home.key(), text=text)
    assert speech["errors"] == []
    assert home.voice.spoken[0] == "Hello there,"
    silence_ms = speech["ms"] - spoken_ms(*home.voice.spoken)
    assert 0 <= silence_ms <= 1000
    assert speech["rate"] == 24000
    assert speech["rms"] ** 2 * speech["ms"] == pytest.approx(11585**2 * spoken_ms(*home.voice.spoken), rel=0.02)
    assert speech["hz"] * speech["ms"] == pytest.approx(440 * spoken_ms(*home.voice.spoken), rel=0.02)
    assert speech["took_s"] > 0.3


async def test_its_settings_of_the_voice_are_minded(home: House, client: ForeignClient) -> None:
    quick = await client.do(
        "speak", key=await home.key(), text="Hello there.", voice="coral", speed=2.0, instructions="Shout"
    )
    assert quick["ms"] == pytest.approx(spoken_ms("Hello there.") / 2, rel=0.1)


async def test_sound_is_understood(home: House, client: ForeignClient) -> None:
    heard = await client.do("listen", key=await home.key(), ms=1500)
    assert (heard["heard"], heard["errors"]) == (["A tone of 1500 ms."], [])
    wishes = {"model": "whisper-1", "language": "ja", "prompt": "Names", "keywords": ["Miku"], "temperature": 0.2}
    assert (await client.do("listen", key=await home.key(), ms=700, **wishes))["heard"] == ["A tone of 700 ms."]
    assert [language for _, language, _ in home.ears.clips] == ["en", "ja"]
    assert home.ears.wishes[1].prompt == "Miku, Names"


async def test_a_whole_bot(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"A tone of 1200 ms.": words("I hear you well.")}
    bot = await client.do("bot", key=await home.key(), ms=1200)
    assert bot["messages"] == [
        {"role": "user", "content": "A tone of 1200 ms."},
        {"role": "assistant", "content": "I hear you well."},
    ]
    assert bot["ms"] == pytest.approx(spoken_ms("I hear you well."), abs=20)
    assert bot["rms"] > RATE


@pytest.mark.parametrize(
    ("command", "arguments"), [("chat", {"text": "Hi"}), ("speak", {"text": "Hi"}), ("listen", {"ms": 500})]
)
async def test_a_wrong_key_is_told(home: House, client: ForeignClient, command: str, arguments: dict[str, Any]) -> None:
    found = await client.do(command, key=BAD_KEY, **arguments)
    [error] = found["errors"]
    assert "401 - this API key is not known" in error
    assert BAD_KEY not in error
    assert home.untouched


@pytest.mark.parametrize(("command", "arguments", "limit"), LIMITS)
async def test_a_limit_is_told(
    home: House, client: ForeignClient, command: str, arguments: dict[str, Any], limit: dict[str, int]
) -> None:
    found = await client.do(command, key=await home.key(**limit), **arguments)
    [error] = found["errors"]
    assert "429 - your limit of" in error
    assert home.untouched


async def test_a_turn_too_many_comes_later(home: House, client: ForeignClient) -> None:
    """Pipecat's client asks again after the second that the server tells it to wait."""
    busy, before = await home.key(concurrent_turns=1), await home.refusals("too_many_turns")
    home.llm.answers = {"First": [1.0, *words("Yes.")], "Second": words("Yes, too.")}
    replies = await client.do("both", key=busy, texts=["First", "Second"])
    assert [reply["texts"] for reply in replies["replies"]] == [["Yes."], ["Yes,", " too."]]
    assert len(home.llm.asked) == 2
    assert await home.refusals("too_many_turns") == before + 1


async def test_an_unknown_model_is_told_with_those_that_there_are(home: House, client: ForeignClient) -> None:
    [error] = (await client.do("chat", key=await home.key(), text="Hi", model="gpt-4.1"))["errors"]
    assert "404 - there is no model 'gpt-4.1'; there are: Test" in error
