"""Utterances that a frontend of Open-LLM-VTuber cuts by itself, on the real server with scripted ears."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest
from keyed import bearing, keyed
from leaks import nothing_leaks
from listening import hearing
from microphone import Voice, silence
from scripted_asr import ScriptedASR
from speaking_client import numbers, speaking

from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.gateway.audio import file_hearing
from hayakuchi.gateway.open_llm_vtuber import microphone, utterances
from hayakuchi.gateway.open_llm_vtuber.client import Client
from hayakuchi.gateway.open_llm_vtuber.clients import Clients
from hayakuchi.orchestrator.gateway_settings import Scope

PNG = "data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def understanding(voice: Voice, takes_ms: float = 5) -> Any:
    return lambda: ScriptedASR(voice.understands, takes_ms=takes_ms)


def fails(category: Category, message: str) -> Any:
    return lambda: ScriptedASR(lambda clip: ProviderError("asr", "scripted_asr", category, message), takes_ms=1)


async def busy(asr: ScriptedASR) -> None:
    """It has begun to understand something."""
    async with asyncio.timeout(5):
        while not asr.running:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_utterance_is_understood_and_answered_in_the_order_of_a_turn() -> None:
    voice = Voice()
    async with nothing_leaks(), hearing(understanding(voice)) as (url, engine), speaking(url) as client:
        await client.says(voice.says("hello there friend."))
        await client.next("audio")
        assert client.kinds()[:4] == [
            "conversation-chain-start",
            "full-text",
            "user-input-transcription",
            "audio",
        ]
        assert client.told[2]["text"] == "hello there friend."
        await client.send("frontend-playback-complete")
        await client.next("conversation-chain-end")
        assert engine.hearing.asr is not None


async def test_sound_may_be_no_number_at_all() -> None:
    """What is no number is silence, what is too loud is clipped, and the words beside it are understood."""
    voice = Voice()
    async with hearing(understanding(voice)) as (url, _), speaking(url) as client:
        await client.send("mic-audio-data", audio=[math.nan, math.inf, -math.inf, 1e300, -7, 0] * 20)
        await client.says(voice.says(100.0, "still here."))
        assert (await client.next("user-input-transcription"))["text"] == "still here."


@pytest.mark.parametrize("sound", [b"", silence(50), silence(500)], ids=["none", "very short", "silence"])
async def test_nothing_understood_ends_the_wait_without_an_error(sound: bytes) -> None:
    async with hearing(understanding(Voice())) as (url, _), speaking(url) as client:
        await client.says(sound)
        await client.next("conversation-chain-end")
        assert client.kinds() == ["conversation-chain-end"]


async def test_what_is_made_up_of_a_short_noise_is_not_answered() -> None:
    asr = ScriptedASR(lambda clip: "Thank you for watching! Please subscribe.", takes_ms=1)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(silence(300))
        await client.next("conversation-chain-end")
        assert client.kinds() == ["conversation-chain-end"]


async def test_pictures_go_with_the_words_and_a_bad_one_does_not_lose_them() -> None:
    voice = Voice()
    async with hearing(understanding(voice)) as (url, engine), speaking(url) as client:
        seen: list[Any] = []
        agent: Any = engine.agent
        reply = agent.reply
        agent.reply = lambda heard, *args, **more: (seen.append(heard), reply(heard, *args, **more))[1]
        await client.says(voice.says("look at this."), images=[{"source": "screen", "data": PNG}])
        await client.next("user-input-transcription")
        assert [image.url[:22] for image in seen[0].images] == ["data:image/png;base64,"]
        await client.says(voice.says("and at that."), images=[{"data": PNG}, {"data": "https://localhost/a.png"}])
        error = await client.next("error")
        assert "number 2" in error["message"]
        assert (await client.next("user-input-transcription"))["text"] == "and at that."


async def test_what_waits_is_answered_together() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=200)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        for words in ("one two three.", "four five.", "six seven."):
            await client.says(voice.says(words))
        assert (await client.next("user-input-transcription"))["text"] == "one two three. four five. six seven."
        assert asr.most_running == 1
        await client.nothing_but("audio", "backend-synth-complete", for_s=0.5)


async def test_an_interruption_forgets_what_is_being_understood_but_not_what_is_being_said() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=400)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(voice.says("forget that."))
        await busy(asr)
        await client.send("mic-audio-data", audio=numbers(voice.says("but")))
        await client.send("interrupt-signal", text="")
        await client.settle()
        assert asr.running == 0
        await client.says(voice.says("not this."))
        assert (await client.next("user-input-transcription"))["text"] == "but not this."


async def test_another_conversation_takes_nothing_of_what_was_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[Client] = []
    monkeypatch.setattr(Clients, "add", lambda self, client: there.append(client))
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=300)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(voice.says("for the old one."))
        await client.send("mic-audio-data", audio=numbers(voice.says("half")))
        await client.settle()
        await there[0].begin()
        await client.says(voice.says("for the new one."))
        assert (await client.next("user-input-transcription"))["text"] == "for the new one."
        assert asr.running == 0


async def test_who_goes_while_it_is_understood_leaves_nothing_behind() -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=5000)
    async with hearing(lambda: asr) as (url, _):
        async with nothing_leaks():
            async with speaking(url) as client:
                await client.says(voice.says("hello there."))
                await busy(asr)
        assert asr.running == 0


async def test_a_recogniser_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterances, "UNDERSTAND_S", 0.2)
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=4000)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(voice.says("hello there."))
        assert "not understood within 0.2 s" in (await client.next("error"))["message"]
        await client.next("conversation-chain-end")
        asr.takes_ms = 5
        await client.says(voice.says("and again."))
        assert (await client.next("user-input-transcription"))["text"] == "and again."


async def test_recognisers_that_load_for_long_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_hearing, "READY_S", 0.2)
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=5, opening_ms=700)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(voice.says("too early."))
        assert "loaded" in (await client.next("error"))["message"]
        await asyncio.sleep(0.7)
        await client.says(voice.says("in time."))
        assert (await client.next("user-input-transcription"))["text"] == "in time."


async def test_a_recogniser_that_fails_is_told_of_and_the_client_does_not_wait() -> None:
    voice = Voice()
    async with hearing(fails(Category.UNAVAILABLE, "the model broke")) as (url, _), speaking(url) as client:
        await client.says(voice.says("hello there."))
        assert "the model broke" in (await client.next("error"))["message"]
        await client.next("conversation-chain-end")


async def test_without_ears_the_client_is_told_what_to_put_into_the_settings() -> None:
    async with hearing(None) as (url, _), speaking(url) as client:
        await client.says(silence(500))
        assert "asr: {faster_whisper: {model: base}}" in (await client.next("error"))["message"]
        await client.next("conversation-chain-end")


async def test_a_character_that_only_reads_says_so() -> None:
    ears = EarsSettings(vad="energy", mode=Mode.TYPED_ONLY)
    async with hearing(understanding(Voice()), ears) as (url, _), speaking(url) as client:
        await client.says(silence(500))
        assert "ears.mode: typed_only" in (await client.next("error"))["message"]
        await client.next("conversation-chain-end")


async def test_an_utterance_has_a_longest_length_which_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterances, "MOST_BYTES", 32_000)
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=5)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        await client.says(voice.says("one two", 3000))
        errors = [await client.next("error")]
        assert "longer than" in errors[0]["message"]
        assert (await client.next("user-input-transcription"))["text"] == "one two"
        assert client.kinds().count("error") == 1
        assert asr.clips[0][0].duration_ms == 1000
        await client.says(voice.says("next one."))
        assert (await client.next("user-input-transcription"))["text"] == "next one."


async def test_a_flood_of_utterances_is_held_off(monkeypatch: pytest.MonkeyPatch) -> None:
    voice = Voice()
    asr = ScriptedASR(voice.understands, takes_ms=500)
    async with hearing(lambda: asr) as (url, _), speaking(url) as client:
        for _ in range(8):
            await client.says(voice.says("word."))
        errors = [await client.next("error") for _ in range(3)]
        assert all("wait to be understood" in error["message"] for error in errors)
        said = (await client.next("user-input-transcription"))["text"].split()
        assert len(said) == 5
        assert asr.most_running == 1


async def test_more_sound_than_time_passes_is_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "LONGEST_S", 1)
    async with hearing(understanding(Voice())) as (url, _), speaking(url) as client:
        for _ in range(20):
            await client.send("mic-audio-data", audio=[0.0] * 4096)
        await client.settle()
        assert [kind for kind in client.kinds() if kind == "error"] == ["error"]


async def test_what_is_heard_is_put_down_to_the_caller(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server:
        key = server.key(Scope.SPEAK, audio_seconds_per_day=2)
        async with speaking(server.ws, additional_headers=bearing(key)) as client:
            for _ in range(20):
                await client.send("mic-audio-data", audio=[0.0] * 4096)
            await client.settle()
            assert [
                "2 seconds of sound a day" in told["message"] for told in client.told if told["type"] == "error"
            ] == [True]


GARBAGE = [
    {"type": "mic-audio-data"},
    {"type": "mic-audio-data", "audio": None},
    {"type": "mic-audio-data", "audio": "AAAA"},
    {"type": "mic-audio-data", "audio": [None]},
    {"type": "mic-audio-data", "audio": ["0.5"]},
    {"type": "mic-audio-data", "audio": [[0.5]]},
    {"type": "mic-audio-data", "audio": [True]},
    {"type": "mic-audio-data", "audio": {"0": 0.5}},
    {"type": "mic-audio-end", "images": "x"},
    {"type": "mic-audio-end", "images": [{}]},
    {"type": "raw-audio-data", "audio": [{}]},
]


async def test_garbage_is_answered_and_the_utterance_goes_on() -> None:
    voice = Voice()
    async with hearing(understanding(voice)) as (url, _), speaking(url) as client:
        await client.send("mic-audio-data", audio=numbers(voice.says("before")))
        for message in GARBAGE:
            await client.send(**{"kind": message["type"], **{k: v for k, v in message.items() if k != "type"}})
            assert (await client.next("error"))["message"]
        await client.says(voice.says("and after."))
        assert (await client.next("user-input-transcription"))["text"] == "before and after."
