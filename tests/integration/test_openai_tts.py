"""``openai_tts`` against a scripted server: what it sends, and what it makes of odd servers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fake_openai import Action, Answer, FakeOpenAI, event, failure, sine, speech, wav_header
from leaks import nothing_leaks
from pydantic import ValidationError

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts.openai import OpenAITTS, OpenAITTSConfig

CLIP = sine(300)
Make = Callable[..., Awaitable[OpenAITTS]]


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeOpenAI]:
    async with nothing_leaks(), FakeOpenAI() as server:
        yield server


@pytest.fixture(name="make")
async def _make(server: FakeOpenAI) -> AsyncIterator[Make]:
    made: list[OpenAITTS] = []

    async def make(**block: Any) -> OpenAITTS:
        block = {"base_url": server.url, "model": "tts-1", "voice": "alloy", **block}
        made.append(OpenAITTS(OpenAITTSConfig.model_validate(block)))
        await made[-1].open()
        return made[-1]

    yield make
    for provider in made:
        await provider.aclose()


async def say(provider: OpenAITTS, text: str = "Hello there.", *, final: bool = True) -> list[Audio]:
    async with asyncio.timeout(10):
        return [piece async for piece in provider.synthesize(SpeechRequest(text, final))]


def pcm_of(pieces: list[Audio]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


async def test_what_is_asked(server: FakeOpenAI, make: Make):
    await say(await make())
    body = {"model": "tts-1", "input": "Hello there.", "voice": "alloy", "response_format": "pcm"}
    assert server.requests[-1].body == body
    assert "Authorization" not in server.requests[-1].headers
    options = {"speed": 1.2, "instructions": "Whisper.", "response_format": "wav"}
    server.speech = Answer([wav_header(0) + CLIP], content_type="audio/wav")
    await say(await make(**options, api_key="k-1", extra_body={"lang": "en"}))
    assert server.requests[-1].body == body | options | {"lang": "en"}
    assert server.requests[-1].headers["Authorization"] == "Bearer k-1"


@pytest.mark.parametrize(
    "block", [{"extra_body": {"input": "x"}}, {"voice": ""}, {"response_format": "mp3"}, {"speed": 9}]
)
def test_blocks_that_are_refused(block: dict[str, Any]):
    with pytest.raises(ValidationError):
        OpenAITTSConfig.model_validate({"base_url": "http://h", "model": "m", "voice": "v", **block})


@pytest.mark.parametrize(
    ("text", "final", "sent"),
    [
        (" Hello there. ", True, "Hello there."),
        ("Well then", False, "Well then,"),
        ("Well then,", False, "Well then,"),
        ("今天天气", False, "今天天气，"),
        ("そうですね", False, "そうですね、"),
    ],
)
async def test_a_piece_that_goes_on_ends_in_a_comma(server: FakeOpenAI, make: Make, text: str, final: bool, sent: str):
    await say(await make(), text, final=final)
    assert server.requests[-1].body["input"] == sent


async def test_nothing_to_say_asks_nothing(server: FakeOpenAI, make: Make):
    assert await say(await make(), "  ") == []
    assert server.requests == []


@pytest.mark.parametrize("chunk", [1, 3, 4_801, 1 << 20])
async def test_chunks_of_any_size(server: FakeOpenAI, make: Make, chunk: int):
    server.speech = speech(CLIP[:2_000] if chunk < 10 else CLIP, chunk=chunk)
    pieces = await say(await make())
    assert pcm_of(pieces) == (CLIP[:2_000] if chunk < 10 else CLIP)
    assert all(len(piece.pcm) <= 4_800 and len(piece.pcm) % 2 == 0 for piece in pieces)
    assert {piece.sample_rate for piece in pieces} == {24_000}


async def test_the_rate_is_the_configured_one_or_that_of_the_wav(server: FakeOpenAI, make: Make):
    assert {piece.sample_rate for piece in await say(await make(sample_rate=16_000))} == {16_000}
    server.speech = Answer([wav_header(0xFFFFFFFF, 22_050), CLIP], content_type="audio/wav")
    for form in ("pcm", "wav"):
        pieces = await say(await make(response_format=form))
        assert {piece.sample_rate for piece in pieces} == {22_050}
        assert pcm_of(pieces) == CLIP


async def test_wav_asked_for_and_not_given(server: FakeOpenAI, make: Make):
    with pytest.raises(ProviderError, match="no WAV file") as caught:
        await say(await make(response_format="wav"))
    assert caught.value.category is Category.BAD_OUTPUT


async def test_audio_in_events(server: FakeOpenAI, make: Make):
    parts = [CLIP[start : start + 1_001] for start in range(0, len(CLIP), 1_001)]
    events = [event({"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()}) for part in parts]
    done = event({"type": "speech.audio.done", "usage": {}})
    server.speech = Answer([*events, done])
    assert pcm_of(await say(await make(extra_body={"stream_format": "sse"}))) == CLIP
    server.speech = Answer([b"".join(events).rstrip()])
    assert pcm_of(await say(await make())) == CLIP


@pytest.mark.parametrize(
    ("body", "category"),
    [
        (event({"error": {"message": "slow down", "code": 429}}), Category.RATE_LIMITED),
        (b"data: nonsense\n\n", Category.BAD_OUTPUT),
        (b"data: []\n\n", Category.BAD_OUTPUT),
        (event({"audio": "*"}), Category.BAD_OUTPUT),
        (event({"audio": 7}), Category.BAD_OUTPUT),
        (event({"type": "speech.audio.done"}), Category.BAD_OUTPUT),
    ],
)
async def test_events_that_are_no_speech(server: FakeOpenAI, make: Make, body: bytes, category: Category):
    server.speech = Answer([body])
    with pytest.raises(ProviderError) as caught:
        await say(await make())
    assert caught.value.category is category


async def test_what_the_server_says_is_quoted(server: FakeOpenAI, make: Make):
    server.speech = failure(200, "no voice alloy")
    with pytest.raises(ProviderError, match="instead of speech: no voice alloy"):
        await say(await make())


async def test_a_clip_keeps_its_connection(server: FakeOpenAI, make: Make):
    tts = await make()
    for _ in range(3):
        await say(tts)
    assert server.connections == 1


@pytest.mark.parametrize("status", [200, 404, 429, 500])
async def test_probe_speaks_nothing(server: FakeOpenAI, make: Make, status: int):
    server.models = failure(status, "x")
    assert await (await make()).probe() == f"tts-1 (alloy) at {server.url}"
    assert [request.path for request in server.requests] == ["/v1/models"]


@pytest.mark.parametrize("answer", [failure(401, "no"), failure(403, "no"), Answer([Action.DROP])])
async def test_probe_tells_what_is_wrong(server: FakeOpenAI, make: Make, answer: Answer):
    server.models = answer
    with pytest.raises(ProviderError):
        await (await make()).probe()
