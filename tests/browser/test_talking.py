"""Somebody talks to her in Chromium: her microphone plays a file, the ears are real, PocketSphinx understands, she answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asr_subjects import pocketsphinx_asr
from flite import silence, speech, word_error_rate, write_microphone_wav
from page_desk import SAMPLER, browser
from playwright.async_api import Page
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.asr.settings import EarsSettings

pytestmark = pytest.mark.browser

SENTENCES = (
    "the weather is nice today",
    "what time is it now",
    "i would like a cup of coffee",
    "we are going to play a game tonight",
    "good night and see you tomorrow",
)
ANSWERED_MS = 3500
"""After each sentence: for the end of it to be found, and for the answer."""
WORST = 0.2
REPLY = ["Very", " well", ", I", " see", "."]


def microphone(folder: Path, pcm: bytes) -> tuple[str, ...]:
    """Flags of a browser whose microphone plays this once."""
    file = write_microphone_wav(folder / "microphone.wav", pcm)
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}%noloop",
    )


@asynccontextmanager
async def studio(flags: tuple[str, ...], **ears: Any) -> AsyncIterator[Page]:
    """The studio before a real server; nothing may be complained about."""
    settings = settings_for(
        lambda: ScriptedLLM(REPLY, first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.01),
        asr=pocketsphinx_asr,
        ears=EarsSettings(**ears),
    )
    complaints: list[str] = []
    async with serving(settings) as (url, engine), browser(flags=flags) as opened:
        await engine.hearing.ready()
        page = await (await opened.new_context(locale="en-US")).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        await page.add_init_script(SAMPLER)
        await page.goto(url)
        await until(page, "s.link === 'open' && s.phase === 'idle' && s.player?.played_ms > 0 && !s.player.playing")
        yield page
    assert complaints == []


async def until(page: Page, condition: str, seconds: float = 20) -> None:
    script = f"() => {{ const s = hayakuchi.state(), l = hayakuchi.levels() ?? {{}}; return {condition}; }}"
    await page.wait_for_function(script, timeout=seconds * 1000, polling=20)


async def said_by_user(page: Page) -> list[str]:
    return await page.locator("#chat-list .entry.user .entry-text").all_inner_texts()


async def test_what_is_said_is_understood_and_each_sentence_is_answered_aloud(tmp_path: Path) -> None:
    pauses = silence(ANSWERED_MS)
    clips = [await asyncio.to_thread(speech, sentence) for sentence in SENTENCES]
    flags = microphone(tmp_path, silence(1000) + b"".join(clip + pauses for clip in clips))
    async with studio(flags) as page:
        first = (await page.evaluate("hayakuchi.state()"))["turn"]
        await page.click("#mic-button")
        await until(page, f"s.turn === {first + len(SENTENCES)}", 40)
        await until(page, "s.phase === 'idle' && !s.player.playing")
        heard = await said_by_user(page)
        assert len(heard) == len(SENTENCES), heard
        assert word_error_rate(" ".join(SENTENCES), " ".join(heard)) <= WORST, heard
        samples = await page.evaluate("window.samples")
        for turn in range(first + 1, first + 1 + len(SENTENCES)):
            assert max(one["recent"] for one in samples if one["turn"] == turn) > 0.02, turn
        figures = await page.locator("#chat-list .entry").last.inner_text()
        assert "voice to voice" in figures
