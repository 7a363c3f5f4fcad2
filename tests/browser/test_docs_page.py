"""The page ``/docs`` in Chromium: it asks for a key, shows what there is, and sends requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from clip_files import wav_file
from page_desk import browser
from playwright.async_api import Locator, Page
from whole_api import WholeApi, whole_api

from hayakuchi.gateway.api.table import ALL

pytestmark = pytest.mark.browser


@asynccontextmanager
async def reading(server: WholeApi, complaints: list[str]) -> AsyncIterator[Page]:
    async with browser() as opened:
        page = await (await opened.new_context(viewport={"width": 1440, "height": 900})).new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(f"{server.url}/docs")
        yield page


async def sent(page: Page, operation: str) -> Locator:
    """Send what stands in the form of one endpoint; its section, once the answer is complete."""
    section = page.locator(f"#{operation}")
    await section.get_by_role("button", name="Send").click()
    await section.get_by_role("status").filter(has_text="complete").wait_for()
    return section


async def test_it_asks_for_a_key_and_sends_with_it(tmp_path: Path) -> None:
    complaints: list[str] = []
    async with whole_api(tmp_path) as server, reading(server, complaints) as page:
        await page.get_by_text("asks for a key").wait_for()
        complaints.clear()  # the browser tells of the 401 by itself
        await page.get_by_label("API key").fill(server.key)
        await page.get_by_role("button", name="Use").click()
        await page.locator(".endpoint").first.wait_for()
        assert await page.locator(".endpoint").count() == len(ALL)
        assert await page.locator("nav a").count() == len(ALL)

        chat = await sent(page, "post_v1_chat_completions")
        assert '"content": "Oh, hello you! It is a fine day."' in await chat.locator(".answer").inner_text()
        assert server.key not in await chat.inner_text()
        await chat.get_by_label("Example").select_option("streamed")
        chat = await sent(page, "post_v1_chat_completions")
        assert "data: [DONE]" in await chat.locator(".answer").inner_text()

        speech = await sent(page, "post_v1_audio_speech")
        await page.wait_for_function("document.querySelector('.answer audio').duration > 1")
        assert "audio/mpeg" in await speech.locator(".answer").inner_text()

        form = page.locator("#post_v1_audio_transcriptions")
        await form.locator("input[type=file]").set_input_files(
            {"name": "hello.wav", "mimeType": "audio/wav", "buffer": wav_file()}
        )
        await sent(page, "post_v1_audio_transcriptions")
        assert '"text": "Hello there!"' in await form.locator(".answer").inner_text()
        assert complaints == []

        missing = await sent(page, "get_chat_history_session")
        assert await missing.get_by_role("status").get_attribute("data-good") == "false"
        assert "session_not_found" in await missing.locator(".answer").inner_text()


async def test_where_no_keys_are_asked_for_it_is_there_at_once(tmp_path: Path) -> None:
    complaints: list[str] = []
    async with (
        whole_api(tmp_path, auth={"enabled": False}) as server,
        reading(server, complaints) as page,
    ):
        await page.locator(".endpoint").first.wait_for()
        health = await sent(page, "get_health")
        assert '"status": "ok"' in await health.locator(".answer").inner_text()
        await page.goto(f"{server.url}/docs#post_v1_embeddings")
        assert await page.locator(".endpoint:target h3").inner_text()
        assert complaints == []
