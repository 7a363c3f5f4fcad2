"""Spoken English through the whole server, as a program and as a page send it: the real detector, recognisers and decoders."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from asr_subjects import pocketsphinx_asr
from canned_whisper import write_canned_whisper
from clip_files import encoded
from flite import RATE, silence, speech, word_error_rate
from listening import listening
from scripted import ScriptedLLM, ScriptedTTS
from serving import Viewer, serving, settings_for, viewing
from websockets.asyncio.client import ClientConnection

from hayakuchi.asr.faster_whisper import FasterWhisperASR
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.asr.whisper_settings import FasterWhisperConfig
from hayakuchi.core.types import Audio
from hayakuchi.live2d_bridge.wire import MicFrame
from hayakuchi.orchestrator.settings import Settings

SENTENCES = (
    "the weather is nice today",
    "what time is it now",
    "please tell me a story about a fox",
    "i would like a cup of coffee",
    "she went to the market to buy some bread",
    "the train leaves at seven in the morning",
    "can you sing a song for us",
    "my favorite color is blue",
    "we are going to play a game tonight",
    "open the window and turn on the light",
    "do you want to watch a movie with me",
    "good night and see you tomorrow",
)
CLIENTS = 4
FRAME = 640
FRAME_S = 0.02
WORST = 0.2
CANNED = "Hello from the fake microphone."


def settings(asr: Any, **ears: Any) -> Settings:
    reply = ["Well", ", I", " see", "."]
    return settings_for(
        lambda: ScriptedLLM(reply, first_ms=5, token_ms=1), ScriptedTTS, asr=asr, ears=EarsSettings(**ears)
    )


async def until_final(socket: ClientConnection) -> str:
    while True:
        message = json.loads(await socket.recv())
        assert message["type"] in ("partial", "final"), message
        if message["type"] == "final":
            assert message["segments"][0]["start"] >= 0
            return message["text"]


async def dictated(url: str, path: str, sentences: tuple[str, ...]) -> list[str]:
    """The final texts of sentences that are spoken in frames, each followed by silence until it is understood."""
    finals: list[str] = []
    async with listening(url.replace("http", "ws", 1), path) as socket:
        for sentence in sentences:
            pcm = speech(sentence) + silence(10_000)
            async with asyncio.TaskGroup() as group:
                speaking = group.create_task(spoken(socket, pcm))
                finals.append(await until_final(socket))
                speaking.cancel()
    return finals


async def spoken(socket: ClientConnection, pcm: bytes) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, start in enumerate(range(0, len(pcm), FRAME)):
        await socket.send(pcm[start : start + FRAME])
        await asyncio.sleep(began + (number + 1) * FRAME_S - loop.time())


async def test_a_program_that_dictates_has_at_most_one_word_in_five_wrong() -> None:
    async with serving(settings(pocketsphinx_asr)) as (url, _):
        await asyncio.gather(*(asyncio.to_thread(speech, sentence) for sentence in SENTENCES))
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            shares = [SENTENCES[client::CLIENTS] for client in range(CLIENTS)]
            paths = ["/ws", "/ws_asr"] * (CLIENTS // 2)
            tasks = [group.create_task(dictated(url, path, share)) for path, share in zip(paths, shares, strict=True)]
    said = " ".join(sentence for share in shares for sentence in share)
    heard = " ".join(text for task in tasks for text in task.result())
    assert word_error_rate(said, heard) <= WORST, heard


async def speak(viewer: Viewer, pcm: bytes) -> None:
    for start in range(0, len(pcm), FRAME):
        await viewer.socket.send(MicFrame(start // 2, pcm[start : start + FRAME]).encode())
        await asyncio.sleep(FRAME_S)


async def test_whisper_hears_a_page_and_she_answers(tmp_path: Path) -> None:
    model = await asyncio.to_thread(write_canned_whisper, tmp_path / "model", CANNED)

    def whisper() -> FasterWhisperASR:
        return FasterWhisperASR(FasterWhisperConfig(model=str(model)))

    async with serving(settings(whisper)) as (url, engine), viewing(url, "sound=1") as viewer:
        assert viewer.snapshot["ears"]["state"] == "idle"
        await viewer.send(type="mic.start")
        while (await viewer.next("ears"))["state"] != "ready":
            pass
        assert engine.hearing.asr is not None
        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(speak(viewer, silence(300) + speech("hello there my friend") + silence(3000)))
            words = await viewer.next("words")
            assert (words["text"], words["final"]) == (CANNED, False), "while it is still being said"
            while not words["final"]:
                words = await viewer.next("words")
            assert words == {"type": "words", "text": CANNED, "final": True, "ignored": None}
            assert (await viewer.next("turn.started"))["heard"] == CANNED
            assert (await viewer.next("latency"))["figures"]["voice_to_voice"] > 0
            await viewer.next("audio")
            await viewer.played(60_000, 1)
            ended = await viewer.next("turn.ended")
            speaking.cancel()
        assert ended["status"] == "completed"
        assert ended["heard_reply"] == "Well, I see."


async def test_files_as_people_have_them_are_understood() -> None:
    said = SENTENCES[1]
    clip = Audio(silence(300) + speech(said) + silence(300), RATE)
    async with serving(settings(pocketsphinx_asr)) as (url, _), aiohttp.ClientSession() as http:
        for kind in ("wav", "mp3", "ogg", "webm", "m4a", "flac"):
            form = aiohttp.FormData({"model": "whisper-1"}, default_to_multipart=True)
            form.add_field("file", io.BytesIO(encoded(kind, clip)), filename=f"speech.{kind}")
            async with http.post(f"{url}/v1/audio/transcriptions", data=form) as answer:
                assert answer.status == 200, await answer.text()
                assert (await answer.json())["text"] == said, kind


@pytest.mark.parametrize("path", ["/ws", "/ws_asr"])
async def test_whisper_hears_a_program_at_another_rate(path: str, tmp_path: Path) -> None:
    model = await asyncio.to_thread(write_canned_whisper, tmp_path / "model", CANNED)
    config = FasterWhisperConfig(model=str(model))
    async with serving(settings(lambda: FasterWhisperASR(config))) as (url, _):
        async with listening(url.replace("http", "ws", 1), path) as socket, asyncio.timeout(30):
            await socket.send('{"op": "config", "sampleRate": 8000, "language": "en"}')
            samples = memoryview(speech("hello there my friend") + silence(2000)).cast("h")[::2].tobytes()
            for start in range(0, len(samples), 320):
                await socket.send(samples[start : start + 320])
            told = [json.loads(await socket.recv())]
            while told[-1]["type"] != "final":
                told.append(json.loads(await socket.recv()))
    assert told[-1]["text"] == CANNED
    assert {message["type"] for message in told} <= {"partial", "final"}
