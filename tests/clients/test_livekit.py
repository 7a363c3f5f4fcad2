"""LiveKit Agents' plugin for OpenAI, unchanged, against the real server: it is given its address, a key and a model's name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chatting import until, words
from client_house import BAD_KEY, LIMITS, House, spoken_ms
from foreign_client import ForeignClient

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Finish, FinishReason, TextDelta, ToolCall, ToolCallDelta, Usage

CLIENT = "livekit"
pytestmark = [pytest.mark.clients, pytest.mark.asyncio(loop_scope="module")]
TEXT = "Hello there, you. This one is a longer sentence."
WITH_A_KEY: Any = [("chat", {"text": "Hi"}), ("speak", {"text": "Hi"}), ("listen", {"ms": 500})]


async def test_a_reply_comes_word_by_word_with_its_tokens(home: House, client: ForeignClient) -> None:
    home.llm.answers = {"Hi": [*words("[joy] Hello you."), Finish(FinishReason.STOP), Usage(9, 3)]}
    assert await client.do("chat", key=await home.key(), text="Hi") == {
        "texts": ["Hello", " you."],
        "tokens": [[9, 3, 12]],
    }


async def test_it_may_warm_up(home: House, client: ForeignClient) -> None:
    found = await client.do("prewarm", key=await home.key())
    assert found["models"][0] == "Test"
    assert found["ms"] > 0


async def test_a_stream_that_is_left_closes_the_model(home: House, client: ForeignClient) -> None:
    gate = asyncio.Semaphore(0)
    home.llm.answers = {"Go on": [TextDelta("Well, "), TextDelta("it "), 60.0], "Stop": [gate, *words("I am quiet.")]}
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.do("leave", key=await home.key(), text="Go on", then="Stop"))
        await until(lambda: len(home.llm.asked) == 2)
        async with asyncio.timeout(1):
            await home.asked("Go on").closed.wait()
        assert home.llm.running == 1
        gate.release()
    assert task.result() == {"texts": ["Well,", "I"]}


async def test_an_agent_talks_remembers_and_calls_a_function(home: House, client: ForeignClient) -> None:
    call = [ToolCallDelta(0, "c1", "look"), ToolCallDelta(0, arguments='{"at": '), ToolCallDelta(0, arguments='"sky"}')]
    home.llm.answers = {
        "What is up?": [*call, Finish(FinishReason.TOOL_CALLS)],
        "blue": words("It is blue."),
    }
    talk = await client.do("talk", key=await home.key(), texts=["Hi, I am Mika.", "What is up?"])
    assert talk["asked"] == ["sky"]
    assert talk["items"] == [
        ["user", "Hi, I am Mika."],
        ["assistant", "Hello you there."],
        ["user", "What is up?"],
        ["assistant", "It is blue."],
    ]
    first = home.asked("What is up?")
    assert first.told[1:] == [("user", "Hi, I am Mika."), ("assistant", "Hello you there."), ("user", "What is up?")]
    assert first.told[0][1].endswith("Be brief.")
    assert first.options is not None
    assert [tool["function"]["name"] for tool in first.options.tools] == ["look"]
    *_, asking, answer = home.asked("blue").messages
    assert asking.tool_calls == (ToolCall("c1", "look", '{"at": "sky"}'),)
    assert (answer.role, answer.tool_call_id) == ("tool", "c1")
    assert "".join(home.voice.spoken).replace(" ", "") == "Helloyouthere.Itisblue."
    assert talk["ms"] >= spoken_ms(*home.voice.spoken)
    assert talk["rms"] ** 2 * talk["ms"] == pytest.approx(11585**2 * spoken_ms(*home.voice.spoken), rel=0.05)


async def test_an_interrupt_closes_the_model_and_the_voice(home: House, client: ForeignClient) -> None:
    gate = asyncio.Semaphore(0)
    story = [*words("It was a very dark and stormy night. " * 20), 60.0]
    home.llm.answers = {"Go on": story, "Stop": [gate, *words("I am quiet.")]}
    home.voice.rtf = 0.5
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.do("interrupt", key=await home.key(), text="Go on", then="Stop"))
        await until(lambda: len(home.llm.asked) == 2)
        async with asyncio.timeout(1):
            await home.asked("Go on").closed.wait()
        await until(lambda: home.voice.running == 0, limit_s=1)
        assert home.llm.running == 1
        gate.release()
    found = task.result()
    assert found["interrupted"]
    assert found["items"][2:] == [["user", "Stop"], ["assistant", "I am quiet."]]
    assert 0 < found["ms"] < spoken_ms("It was a very dark and stormy night. " * 20)


@pytest.mark.parametrize(
    ("options", "off_ms"),
    [
        ({"response_format": "pcm"}, 20),
        ({}, 50),
        ({"response_format": "wav", "model": "tts-1", "voice": "nova"}, 20),
        ({"response_format": "flac", "instructions": "Whisper."}, 50),
        ({"response_format": "opus"}, 50),
        ({"response_format": "aac"}, 100),
    ],
    ids=str,
)
async def test_a_text_is_spoken_while_it_is_made(
    home: House, client: ForeignClient, options: dict[str, str], off_ms: int
) -> None:
    """Without options it asks for MP3 in events. Its decoder drops the end of some formats."""
    home.voice.rtf = 0.5
    speech = await client.do("speak", key=await home.key(), text=TEXT, **options)
    due_ms = spoken_ms(*home.voice.spoken)
    silence_ms = speech["ms"] - due_ms
    assert -off_ms <= silence_ms <= 1000
    assert speech["rate"] == 24000
    # MP3 is made a twentieth quieter, as LAME does by itself.
    assert speech["rms"] ** 2 * speech["ms"] == pytest.approx(11585**2 * due_ms, rel=0.15)
    assert speech["hz"] * speech["ms"] == pytest.approx(440 * due_ms, rel=0.05)
    assert speech["took_s"] > 0.3


@pytest.mark.parametrize(
    ("options", "language", "told"),
    [
        ({}, "en", "en"),
        ({"model": "whisper-1", "language": "ja"}, "ja", "ja"),
        ({"model": "gpt-transcribe", "language": ["en", "ja"], "keywords": ["Miku"], "prompt": "Names"}, None, ""),
        ({"detect_language": True, "temperature": 0.2}, None, ""),
    ],
    ids=str,
)
async def test_sound_is_understood(
    home: House, client: ForeignClient, options: dict[str, Any], language: str | None, told: str
) -> None:
    found = await client.do("listen", key=await home.key(), ms=1500, **options)
    assert found == {"heard": ["A tone of 1500 ms."], "language": told}
    assert [clip[1] for clip in home.ears.clips] == [language]
    assert home.ears.wishes[0].prompt == ("Miku, Names" if "prompt" in options else "")


@pytest.mark.parametrize(("command", "arguments"), WITH_A_KEY)
async def test_a_wrong_key_is_told(home: House, client: ForeignClient, command: str, arguments: dict[str, Any]) -> None:
    found = await client.do(command, key=BAD_KEY, **arguments)
    assert (found["status"], found["retryable"]) == (401, False)
    assert BAD_KEY not in found["message"]
    assert home.untouched


@pytest.mark.parametrize(("command", "arguments", "limit"), LIMITS)
async def test_a_limit_is_told(
    home: House, client: ForeignClient, command: str, arguments: dict[str, Any], limit: dict[str, int]
) -> None:
    found = await client.do(command, key=await home.key(**limit), **arguments)
    assert (found["status"], found["retryable"]) == (429, True)
    assert "your limit of" in found["message"]
    assert home.untouched


async def test_a_model_that_is_not_there_for_a_moment_is_asked_again(home: House, client: ForeignClient) -> None:
    gone = ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")
    home.llm.scripts = [[gone], words("I am back.")]
    assert (await client.do("chat", key=await home.key(), text="Hi", retries=2))["texts"] == ["I", " am", " back."]
    assert len(home.llm.asked) == 2


async def test_an_unknown_model_is_told_with_those_that_there_are(home: House, client: ForeignClient) -> None:
    found = await client.do("chat", key=await home.key(), text="Hi", name="gpt-4.1")
    assert (found["status"], found["retryable"]) == (404, False)
    assert "there is no model 'gpt-4.1'; there are: Test" in found["message"]
