"""What a recogniser behind HTTP promises besides: what it sends, faults of its server, and who hangs up when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from asr_subjects import KEY, openai_asr, spoken
from clip_files import tone
from fake_openai import Action, Answer, answer_json, failure
from fake_transcriptions import FakeTranscriptions, Heard, verbose
from leaks import nothing_leaks

from hayakuchi.asr.base import Wishes
from hayakuchi.asr.fallback import FallbackASR
from hayakuchi.asr.openai import OpenAIASR
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.transcript import Transcript, TranscriptSegment
from hayakuchi.core.types import Audio

CLIP = tone(1.0)


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeTranscriptions]:
    async with nothing_leaks(), FakeTranscriptions() as server:
        yield server


@pytest.fixture(name="asr")
async def _asr(server: FakeTranscriptions) -> AsyncIterator[OpenAIASR]:
    provider = openai_asr(server)
    await provider.open()
    try:
        yield provider
    finally:
        await provider.aclose()


async def test_what_is_sent_and_what_is_understood(server: FakeTranscriptions, asr: OpenAIASR):
    server.transcriptions = verbose("Hello there.", seconds=0.9, no_speech_prob=0.03, avg_logprob=-0.4)
    assert await asr.transcribe(CLIP, language="en") == Transcript(
        "Hello there.", "en", (TranscriptSegment(0, 900, "Hello there."),), no_speech=0.03, log_probability=-0.4
    )
    [heard] = server.requests
    assert heard.fields == {"model": ["whisper-1"], "response_format": ["verbose_json"], "language": ["en"]}
    assert heard.headers["Authorization"] == f"Bearer {KEY}"
    assert (heard.sound.getnchannels(), heard.sound.getsampwidth(), heard.sound.getframerate()) == (1, 2, 16_000)
    assert heard.sound.readframes(heard.sound.getnframes()) == CLIP.pcm
    assert len(heard.file) == 44 + len(CLIP.pcm)


async def test_no_more_samples_are_sent_than_anybody_hears(server: FakeTranscriptions, asr: OpenAIASR):
    await asr.transcribe(tone(1.0, 48_000))
    await asr.transcribe(tone(1.0, 8_000))
    assert [heard.sound.getframerate() for heard in server.requests] == [16_000, 8_000]
    assert "language" not in server.requests[0].fields


async def test_further_fields(server: FakeTranscriptions):
    body = {"temperature": 0, "timestamp_granularities[]": ["segment"], "vad_filter": True, "hotwords": "Hayakuchi"}
    asr = openai_asr(server, model="large-v3", prompt="Hayakuchi, 早口", extra_body=body)
    await asr.open()
    await asr.transcribe(CLIP)
    await asr.aclose()
    assert server.requests[0].fields == {
        "model": ["large-v3"],
        "response_format": ["verbose_json"],
        "prompt": ["Hayakuchi, 早口"],
        "temperature": ["0"],
        "timestamp_granularities[]": ["segment"],
        "vad_filter": ["true"],
        "hotwords": ["Hayakuchi"],
    }


async def test_a_prompt_goes_behind_that_of_the_settings(server: FakeTranscriptions):
    asr = openai_asr(server, prompt="Hayakuchi.")
    await asr.open()
    await asr.transcribe(CLIP, wishes=Wishes(" Miku. "))
    await asr.aclose()
    assert server.requests[0].fields["prompt"] == ["Hayakuchi. Miku."]


@pytest.mark.parametrize("name", ["file", "model", "language", "prompt", "response_format", "stream"])
async def test_own_fields_cannot_be_overwritten(server: FakeTranscriptions, name: str):
    with pytest.raises(ValueError, match="cannot be set here"):
        openai_asr(server, extra_body={name: "x"})


async def test_connections_are_kept(server: FakeTranscriptions, asr: OpenAIASR):
    for _ in range(3):
        await asr.transcribe(CLIP)
    assert [heard.nth for heard in server.requests] == [1, 2, 3]


def json_only(heard: Heard) -> Answer:
    if heard.fields["response_format"] != ["json"]:
        return failure(400, "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'")
    return answer_json({"text": "Hello."})


async def test_a_model_without_verbose_json_is_asked_for_json_from_then_on(server: FakeTranscriptions, asr: OpenAIASR):
    server.transcriptions = json_only
    for _ in range(3):
        assert await asr.transcribe(CLIP, language="ja") == Transcript("Hello.", "ja")
    formats = [heard.fields["response_format"][0] for heard in server.requests]
    assert formats == ["verbose_json", "json", "json", "json"]


async def test_a_refusal_of_something_else_is_told_and_changes_nothing(server: FakeTranscriptions, asr: OpenAIASR):
    server.transcriptions = failure(400, "this clip is broken")
    with pytest.raises(ProviderError, match="this clip is broken"):
        await asr.transcribe(CLIP)
    server.transcriptions = verbose("Hello.")
    assert (await asr.transcribe(CLIP)).segments
    server.transcriptions = failure(400, "this clip is broken, too")
    with pytest.raises(ProviderError, match="broken, too"):
        await asr.transcribe(CLIP)
    formats = [heard.fields["response_format"][0] for heard in server.requests]
    assert formats == ["verbose_json", "json", "verbose_json", "verbose_json"]


@pytest.mark.parametrize("asked", ["verbose_json", "json"])
async def test_a_format_that_is_set_is_kept(server: FakeTranscriptions, asked: str):
    asr = openai_asr(server, response_format=asked)
    await asr.open()
    server.transcriptions = failure(400, "no")
    with pytest.raises(ProviderError):
        await asr.transcribe(CLIP)
    await asr.aclose()
    assert [heard.fields["response_format"] for heard in server.requests] == [[asked]]


TEXT = json.dumps({"text": "x" * 300_000}).encode()
FAULTS: dict[str, tuple[Answer, Category]] = {
    "401": (failure(401, f"bad key {KEY}"), Category.AUTH),
    "404": (failure(404, "no such model"), Category.NOT_FOUND),
    "413": (failure(413, "too large"), Category.INVALID_REQUEST),
    "429": (failure(429, "slow down", Retry_After="7"), Category.RATE_LIMITED),
    "500": (failure(500, "boom"), Category.UNAVAILABLE),
    "error with status 200": (failure(200, "no such model"), Category.BAD_OUTPUT),
    "web page": (Answer([b"<html>"], content_type="text/html"), Category.BAD_OUTPUT),
    "plain text": (Answer([b"Hello there."], content_type="text/plain"), Category.BAD_OUTPUT),
    "half of an answer": (Answer([b'{"text": "Hel'], content_type="application/json"), Category.BAD_OUTPUT),
    "empty": (Answer([], content_type="application/json"), Category.BAD_OUTPUT),
    "list": (answer_json(["Hello"]), Category.BAD_OUTPUT),
    "null": (answer_json(None), Category.BAD_OUTPUT),
    "text is a number": (answer_json({"text": 1}), Category.BAD_OUTPUT),
    "text is null": (answer_json({"text": None}), Category.BAD_OUTPUT),
    "segments are text": (answer_json({"text": "x", "segments": "y"}), Category.BAD_OUTPUT),
    "NaN": (verbose("x", seconds=float("nan")), Category.BAD_OUTPUT),
    "infinite probability": (verbose("x", avg_logprob=float("-inf")), Category.BAD_OUTPUT),
    "absurd time": (verbose("x", seconds=1e300), Category.BAD_OUTPUT),
    "time is text": (verbose("x", start="0"), Category.BAD_OUTPUT),
    "deep": (Answer([b"[" * 100_000], content_type="application/json"), Category.BAD_OUTPUT),
    "long text": (Answer([TEXT], content_type="application/json"), Category.BAD_OUTPUT),
    "huge": (Answer([bytes(1 << 20)] * 20, content_type="application/json"), Category.BAD_OUTPUT),
    "no utf-8": (Answer([b'{"text": "\xff\xfe"}'], content_type="application/json"), Category.BAD_OUTPUT),
    "no answer": (Answer([Action.DROP]), Category.CONNECTIVITY),
    "cut": (Answer([b'{"text"', 0.02, Action.CUT], content_type="application/json"), Category.CONNECTIVITY),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(server: FakeTranscriptions, asr: OpenAIASR, fault: str):
    server.transcriptions, category = FAULTS[fault]
    async with asyncio.timeout(10):
        with pytest.raises(ProviderError) as caught:
            await asr.transcribe(CLIP)
    error = caught.value
    assert (error.kind, error.provider, error.category) == ("asr", "openai_asr", category)
    assert KEY not in str(error)
    assert "127.0.0.1" in str(error)
    assert len(str(error)) < 600
    assert error.retry_after_s == (7 if fault == "429" else None)
    server.transcriptions = verbose("Hello there.")
    assert (await asr.transcribe(CLIP)).text == "Hello there."


@pytest.mark.parametrize(
    ("answer", "transcript"),
    [
        (answer_json({"text": "  Hello. \n"}), Transcript("Hello.", "en")),
        (answer_json({"text": ""}), Transcript("", "en")),
        (answer_json({"text": "Hi", "language": "Japanese"}), Transcript("Hi", "ja")),
        (answer_json({"text": "Hi", "language": "zh-CN", "segments": None}), Transcript("Hi", "zh")),
        (answer_json({"text": "Hi", "language": "Klingon", "words": [1]}), Transcript("Hi", "en")),
        (
            verbose("Hi", language="de", start=-0.02, seconds=-0.01, no_speech_prob=1.0000001, avg_logprob=0.001),
            Transcript("Hi", "de", (TranscriptSegment(0, 0, "Hi"),), no_speech=1.0, log_probability=0.0),
        ),
    ],
)
async def test_answers_of_many_servers(
    server: FakeTranscriptions, asr: OpenAIASR, answer: Answer, transcript: Transcript
):
    server.transcriptions = answer
    assert await asr.transcribe(CLIP, language="en") == transcript


async def test_a_clip_of_no_length_costs_no_request(server: FakeTranscriptions, asr: OpenAIASR):
    assert await asr.transcribe(Audio(b"", 16_000), language="en") == Transcript("", "en")
    assert await asr.transcribe(Audio(bytes(3_198), 16_000)) == Transcript("")
    assert server.requests == []


async def test_cancelling_makes_the_server_stop(server: FakeTranscriptions, asr: OpenAIASR):
    for steps in ([Action.HANG], [b'{"text"', Action.HANG]):
        server.transcriptions = Answer(steps, content_type="application/json")
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            task = group.create_task(asr.transcribe(CLIP))
            await server.arrived(len(server.requests) + 1)
            await asyncio.sleep(0.02)
            task.cancel()
            await server.requests[-1].abandoned.wait()
        assert task.cancelled()


async def test_a_server_that_says_nothing_breaks_the_deadline_and_loses_the_connection(server: FakeTranscriptions):
    chain = FallbackASR([openai_asr(server, timeout=0.2)])
    await chain.open()
    server.transcriptions = Answer([Action.HANG])
    with pytest.raises(AllProvidersFailed, match=r"did not understand 1.0 s of sound within 0.2 s") as caught:
        await chain.transcribe(CLIP)
    assert [error.category for error in caught.value.attempts] == [Category.TIMEOUT]
    async with asyncio.timeout(10):
        await server.requests[-1].abandoned.wait()
    await chain.aclose()


async def test_closing_ends_the_requests_that_run(server: FakeTranscriptions, asr: OpenAIASR):
    server.transcriptions = Answer([Action.HANG])
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:

        async def ask() -> None:
            with pytest.raises(ProviderError):
                await asr.transcribe(CLIP)

        group.create_task(ask())
        await server.arrived()
        await asr.aclose()
        await server.requests[-1].abandoned.wait()


async def test_nothing_answers(server: FakeTranscriptions, asr: OpenAIASR):
    await server.__aexit__(None)
    for attempt in (asr.transcribe(CLIP), asr.probe()):
        with pytest.raises(ProviderError, match="is the server running") as caught:
            await attempt
        assert caught.value.category is Category.CONNECTIVITY


async def test_a_probe_costs_nothing_and_tells_a_wrong_key(server: FakeTranscriptions, asr: OpenAIASR):
    assert await asr.probe() == f"whisper-1 at {server.url}"
    server.models = failure(404, "no list")
    assert await asr.probe()
    server.models = failure(401, "no")
    with pytest.raises(ProviderError, match="check api_key"):
        await asr.probe()
    assert server.requests == []


async def test_a_long_clip_is_sent_whole(server: FakeTranscriptions, asr: OpenAIASR):
    clip = Audio(spoken().pcm * 60, 16_000)
    assert (await asr.transcribe(clip)).text
    assert len(server.requests[0].file) == 44 + len(clip.pcm)


async def test_partials_are_only_asked_for_when_the_settings_say_so(server: FakeTranscriptions):
    assert not openai_asr(server).partials
    assert openai_asr(server, partials=True).partials
