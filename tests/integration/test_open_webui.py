"""The requests that Open WebUI makes of a server that it takes for OpenAI's: for models, replies, a chat's title and sound."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from chatting import words
from client_house import House, house, spoken_ms
from clip_files import wav_file
from sound_in import decoded

from hayakuchi.core.types import Finish, FinishReason, Image, ToolCallDelta, Usage

USER = {
    "X-OpenWebUI-User-Name": "Mika%20M",
    "X-OpenWebUI-User-Id": "0b0f",
    "X-OpenWebUI-User-Email": "mika@example.org",
    "X-OpenWebUI-User-Role": "user",
    "X-OpenWebUI-Chat-Id": "c0ffee",
}


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def http(home: House) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {await home.key()}", **USER}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


async def streamed(home: House, http: aiohttp.ClientSession, **fields: Any) -> list[dict[str, Any]]:
    """The chunks of a reply, which ends as it has to."""
    body = {"model": "Test", "stream": True, "stream_options": {"include_usage": True}, **fields}
    async with http.post(f"{home.url}/chat/completions", data=json.dumps(body), headers=JSON) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        lines = [line for line in (await answer.text()).split("\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


JSON = {"Content-Type": "application/json"}


async def test_the_list_of_models(home: House, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{home.url}/models", headers=JSON) as answer:
        found = await answer.json()
    assert answer.status == 200
    assert "error" not in found
    assert found["data"][0]["id"] == "Test"
    for model in found["data"]:
        assert model["object"] == "model"
        assert model.get("name", "") is not None


async def test_a_reply_in_a_chat(home: House, http: aiohttp.ClientSession) -> None:
    home.llm.script = [*words("Hello you."), Finish(FinishReason.STOP), Usage(9, 3)]
    parts = [
        {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": parts},
    ]
    chunks = await streamed(
        home,
        http,
        messages=messages,
        chat_id="c0ffee",
        temperature=0.8,
        top_p=0.9,
        max_tokens=128,
        frequency_penalty=0.1,
        seed=0,
        stop=["\n\n"],
        reasoning_effort="low",
        logit_bias={"1": -100},
        user={"name": "Mika", "id": "0b0f"},
    )
    assert (
        "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"]) == "Hello you."
    )
    assert chunks[-1]["usage"] == {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    [asked] = home.llm.asked
    assert asked.told[1:] == [("user", "Hi"), ("assistant", "Hello."), ("user", "What is this?")]
    assert asked.messages[-1].images == (Image("data:image/png;base64,iVBORw0KGgo="),)
    assert asked.options is not None
    assert (asked.options.max_tokens, asked.options.stop, asked.options.seed) == (128, ("\n\n",), 0)


async def test_a_call_of_a_tool(home: House, http: aiohttp.ClientSession) -> None:
    home.llm.script = [ToolCallDelta(0, "c1", "look"), ToolCallDelta(0, arguments='{"at": "sky"}')]
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    chunks = await streamed(home, http, messages=[{"role": "user", "content": "Look"}], tools=[tool])
    calls = [
        call for chunk in chunks if chunk["choices"] for call in chunk["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert (calls[0]["index"], calls[0]["id"], calls[0]["function"]["name"]) == (0, "c1", "look")
    assert "".join(call["function"]["arguments"] for call in calls) == '{"at": "sky"}'


async def test_a_title_for_a_chat(home: House, http: aiohttp.ClientSession) -> None:
    home.llm.script = words('{"title": "Hello"}')
    body = {"model": "Test", "messages": [{"role": "user", "content": "A title!"}], "stream": False}
    body["max_completion_tokens"] = 1000
    async with http.post(f"{home.url}/chat/completions", data=json.dumps(body), headers=JSON) as answer:
        found = await answer.json()
    assert found["choices"][0]["message"]["content"] == '{"title": "Hello"}'


async def test_errors_are_json_with_an_error(home: House, http: aiohttp.ClientSession) -> None:
    body = {"model": "gone", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    async with http.post(f"{home.url}/chat/completions", data=json.dumps(body), headers=JSON) as answer:
        assert (answer.status, answer.content_type) == (404, "application/json")
        assert "'gone'" in (await answer.json())["error"]["message"]
    async with http.get(f"{home.url}/models", headers={"Authorization": "Bearer none"}) as answer:
        assert answer.status == 401
        assert "API key" in (await answer.json())["error"]["message"]


async def test_a_message_is_read_aloud(home: House, http: aiohttp.ClientSession) -> None:
    body = {"model": "tts-1", "input": "Hello there.", "voice": "shimmer"}
    async with http.post(f"{home.url}/audio/speech", json=body) as answer:
        assert (answer.status, answer.content_type) == (200, "audio/mpeg")
        sound = decoded(await answer.read())
    assert sound.duration_ms == pytest.approx(spoken_ms("Hello there."), abs=60)


@pytest.mark.parametrize(
    "fields", [{}, {"language": "en"}, {"response_format": "verbose_json", "timestamp_granularities[]": "segment"}]
)
async def test_a_recording_is_understood(home: House, http: aiohttp.ClientSession, fields: dict[str, str]) -> None:
    form = aiohttp.FormData({"model": "whisper-1", **fields})
    form.add_field("file", wav_file(1.0), filename="recording.wav")
    async with http.post(f"{home.url}/audio/transcriptions", data=form) as answer:
        found = await answer.json()
    assert answer.status == 200
    assert found["text"] == home.ears.script(home.ears.clips[0][0])
    assert [clip[1] for clip in home.ears.clips] == [fields.get("language")]
