"""``POST /asr`` as Open-LLM-VTuber's clients use it, and as nobody should."""

from __future__ import annotations

import asyncio
import io
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from clip_files import sound_file, tone, wav_file
from leaks import nothing_leaks
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import serving, settings_for

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.gateway.audio import uploads
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings


class Door:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def post(self, sound: bytes | None, **fields: str) -> tuple[int, Any]:
        form = aiohttp.FormData(fields, default_to_multipart=True)
        if sound is not None:
            form.add_field("file", io.BytesIO(sound), filename="audio.wav", content_type="audio/wav")
        async with self.http.post(f"{self.url}/asr", data=form) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def door(asr: Callable[[], Any] | None, *, enabled: bool = True, **gateway: Any) -> AsyncIterator[Door]:
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS, asr=asr, **gateway)
    settings = replace(settings, open_llm_vtuber=OpenLlmVtuberSettings(enabled=enabled))
    async with serving(settings) as (url, _), aiohttp.ClientSession() as http:
        yield Door(url, http)


def stereo(rate: int) -> bytes:
    """A WAV of two channels."""
    sound = tone(0.5, rate).pcm
    both = b"".join(sound[place : place + 2] * 2 for place in range(0, len(sound), 2))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16)
    size = struct.pack("<4sI", b"data", len(both))
    return struct.pack("<4sI4s", b"RIFF", 36 + len(both), b"WAVE") + form + size + both


@pytest.mark.parametrize(
    "file",
    [wav_file(0.5), wav_file(0.5, 48_000), wav_file(0.5, 8000), stereo(44_100), sound_file("mp3", 0.5)],
    ids=["16 kHz", "48 kHz", "8 kHz", "two channels", "mp3"],
)
async def test_what_is_said_in_a_file(file: bytes) -> None:
    asr = ScriptedASR(lambda clip: " Hello there. ", takes_ms=1)
    async with door(lambda: asr) as opened:
        assert await opened.post(file, further="let be") == (200, {"text": "Hello there."})
        [(clip, language, partial)] = asr.clips
        assert (clip.sample_rate, language, partial) == (16_000, "en", False)
        assert clip.duration_ms == pytest.approx(500, abs=100)


async def test_nothing_understood_is_no_error() -> None:
    async with door(lambda: ScriptedASR(lambda clip: "", takes_ms=1)) as opened:
        assert await opened.post(wav_file(0.2)) == (200, {"text": ""})


async def test_what_is_no_sound() -> None:
    async with door(lambda: ScriptedASR(lambda clip: "never", takes_ms=1)) as opened:
        for sound, status, code in (
            (None, 422, "missing_file"),
            (b"", 415, "unknown_format"),
            (b"this is no sound", 415, "unknown_format"),
            (b"RIFF\xff\xff\xff\xffWAVE", 415, "unknown_format"),
        ):
            answered, body = await opened.post(sound)
            assert answered == status, body
            assert body["error"]["code"] == code
        async with opened.http.post(f"{opened.url}/asr", json={"file": "x"}) as answer:
            assert answer.status == 415


async def test_a_file_that_is_too_large_or_too_long() -> None:
    asr = ScriptedASR(lambda clip: "never", takes_ms=1)
    async with door(lambda: asr, max_upload_mb=1, max_clip_minutes=0.1) as opened:
        status, body = await opened.post(bytes(1_500_000))
        assert (status, body["error"]["code"]) == (413, "file_too_large")
        status, body = await opened.post(wav_file(8.0))
        assert (status, body["error"]["code"]) == (413, "too_long")
    assert asr.clips == []


async def test_only_so_many_files_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "AT_A_TIME", 1)
    asr = ScriptedASR(lambda clip: "Hello.", takes_ms=300)
    async with door(lambda: asr) as opened, asyncio.TaskGroup() as group:
        first = group.create_task(opened.post(wav_file(0.2)))
        await asyncio.sleep(0.15)
        status, body = await opened.post(wav_file(0.2))
        assert (status, body["error"]["code"]) == (503, "overloaded")
        assert (await first)[0] == 200


async def test_without_ears_the_remedy_is_told() -> None:
    async with door(None) as opened:
        status, body = await opened.post(wav_file(0.2))
        assert (status, body["error"]["code"]) == (503, "asr_unavailable")
        assert "asr: {faster_whisper" in body["error"]["message"]


async def test_a_recogniser_that_fails() -> None:
    failure = ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "the model broke")
    async with door(lambda: ScriptedASR(lambda clip: failure, takes_ms=1)) as opened:
        status, body = await opened.post(wav_file(0.2))
        assert status == 503
        assert "the model broke" in body["error"]["message"]


async def test_who_hangs_up_is_not_worked_for() -> None:
    asr = ScriptedASR(lambda clip: "never", takes_ms=5000)
    async with door(lambda: asr) as opened, nothing_leaks():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await opened.post(wav_file(0.2))
        for _ in range(100):
            if not asr.running:
                break
            await asyncio.sleep(0.02)
        assert asr.running == 0


async def test_where_their_frontends_are_not_served() -> None:
    async with door(lambda: ScriptedASR(lambda clip: "never", takes_ms=1), enabled=False) as opened:
        status, body = await opened.post(wav_file(0.2))
        assert (status, body["error"]["code"]) == (404, "not_served")
