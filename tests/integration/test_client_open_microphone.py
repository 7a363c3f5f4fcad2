"""A microphone that a frontend of Open-LLM-VTuber leaves open, as its Unity frontend does: the server finds the utterances."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from leaks import nothing_leaks
from listening import EARS
from microphone import LoudIsSpeech, Voice, noise, silence
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import serving, settings_for
from speaking_client import SpeakingClient, speaking

from hayakuchi.asr.base import Download, Progress
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.gateway.open_llm_vtuber import open_mic
from hayakuchi.orchestrator.engine import Engine

REPLY = ["Once", " there", " was", " a", " cat", " who", " lived", " in", " an", " old", " house", "."]


@asynccontextmanager
async def house(asr: Any, ears: EarsSettings = EARS, **gateway: Any) -> AsyncIterator[tuple[str, Engine]]:
    """A server that has something to tell. What is loud is speech."""
    llm = ScriptedLLM(REPLY, first_ms=5, token_ms=1)
    settings = settings_for(lambda: llm, lambda: ScriptedTTS(first_ms=5, rtf=0.01), asr=asr, ears=ears, **gateway)
    async with serving(settings) as (url, engine):

        async def loud() -> type[LoudIsSpeech]:
            return LoudIsSpeech

        engine.hearing.detectors.activity = loud
        yield url.replace("http", "ws", 1), engine


def understanding(voice: Voice) -> Any:
    return lambda: ScriptedASR(voice.understands, takes_ms=5)


async def begins_to_play(client: SpeakingClient) -> None:
    item = await client.next("audio")
    await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)


async def test_an_utterance_is_found_told_and_answered() -> None:
    voice = Voice()
    async with nothing_leaks(), house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(voice.says("hello there friend.", 600))
        assert (await client.next("user-input-transcription"))["text"] == "hello there friend."
        assert client.kinds() == ["mic-audio-end", "conversation-chain-start", "full-text", "user-input-transcription"]
        await client.next("audio")


async def test_the_client_that_says_the_end_once_more_gets_one_answer() -> None:
    """Their Unity frontend answers ``mic-audio-end`` with ``mic-audio-end``, which begins the turn on their server."""
    voice = Voice()
    async with house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(voice.says("hello there friend.", 600))
        await client.next("mic-audio-end")
        await client.send("mic-audio-end")
        await begins_to_play(client)
        await client.send("frontend-playback-complete")
        await client.next("conversation-chain-end")
        assert client.kinds().count("conversation-chain-start") == 1
        await client.nothing_but(for_s=0.3)


async def test_pictures_with_the_echo_are_not_dropped_in_silence() -> None:
    voice = Voice()
    async with house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(voice.says("hello there friend.", 600))
        await client.next("mic-audio-end")
        await client.send("mic-audio-end", images=[{"data": "data:image/png;base64,iVBORw0KGgo="}])
        assert "images" in (await client.next("error"))["message"]


async def test_a_voice_while_she_speaks_interrupts_her_and_her_client() -> None:
    voice = Voice()
    async with house(understanding(voice)) as (url, engine), speaking(url) as client:
        await client.send("text-input", text="tell me a story")
        await begins_to_play(client)
        await asyncio.sleep(0.5)
        await client.streams(voice.says("wait a moment please.", 600), pause_s=0.03)
        await client.next("user-input-transcription")
        kinds = client.kinds()
        assert kinds.count("interrupt") == 1
        assert kinds.index("interrupt") < kinds.index("conversation-chain-end") < kinds.index("mic-audio-end")
        assert engine.conversations is not None


async def test_with_half_duplex_she_is_not_interrupted_by_what_may_be_her_echo() -> None:
    voice = Voice()
    ears = EARS.model_copy(update={"half_duplex": True})
    async with house(understanding(voice), ears) as (url, _), speaking(url) as client:
        await client.send("text-input", text="tell me a story")
        await begins_to_play(client)
        await asyncio.sleep(0.2)
        await client.streams(noise(600), pause_s=0.02)
        await client.settle()
        assert "interrupt" not in client.kinds()


async def test_a_microphone_that_falls_silent_in_the_middle_is_off_and_what_was_said_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_mic, "IDLE_S", 0.3)
    voice = Voice()
    async with nothing_leaks(), house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(voice.says("the line was cut"))
        assert (await client.next("user-input-transcription"))["text"] == "the line was cut"
        await client.next("audio")
        await client.streams(voice.says("and is back.", 600))
        assert (await client.next("user-input-transcription"))["text"] == "and is back."


async def test_nothing_is_said_for_a_noise() -> None:
    voice = Voice()
    async with house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(noise(300) + silence(800))
        await client.nothing_but(for_s=0.5)


async def test_who_goes_while_speaking_leaves_nothing_behind() -> None:
    voice = Voice()
    async with house(understanding(voice)) as (url, _):
        for _ in range(3):
            async with nothing_leaks(), speaking(url) as client:
                await client.streams(voice.says("I am about to"))


@pytest.mark.parametrize("mode", [Mode.PUSH_TO_TALK, Mode.OPEN_MIC])
async def test_there_is_no_button_in_their_protocol(mode: Mode) -> None:
    voice = Voice()
    async with house(understanding(voice), EARS.model_copy(update={"mode": mode})) as (url, _):
        async with speaking(url) as client:
            await client.streams(voice.says("hello there friend.", 600))
            assert (await client.next("user-input-transcription"))["text"] == "hello there friend."


async def test_without_ears_the_client_is_told_once() -> None:
    async with house(None) as (url, _), speaking(url) as client:
        await client.streams(silence(1000))
        await client.settle()
        errors = [told["message"] for told in client.told if told["type"] == "error"]
        assert len(errors) == 1
        assert "asr: {faster_whisper: {model: base}}" in errors[0]


class Missing(ScriptedASR):
    """Wants a model that cannot be fetched."""

    def __init__(self) -> None:
        super().__init__(lambda clip: "")

    def wanted(self) -> Download | None:
        return Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        raise ProviderError("asr", self.name, Category.CONNECTIVITY, "nobody answers at huggingface.co")


async def test_a_model_that_is_missing_is_told_with_the_command_that_mends_it() -> None:
    async with house(Missing) as (url, _), speaking(url) as client:
        await client.streams(silence(1000), pause_s=0.01)
        message = (await client.next("error"))["message"]
        assert "nobody answers" in message
        assert "hayakuchi model pull tiny" in message
        await client.send("mic-audio-data", audio=[0.0] * 8000)
        await client.send("mic-audio-end")
        assert "hayakuchi model pull tiny" in (await client.next("error"))["message"]
        await client.next("conversation-chain-end")


async def test_a_recogniser_that_fails_is_told_of_once() -> None:
    def script(clip: Any) -> ProviderError:
        return ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "the model broke")

    voice = Voice()
    async with house(lambda: ScriptedASR(script, takes_ms=1)) as (url, _), speaking(url) as client:
        for _ in range(3):
            await client.streams(voice.says("hello there.", 600), pause_s=0.005)
        await client.next("error")
        await client.nothing_but(for_s=0.5)
        assert client.kinds() == ["error"]


async def test_more_sound_than_time_passes_is_told_once_and_the_rest_is_heard() -> None:
    voice = Voice()
    async with house(understanding(voice)) as (url, _), speaking(url) as client:
        await client.streams(silence(24_000), samples=4096)
        await client.settle()
        assert [kind for kind in client.kinds() if kind == "error"] == ["error"]
        await asyncio.sleep(1.0)
        await client.streams(voice.says("still here.", 600))
        assert (await client.next("user-input-transcription"))["text"] == "still here."
