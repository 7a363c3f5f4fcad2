"""``POST /v1/audio/speech`` as OpenAI's clients use it, and as nobody should."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import openai
import pytest
from leaks import nothing_leaks
from openai import AsyncOpenAI
from scripted import ScriptedLLM, ScriptedTTS
from scripted_tts import FakeTTS, Step, error, tone
from serving import component, serving, settings_for
from sound_in import Sound, decoded, raw

from hayakuchi.core.character import Character
from hayakuchi.core.errors import Category
from hayakuchi.core.types import Audio
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.api import speech, streamed
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.audio.encoders import CONTENT_TYPES, RATE, SoundFormat
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import LimitSettings
from hayakuchi.orchestrator.settings import Component

TEXT = "Hello there, my friends. This is a second sentence of some length."
WORDS = len(TEXT.split())

UNLIMITED = LimitSettings(requests_per_minute=0, concurrent_turns=0)


class Door:
    """The endpoint, and clients of it."""

    def __init__(self, url: str, engine: Engine, http: aiohttp.ClientSession, client: AsyncOpenAI) -> None:
        self.url, self.engine, self.http, self.client = url, engine, http, client

    async def post(
        self, text: str = TEXT, path: str = "/v1/audio/speech", **fields: Any
    ) -> tuple[int, bytes, aiohttp.ClientResponse]:
        body = {"model": "tts-1", "voice": "alloy", "input": text, "response_format": "pcm"} | fields
        async with self.http.post(self.url + path, json=body) as answer:
            return answer.status, await answer.read(), answer

    async def refused(self, status: int, param: str | None = None, **fields: Any) -> dict[str, Any]:
        found, body, _ = await self.post(**fields)
        assert found == status, body
        [problem] = json.loads(body).values()
        assert set(problem) == {"message", "type", "code", "param"}
        assert problem["param"] == param
        return problem


@asynccontextmanager
async def door(*voices: Component, **gateway: Any) -> AsyncIterator[Door]:
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS, limits=UNLIMITED, **gateway)
    character = Character(name="Test", lexicon={"Hayakuchi": "hi ya coochy"})
    settings = replace(settings, tts=voices, character=character)
    async with serving(settings) as (url, engine), aiohttp.ClientSession() as http:
        async with AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0) as client:
            yield Door(url, engine, http, client)


def voice(name: str = "fake", *script: Step, rate: int = RATE) -> tuple[FakeTTS, Component]:
    made = FakeTTS(name, *script, rate=rate)
    return made, replace(component(lambda: made), name=name)


def sound_of(form: SoundFormat | str, file: bytes) -> Sound:
    return raw(file, RATE) if form == SoundFormat.PCM else decoded(file)


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the doubles tell nobody
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/audio/speech"])
@pytest.mark.parametrize("form", list(SoundFormat))
async def test_a_text_is_spoken(form: SoundFormat, path: str) -> None:
    speaker, one = voice()
    async with door(one) as opened:
        status, file, answer = await opened.post(path=path, response_format=form)
        assert (status, answer.content_type) == (200, CONTENT_TYPES[form])
        assert "Content-Length" not in answer.headers
        sound = sound_of(form, file)
        assert sound.duration_ms == pytest.approx(200 * WORDS, abs=50)
        assert sound.energy == pytest.approx(raw(tone(200, rate=RATE).pcm, RATE).energy * WORDS, rel=0.1)
    assert speaker.texts == ["Hello there,", "my friends.", "This is a second sentence of some length."]


async def test_the_silence_between_sentences_is_that_of_a_turn() -> None:
    silence = Audio(bytes(2 * RATE), RATE)
    async with door(voice("fake", tone(200, rate=RATE), silence)[1]) as opened:
        _, file, _ = await opened.post()
        assert raw(file, RATE).duration_ms == pytest.approx(3 * 200 + 150 + 300 + 300, abs=15)


async def test_mp3_is_the_default_and_other_rates_are_brought_to_it() -> None:
    async with door(voice(rate=16_000)[1]) as opened:
        body = {"model": "gpt-4o-mini-tts", "voice": "coral", "input": TEXT, "instructions": "Whisper.", "user": "u"}
        async with opened.http.post(f"{opened.url}/v1/audio/speech", json=body) as answer:
            assert answer.content_type == "audio/mpeg"
            assert decoded(await answer.read()).duration_ms == pytest.approx(200 * WORDS, abs=50)


async def test_the_official_client_streams() -> None:
    speaker, one = voice("fake", tone(100, rate=RATE), 0.2, tone(100, rate=RATE))
    async with door(one) as opened:
        streaming = opened.client.audio.speech.with_streaming_response
        async with streaming.create(model="tts-1", voice="alloy", input="Hello.", response_format="pcm") as answer:
            came = [(asyncio.get_running_loop().time(), len(part)) async for part in answer.iter_bytes()]
        assert sum(size for _, size in came) == 2 * 4800
        assert came[-1][0] - came[0][0] > 0.15
        whole = await opened.client.audio.speech.create(model="tts-1", voice={"id": "fake"}, input="Hello.")
        assert decoded(whole.content).duration_ms == pytest.approx(200, abs=50)
    assert speaker.closed == 2


async def test_events() -> None:
    async with door(voice()[1]) as opened:
        _, body, answer = await opened.post(stream_format="sse", response_format="wav")
        assert answer.content_type == "text/event-stream"
        events = [json.loads(line.removeprefix("data: ")) for line in body.decode().split("\n\n") if line]
        assert [event["type"] for event in events] == ["speech.audio.delta"] * (len(events) - 1) + ["speech.audio.done"]
        file = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
        assert decoded(file).duration_ms == pytest.approx(200 * WORDS)
        assert len(events) > WORDS
        assert set(events[-1]["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 4.0])
async def test_speed(speed: float) -> None:
    async with door(voice()[1]) as opened:
        _, file, _ = await opened.post(speed=speed)
        assert raw(file, RATE).duration_ms == pytest.approx(200 * WORDS / speed, rel=0.03)


async def test_only_words_are_spoken_as_the_character_says_them() -> None:
    speaker, one = voice()
    async with door(one) as opened:
        await opened.post("[joy] **Hayakuchi** is here 😀 *waves*.")
        assert speaker.texts == ["hi ya coochy is here."]
        for text in ("😀 ... *waves*", "ー", "\u0301", "①"):
            for form in ("mp3", "pcm"):
                status, body, _ = await opened.post(text, response_format=form)
                assert status in (200, 422), text
                if status == 422:
                    assert json.loads(body)["error"]["code"] == "nothing_to_say"
        await opened.refused(422, "input", text="😀 ... *waves*")


@pytest.mark.parametrize("name", speech.ENDPOINTS[0].examples)
async def test_the_examples_of_the_documentation(name: str) -> None:
    async with door(voice()[1]) as opened:
        body = speech.ENDPOINTS[0].examples[name]
        async with opened.http.post(f"{opened.url}/v1/audio/speech", json=body) as answer:
            assert (answer.status, len(await answer.read()) > 1000) == (200, True)


async def test_voices_by_name() -> None:
    (first, one), (second, two) = voice("first"), voice("second")
    two = replace(two, config=type("Block", (), {"voice": "en-GB-Test"})())
    async with door(one, two) as opened:
        asked: dict[str, Any]
        for asked in ({"voice": "second"}, {"voice": "en-GB-Test"}, {"model": "second"}, {"voice": {"id": "second"}}):
            assert (await opened.post("Hello.", **asked))[0] == 200
        assert (len(first.asked), len(second.asked)) == (0, 4)
        for asked in ({"voice": "default"}, {"voice": "nova"}, {"voice": "first"}, {"model": "first"}):
            assert (await opened.post("Hello.", **asked))[0] == 200
        assert (len(first.asked), len(second.asked)) == (4, 4)
        problem = await opened.refused(422, "voice", voice="somebody", model="somebody")
        assert "default, first, second, en-GB-Test" in problem["message"]
        assert problem["code"] == "unknown_voice"


async def test_a_name_of_openai_is_meant_where_a_voice_has_it() -> None:
    (first, one), (second, two) = voice("first"), voice("second")
    two = replace(two, config=type("Block", (), {"voice": "nova"})())
    async with door(one, two) as opened:
        await opened.post("Hello.", voice="nova", model="first")
        await opened.post("Hello.", voice="alloy", model="first")
    assert (len(first.asked), len(second.asked)) == (1, 1)


async def test_who_insists_on_a_voice_gets_it_or_none() -> None:
    (first, one), (second, two) = voice("first", error()), voice("second")
    async with door(one, two) as opened:
        assert (await opened.post("Hello."))[0] == 200
        assert len(second.asked) == 1
        problem = await opened.refused(503, voice="first")
        assert "unavailable" in problem["message"]
        assert len(second.asked) == 1
        for _ in range(3):  # the breaker opens, and is minded
            await opened.refused(503, voice="first")
        assert len(first.asked) == 3


async def test_when_no_voice_can_speak_that_is_the_answer() -> None:
    async with door(voice("fake", error(Category.UNAVAILABLE))[1]) as opened:
        status, _, answer = await opened.post(response_format="mp3")
        assert status == 503
        assert int(answer.headers["Retry-After"]) > 0
        await opened.refused(503, stream_format="sse")
        with pytest.raises(openai.InternalServerError, match="unavailable"):
            await opened.client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")


@pytest.mark.parametrize("form", ["pcm", "mp3"])
async def test_what_breaks_off_is_seen_to_break_off(form: str) -> None:
    async with door(voice("fake", tone(300, rate=RATE), error())[1]) as opened:
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
            await opened.post(response_format=form)
        with pytest.raises(openai.APIConnectionError):
            await opened.client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
        _, body, _ = await opened.post(stream_format="sse", response_format=form)
        last = json.loads(body.decode().strip().rsplit("data: ", 1)[1])
        assert last["error"]["type"] == "server_error"


async def test_a_voice_that_hangs_is_not_waited_for() -> None:
    speaker, one = voice("fake", 60.0)
    speaker.deadlines = type(speaker.deadlines)(0.2, 0.2)
    async with door(one) as opened, asyncio.timeout(3):
        assert "0.2 s" in (await opened.refused(503))["message"]
    assert speaker.closed == 1


@pytest.mark.parametrize("script", [(60.0,), (tone(200, rate=RATE), 60.0)])
@pytest.mark.parametrize("form", ["pcm", "opus"])
async def test_hanging_up_tells_the_voice_to_stop(script: tuple[Step, ...], form: str) -> None:
    speaker, one = voice("fake", *script)
    speaker.deadlines = type(speaker.deadlines)(90.0, 90.0)
    async with door(one) as opened, nothing_leaks():
        for _ in range(3):
            asked = len(speaker.asked)
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(opened.post(response_format=form))
                await until(lambda asked=asked: len(speaker.asked) > asked)
                await asyncio.sleep(0.1)
                asking.cancel()
            began = asyncio.get_running_loop().time()
            await until(lambda: speaker.closed == len(speaker.asked))
            assert asyncio.get_running_loop().time() - began < 0.1


async def test_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "STALL_S", 0.3)
    speaker, one = voice("fake", *[tone(5_000, rate=RATE)] * 40)
    async with door(one) as opened, asyncio.timeout(10):
        host, port = "127.0.0.1", int(opened.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection(host, port, limit=1024)
        body = json.dumps({"model": "tts-1", "input": "Hello.", "response_format": "wav"}).encode()
        head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await until(lambda: speaker.closed == 1)
        writer.close()
        assert speaker.given < 40
        assert (await opened.post("Hi."))[0] == 200
        del reader


async def test_twenty_at_a_time() -> None:
    speaker, one = voice()
    async with door(one) as opened, nothing_leaks():
        forms = [list(SoundFormat)[number % 6] for number in range(20)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(opened.post(response_format=form)) for form in forms]
        for form, task in zip(forms, tasks, strict=True):
            status, file, _ = task.result()
            assert status == 200
            assert sound_of(form, file).duration_ms == pytest.approx(200 * WORDS, abs=50)
    assert speaker.closed == len(speaker.asked) == 60


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("input", {"text": ""}),
        ("input", {"text": "x" * 4097}),
        ("model", {"model": ""}),
        ("response_format", {"response_format": "ogg"}),
        ("speed", {"speed": 0.2}),
        ("speed", {"speed": 4.1}),
        ("speed", {"speed": "fast"}),
        ("stream_format", {"stream_format": "websocket"}),
        ("voice.str", {"voice": 7}),
    ],
)
async def test_what_is_wrong_is_named(param: str, fields: dict[str, Any]) -> None:
    speaker, one = voice()
    async with door(one) as opened:
        await opened.refused(422, param, **fields)
    assert speaker.asked == []


async def test_bodies_that_are_none() -> None:
    async with door(voice()[1], max_body_kb=16) as opened:
        good = json.dumps({"model": "tts-1", "input": "Hello", "voice": "alloy"}).encode()
        rng = random.Random(5)
        seen: set[int] = set()
        for _ in range(100):
            body = bytearray(good)
            for _ in range(rng.choice((1, 2, 5))):
                body[rng.randrange(len(body))] = rng.randrange(256)
            async with opened.http.post(f"{opened.url}/v1/audio/speech", data=bytes(body)) as answer:
                assert answer.status in (200, 422)
                seen.add(answer.status)
        assert seen == {200, 422}
        for body, status in ((b"", 422), (b"[" * 5000, 422), (b"x" * 20_000, 413), (b'{"input":"\\ud800"}', 422)):
            async with opened.http.post(f"{opened.url}/v1/audio/speech", data=body) as answer:
                assert answer.status == status
                assert set(await answer.json()) == {"error"}


async def test_what_is_asked_for_is_put_down(monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[tuple[str, int, float]] = []

    async def charge(self: Meter, caller: Any, *, characters: int = 0, audio_s: float = 0.0) -> None:
        charged.append((caller.id, characters, audio_s))

    monkeypatch.setattr(Meter, "charge", charge)
    async with door(voice()[1]) as opened:
        await opened.post()
    assert {who for who, _, _ in charged} == {"ip:127.0.0.1"}
    assert sum(characters for _, characters, _ in charged) == len(TEXT)
    assert sum(audio_s for _, _, audio_s in charged) == pytest.approx(0.2 * WORDS)
    assert len(charged) <= 2 + WORDS * 0.2 + 1


async def test_a_limit_that_is_reached_on_the_way_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left_s = 0.5

    async def charge(self: Meter, caller: Any, *, characters: int = 0, audio_s: float = 0.0) -> None:
        nonlocal left_s
        left_s -= audio_s
        if left_s < 0:
            raise Problem(429, "enough for today", "audio_limit", retry_after_s=60)

    monkeypatch.setattr(Meter, "charge", charge)
    speaker, one = voice()
    async with door(one) as opened:
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
            await opened.post()
        assert (await opened.refused(429))["type"] == "rate_limit_error"
    assert speaker.closed == len(speaker.asked)


async def test_full_servers_refuse_at_once() -> None:
    speaker, one = voice("fake", tone(200, rate=RATE), 0.4)
    async with door(one, max_turns=1) as opened, asyncio.TaskGroup() as group:
        running = group.create_task(opened.post("Hello."))
        await until(lambda: len(speaker.asked) == 1)
        assert "limit" in (await opened.refused(503))["message"]
        assert (await running)[0] == 200
