"""Somebody talks to her in Chromium: her microphone plays a file, the ears are real, PocketSphinx understands, she answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asr_subjects import pocketsphinx_asr
from flite import duration_ms, silence, speech, word_error_rate, write_microphone_wav
from page_desk import CALM, SAMPLER, browser
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
REPLY = ("Very", " well", ", I", " see", ".")
TALE = tuple(
    f" {word}" for word in ("Once upon a time there was a fox who talked and talked and talked, and so on." * 3).split()
)


def microphone(folder: Path, pcm: bytes) -> tuple[str, ...]:
    """Flags of a browser whose microphone plays this once."""
    file = write_microphone_wav(folder / "microphone.wav", pcm)
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}%noloop",
    )


@asynccontextmanager
async def studio(flags: tuple[str, ...], reply: tuple[str, ...] = REPLY, **ears: Any) -> AsyncIterator[Page]:
    """The studio before a real server; nothing may be complained about."""
    settings = settings_for(
        lambda: ScriptedLLM(list(reply), first_ms=5, token_ms=1),
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
        await page.add_init_script(CALM)
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
        said = " ".join(SENTENCES)
        heard: list[str] = []
        # On a busy machine two sentences may become one message: the words count.
        async with asyncio.timeout(60):
            while not heard or word_error_rate(said, " ".join(heard)) > WORST:
                await asyncio.sleep(0.2)
                heard = await said_by_user(page)
        turn = first + len(heard)
        await until(page, f"s.turn === {turn} && s.phase === 'speaking'")
        await until(page, "s.phase === 'idle' && !s.player.playing")
        loud = {one["turn"] for one in await page.evaluate("window.samples") if one.get("recent", 0) > 0.02}
        assert turn in loud
        assert len(loud) > len(heard) / 2
        figures = await page.locator("#chat-list .entry").last.inner_text()
        assert "voice to voice" in figures


async def test_her_voice_is_held_at_once_and_ends_when_the_words_are_meant_for_her(tmp_path: Path) -> None:
    story, stop = [await asyncio.to_thread(speech, text) for text in ("please tell me a story", "stop talking")]
    flags = microphone(tmp_path, silence(1000) + story + silence(4500) + stop + silence(20_000))
    async with studio(flags, TALE) as page:
        first = (await page.evaluate("hayakuchi.state()"))["turn"]
        await page.click("#mic-button")
        await until(page, f"s.turn === {first + 1} && s.phase === 'speaking' && s.paused && l.recent < 0.001")
        await until(page, f"s.turn === {first + 2} && s.phase === 'speaking' && l.recent > 0.02")
        asked, stopped = await said_by_user(page)
        assert asked
        assert stopped == "stop talking"
        told, cut = await page.locator("#chat-list .entry.avatar").nth(-2).inner_text(), "so on.Once"
        assert "interrupted" in told
        assert told.count(cut) < 2, "she did not come to the end"


async def test_only_what_is_said_while_the_space_bar_is_held_is_meant_for_her(tmp_path: Path) -> None:
    """The microphone says the same again and again: what is heard depends on the key alone."""
    clip = await asyncio.to_thread(speech, SENTENCES[1])
    flags = tuple(flag.removesuffix("%noloop") for flag in microphone(tmp_path, clip + silence(600)))
    async with studio(flags, mode="push_to_talk") as page:
        await page.click("#mic-button")
        await until(page, "s.mic.state === 'hold'")
        await asyncio.sleep(2 * duration_ms(clip) / 1000)
        assert await said_by_user(page) == []
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.down("Space")
        await until(page, "s.mic.state === 'talking'")
        await asyncio.sleep(2 * duration_ms(clip) / 1000 + 0.6)
        await page.keyboard.up("Space")
        await until(page, "s.phase === 'speaking' && l.recent > 0.02")
        assert "time" in " ".join(await said_by_user(page))
        await until(page, "s.phase === 'idle' && !s.player.playing && s.mic.state === 'hold'")
        count = len(await said_by_user(page))
        assert count == 1
