"""``/ws`` and ``/ws_asr`` on the real server, around a recogniser that reads the words off the sound."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
import soxr
from leaks import nothing_leaks
from listening import EARS, close_code, hearing, listening, send_sound, told_until
from microphone import RATE, Voice, silence
from scripted_asr import ScriptedASR
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from hayakuchi.asr.base import Download, Progress
from hayakuchi.asr.settings import Mode
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.transcript import Transcript
from hayakuchi.gateway.connection import MAX_MISTAKES


@pytest.mark.parametrize("path", ["/ws", "/ws_asr"])
async def test_partial_and_final_texts_as_the_protocol_has_them(path: str) -> None:
    voice = Voice()
    async with (
        nothing_leaks(),
        hearing(lambda: ScriptedASR(voice.understands, takes_ms=5)) as (url, engine),
        listening(url, path) as socket,
    ):
        await socket.send('{"op":"config","sampleRate":16000}')
        await send_sound(socket, voice.says("hello there friend.", 600), pause_s=0.02)
        messages = await told_until(socket, "final")
        assert all(message.keys() == {"type", "text", "language"} for message in messages[:-1])
        partials = [message["text"] for message in messages[:-1]]
        assert partials
        assert len(set(partials)) == len(partials)
        final = messages[-1]
        assert final.keys() == {"type", "text", "segments"}
        assert final["text"] == "hello there friend."
        assert [segment.keys() for segment in final["segments"]] == [{"start", "end", "text"}]
        assert final["segments"][0]["start"] < 0.1
        assert abs(final["segments"][0]["end"] - 1.02) < 0.1
        await send_sound(socket, voice.says("and again.", 600))
        assert (await told_until(socket, "final"))[-1]["text"] == "and again."
        assert engine.settings.ears is EARS


async def test_frames_may_be_of_any_length_even_an_odd_one() -> None:
    voice = Voice()
    async with hearing(lambda: ScriptedASR(voice.understands, takes_ms=5)) as (url, _), listening(url) as socket:
        await send_sound(socket, voice.says("one two three.", 600), frame=333)
        assert (await told_until(socket, "final"))[-1]["text"] == "one two three."


async def test_other_rates_and_languages() -> None:
    heard: list[float] = []

    def script(clip: Any) -> str:
        assert clip.sample_rate == RATE
        heard.append(clip.duration_ms)
        return "hello there."

    asr = ScriptedASR(script, takes_ms=5)
    tone = np.sin(np.arange(48_000) * 0.05) * 8000
    async with hearing(lambda: asr) as (url, _), listening(url) as socket:
        await socket.send('{"op": "config", "sampleRate": 48000, "language": "ja"}')
        await send_sound(socket, tone.astype("<i2").tobytes() + bytes(2 * 30_000), frame=1920)
        assert (await told_until(socket, "final"))[-1]["text"] == "hello there."
        assert asr.clips[-1][1] == "ja"
        assert 1000 <= heard[-1] <= 1700
        await socket.send('{"op": "config", "sampleRate": 8000.0, "language": "auto"}')
        await send_sound(socket, soxr.resample(tone, 48_000, 8000).astype("<i2").tobytes() + bytes(2 * 5000), frame=320)
        await told_until(socket, "final")
        assert asr.clips[-1][1] is None
        assert 1000 <= heard[-1] <= 1700


MISTAKES = {
    "{": "not JSON",
    "[]": "not a JSON object",
    "[" * 50_000: "nested",
    '{"op": "stop"}': "op",
    '{"sampleRate": 16000}': "op",
    '{"op": "config", "sampleRate": NaN}': "not JSON",
    '{"op": "config", "sampleRate": -1}': "8000 to 48000",
    '{"op": "config", "sampleRate": 1e300}': "8000 to 48000",
    '{"op": "config", "sampleRate": "16000"}': "8000 to 48000",
    '{"op": "config", "sampleRate": true}': "8000 to 48000",
    '{"op": "config", "sampleRate": 16000.5}': "8000 to 48000",
    '{"op": "config", "language": 7}': "language",
    '{"op": "config", "language": "../en"}': "language",
}


async def test_mistakes_are_answered_and_change_nothing_until_there_are_too_many() -> None:
    voice = Voice()
    async with hearing(lambda: ScriptedASR(voice.understands, takes_ms=5)) as (url, _), listening(url) as socket:
        for text, word in MISTAKES.items():
            await socket.send(text)
            message = json.loads(await socket.recv())
            assert message.keys() == {"type", "message"}
            assert message["type"] == "error"
            assert word in message["message"]
        await send_sound(socket, voice.says("still here.", 600))
        assert (await told_until(socket, "final"))[-1]["text"] == "still here."
        for _ in range(MAX_MISTAKES):
            await socket.send("?")
        assert await close_code(socket) == 1008


@pytest.mark.parametrize("understood", ['{"op": "config"}', bytes(640)], ids=["config", "sound"])
async def test_what_is_understood_makes_up_for_the_mistakes_before_it(understood: str | bytes) -> None:
    async with hearing(lambda: ScriptedASR(lambda clip: "")) as (url, _), listening(url) as socket:
        for _ in range(3):
            for _ in range(MAX_MISTAKES - 1):
                await socket.send("?")
                assert json.loads(await socket.recv())["type"] == "error"
            await socket.send(understood)


async def test_a_frame_that_is_too_large() -> None:
    async with hearing(lambda: ScriptedASR(lambda clip: "")) as (url, _), listening(url) as socket:
        await socket.send(bytes(70_000))
        assert await close_code(socket) == 1009


async def test_no_more_listeners_than_there_may_be() -> None:
    async with hearing(lambda: ScriptedASR(lambda clip: ""), max_sessions=1) as (url, _):
        async with listening(url) as socket:
            await socket.send("{}")
            await socket.recv()
            with pytest.raises(InvalidStatus) as refused:
                async with listening(url, "/ws_asr"):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "5"
        async with asyncio.timeout(5):
            await admitted(url)


async def admitted(url: str) -> None:
    """There is room for one more."""
    while True:
        try:
            async with listening(url):
                return
        except InvalidStatus:
            await asyncio.sleep(0.01)


async def test_without_a_recogniser_it_says_what_to_write() -> None:
    async with hearing(None) as (url, _), listening(url) as socket:
        message = json.loads(await socket.recv())
        assert message["type"] == "error"
        assert "conf.yaml" in message["message"]
        assert "faster_whisper" in message["message"]
        assert await close_code(socket) == 1011


class Missing(ScriptedASR):
    def __init__(self) -> None:
        super().__init__(lambda clip: "")

    def wanted(self) -> Download | None:
        return Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        raise ProviderError("asr", self.name, Category.CONNECTIVITY, "nobody answers at huggingface.co")


async def test_a_model_that_cannot_be_had_names_the_command() -> None:
    async with hearing(Missing) as (url, _), listening(url) as socket:
        message = json.loads(await socket.recv())
        assert "huggingface.co" in message["message"]
        assert "hayakuchi model pull tiny" in message["message"]
        assert await close_code(socket) == 1013


async def test_what_is_said_while_the_model_loads_is_understood() -> None:
    voice = Voice()
    slow = ScriptedASR(voice.understands, takes_ms=5, opening_ms=1500)
    async with hearing(lambda: slow) as (url, _), listening(url) as socket:
        await send_sound(socket, voice.says("early bird.", 500))
        assert (await told_until(socket, "final"))[-1]["text"] == "early bird."


async def test_it_listens_though_the_character_only_reads() -> None:
    voice = Voice()
    ears = EARS.model_copy(update={"mode": Mode.TYPED_ONLY})
    async with hearing(lambda: ScriptedASR(voice.understands, takes_ms=5), ears) as (url, _), listening(url) as socket:
        await send_sound(socket, voice.says("listen up.", 600))
        assert (await told_until(socket, "final"))[-1]["text"] == "listen up."


async def test_a_failed_transcription_is_told_and_the_next_one_works() -> None:
    voice = Voice()
    error = ProviderError("asr", "scripted_asr", Category.BAD_OUTPUT, "the engine hiccuped")
    broken = [True]
    asr = ScriptedASR(lambda clip: error if broken else voice.understands(clip), takes_ms=5)
    async with hearing(lambda: asr) as (url, engine), listening(url) as socket:
        await send_sound(socket, voice.says("one two.", 600))
        assert "hiccuped" in (await told_until(socket, "error"))[-1]["message"]
        broken.clear()
        assert engine.hearing.asr is not None
        await asyncio.sleep(0.1)
        await send_sound(socket, silence(100) + voice.says("three four.", 600))
        assert (
            await told_until(
                socket,
                "final",
            )
        )[-1]["text"] == "three four."


async def test_sound_that_comes_too_fast_waits_and_is_understood() -> None:
    voice = Voice()
    async with hearing(lambda: ScriptedASR(voice.understands, takes_ms=5)) as (url, _), listening(url) as socket:
        began = asyncio.get_running_loop().time()
        await send_sound(socket, voice.says("one two.", 700, "three four.", 700, "five six.", 700), frame=32_000)
        texts = [(await told_until(socket, "final"))[-1]["text"] for _ in range(3)]
        assert texts == ["one two.", "three four.", "five six."]
        assert asyncio.get_running_loop().time() - began > 0.9


async def test_no_page_of_another_site() -> None:
    async with hearing(lambda: ScriptedASR(lambda clip: "")) as (url, _):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url + "/ws", proxy=None, origin=Origin("http://evil.example")):
                pass
        assert refused.value.response.status_code == 403


async def test_who_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hayakuchi.gateway.audio.listen.OUTBOX", 4)
    voice, numbers = Voice(), iter(range(1_000_000))
    talkative = ScriptedASR(lambda clip: Transcript(f"word {next(numbers)}", "e" * 500_000), takes_ms=1)
    ears = EARS.model_copy(update={"tick_seconds": 0.05})
    async with (
        nothing_leaks(),
        hearing(lambda: talkative, ears, max_sessions=1) as (url, _),
        connect(url + "/ws", proxy=None, compression=None, max_queue=1) as socket,
    ):
        speech = voice.says("one two three four five six seven eight nine ten")
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            speaking = group.create_task(send_sound(socket, speech * 10, pause_s=0.01))
            await admitted(url)
            speaking.cancel()
        socket.transport.abort()
