"""A page that is spoken to, over a real socket: microphone frames up, what was understood and the answer down."""

from __future__ import annotations

import asyncio
from typing import Any

from microphone import Voice
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import Viewer, serving, settings_for, viewing

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.live2d_bridge.wire import MicFrame
from hayakuchi.orchestrator.settings import Settings

FRAME = 640


class Mouth:
    """Speaks into a viewer's microphone."""

    def __init__(self, viewer: Viewer, voice: Voice) -> None:
        self._viewer, self._voice = viewer, voice
        self._position = 0

    async def says(self, *parts: str | float) -> None:
        sound = self._voice.says(*parts)
        for start in range(0, len(sound), FRAME):
            await self._viewer.socket.send(MicFrame(self._position, sound[start : start + FRAME]).encode())
            self._position += FRAME // 2
            await asyncio.sleep(0.02)


def talking(voice: Voice, asr: Any = None) -> Settings:
    return settings_for(
        lambda: ScriptedLLM(["Hello", " there", ",", " how", " are", " you", " today", "?"], first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        asr=asr or (lambda: ScriptedASR(voice.understands, takes_ms=10)),
        ears=EarsSettings(vad="energy", end_silence_ms=400),
    )


async def test_what_is_said_is_shown_answered_and_measured() -> None:
    voice = Voice()
    async with serving(talking(voice)) as (url, _), viewing(url) as viewer:
        mouth = Mouth(viewer, voice)
        await viewer.send(type="mic.start")
        assert (await viewer.next("mic"))["holder"] is True
        await mouth.says(300.0, "well hello", 700.0)
        assert await viewer.next("voice", "words") == {"type": "voice", "active": True}
        words = await viewer.next("words")
        while not words["final"]:
            words = await viewer.next("words")
        assert words == {"type": "words", "text": "well hello", "final": True, "ignored": None}
        assert (await viewer.next("turn.started"))["heard"] == "well hello"
        measured = await viewer.next("latency")
        assert list(measured["hearing"]) == ["end_of_turn", "asr"]
        assert measured["figures"]["voice_to_voice"] > measured["hearing"]["end_of_turn"] > 300
        assert (await viewer.next("turn.ended"))["status"] == "completed"


async def test_speech_pauses_the_voice_and_words_end_it() -> None:
    voice = Voice()
    async with serving(talking(voice)) as (url, _), viewing(url) as viewer, viewing(url) as other:
        mouth = Mouth(viewer, voice)
        await viewer.send(type="mic.start")
        await viewer.send(type="input.text", text="Hi")
        turn = (await viewer.next("turn.started"))["turn"]
        await viewer.next("audio")
        await mouth.says(300.0, "please")
        paused = await viewer.next("speech.paused")
        assert paused["turn"] == turn
        assert paused["at_ms"] > 0
        async with viewing(url) as late:
            assert late.snapshot["turn"]["paused"] is True
            assert late.snapshot["mic"]["viewer"] == viewer.snapshot["viewer"]
        await mouth.says("be quiet now", 700.0)
        assert (await other.next("speech.resumed", "turn.ended"))["status"] == "interrupted"
        assert (await other.next("turn.started"))["heard"] == "please be quiet now"
        for seen in (viewer, other):
            while (await seen.next("turn.ended"))["turn"] != turn + 1:
                pass


async def test_without_a_recogniser_the_page_can_be_written_to() -> None:
    class Missing(ScriptedASR):
        async def open(self) -> None:
            raise ProviderError("asr", self.name, Category.UNAVAILABLE, "its model is not there")

    voice = Voice()
    async with serving(talking(voice, lambda: Missing(voice.understands))) as (url, _), viewing(url) as viewer:
        mouth = Mouth(viewer, voice)
        await viewer.send(type="mic.start")
        told = await viewer.next("ears")
        while told["state"] != "failed":
            told = await viewer.next("ears")
        assert "its model is not there" in told["message"]
        await mouth.says(300.0, "hello", 200.0)
        await viewer.send(type="input.text", text="Hi")
        assert (await viewer.next("voice", "words", "turn.started"))["heard"] == "Hi"
        assert (await viewer.next("turn.ended"))["status"] == "completed"
