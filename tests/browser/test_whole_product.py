"""The product as a person meets it: the real server with the default settings, the real voice, and the page in Chromium."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from page_desk import SAMPLER, browser
from playwright.async_api import Page

pytestmark = pytest.mark.browser


@asynccontextmanager
async def product(folder: Path) -> AsyncIterator[str]:
    """``hayakuchi run`` with what it comes with; its address."""
    command = (sys.executable, "-m", "hayakuchi", "run", "--no-browser", "--port", "0")
    environment = {**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    server = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    try:
        async with asyncio.timeout(30):
            word, url = (await server.stdout.readline()).decode().split()
        assert word == "ready"
        yield url
    finally:
        server.terminate()
        assert await server.wait() == 0


async def until(page: Page, condition: str, seconds: float = 20) -> None:
    script = f"() => {{ const s = hayakuchi.state(), l = hayakuchi.levels() ?? {{}}; return {condition}; }}"
    await page.wait_for_function(script, timeout=seconds * 1000, polling=20)


async def test_she_answers_aloud_with_moving_lips_and_is_silent_when_she_is_interrupted(tmp_path: Path) -> None:
    async with product(tmp_path) as url, browser() as opened:
        page = await (await opened.new_context(locale="en-US")).new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.add_init_script(SAMPLER)
        await page.goto(url)
        await until(page, "s.turn === 1 && s.phase === 'idle' && s.player?.played_ms > 1000")
        await page.keyboard.type("Tell me a story")
        await page.keyboard.press("Enter")
        await until(page, "s.turn === 2 && s.player.playing && s.player.played_ms > 1500")
        spoken = [
            one for one in await page.evaluate("window.samples") if one["turn"] == 2 and one["phase"] == "speaking"
        ]
        assert max(one["recent"] for one in spoken) > 0.02
        assert max(one["mouth"]["open"] for one in spoken) > 0.3
        assert min(one["mouth"]["open"] for one in spoken) < 0.15
        assert any(one["caption"] for one in spoken)
        figure = await page.locator("#chat-list").last.inner_text()
        assert "first audio" in figure
        before = await page.evaluate("performance.now()")
        await page.keyboard.type("What is your name?")
        sent = await page.evaluate("performance.now()")
        await page.keyboard.press("Enter")
        await until(page, "s.turn === 3 && s.phase === 'speaking'")
        turns = [one for one in await page.evaluate("window.samples") if one["at"] > before]
        changed = next(one["at"] for one in turns if one["turn"] == 3)
        quiet = next(one["at"] for one in turns if one["at"] >= sent and one["recent"] < 0.001)
        assert quiet - changed < 100
        await until(page, "s.turn === 3 && s.phase === 'idle'")
        await page.reload()
        await until(page, "s.link === 'open'")
        conversation = await page.locator("#chat-list").inner_text()
        assert "Tell me a story" in conversation
        assert "What is your name?" in conversation
        assert complaints == []
