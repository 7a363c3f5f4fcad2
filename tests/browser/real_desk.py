"""Pages in a real Chromium that talk to the real server, around scripted providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from keyed import key_file
from page_desk import CALM, browser
from playwright.async_api import Browser, Page, ViewportSize
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.core.types import Generation, LLMDelta, Message
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import SessionsSettings

EVAL = "() => { const s = hayakuchi.state(); return %s; }"


async def until(page: Page, condition: str, seconds: float = 30) -> None:
    """Until a condition on ``s``, the page's state, holds."""
    await page.wait_for_function(EVAL % condition, timeout=seconds * 1000, polling=20)


async def opened(
    browser: Browser, address: str, *, phone: bool = False, broken: list[str] | None = None, **options: Any
) -> Page:
    """A page of a person of its own; ``broken`` is what its scripts complained of."""
    size: ViewportSize = {"width": 420, "height": 900} if phone else {"width": 1440, "height": 900}
    context = await browser.new_context(viewport=size, has_touch=phone, locale="en-US", **options)
    page = await context.new_page()
    await page.add_init_script(CALM)
    if broken is not None:
        page.on("pageerror", lambda error: broken.append(str(error)))
    await page.goto(address)
    return page


async def greeted(page: Page) -> None:
    """Until the opening line of a new conversation was heard to its end, and is kept."""
    await page.locator(".entry.avatar .act-back:not([hidden])").wait_for(state="attached", timeout=30_000)
    await until(page, "s.link === 'open' && s.phase === 'idle'")


async def talked(page: Page, text: str) -> None:
    """Say something, and wait until the reply is kept."""
    before = await page.locator(".entry.user").count()
    await page.locator("#box").fill(text)
    await page.locator("#box").press("Enter")
    await page.wait_for_function(
        f"() => document.querySelectorAll('.entry.user').length === {before + 1}", timeout=30_000
    )
    await answered(page)


async def answered(page: Page) -> None:
    """Until what was said last has its reply, and the server has kept it."""
    last = page.locator(".entry").last
    await page.wait_for_function(
        "() => { const last = [...document.querySelectorAll('.entry')].at(-1);"
        " return last?.matches('.avatar') && !last.querySelector('.act-again').hidden; }",
        timeout=30_000,
    )
    assert await last.is_visible()


async def said(page: Page) -> list[str]:
    return await page.locator(".entry .entry-text").all_inner_texts()


class Counting(ScriptedLLM):
    """Answers with how often it was asked."""

    async def stream(self, messages: Sequence[Message], options: Generation | None = None) -> AsyncIterator[LLMDelta]:
        self.tokens = ["Answer ", f"{len(self.asked) + 1}."]
        async for delta in super().stream(messages, options):
            yield delta


@asynccontextmanager
async def studio(folder: Path, **gateway: Any) -> AsyncIterator[tuple[str, Engine, Browser]]:
    """The server and a browser."""
    file = await key_file(folder / "sessions.sqlite3")
    settings = settings_for(
        lambda: Counting([], first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        shed_lag_ms=60_000,
        **gateway,
    )
    kept = replace(settings, sessions=SessionsSettings(file=file))
    async with serving(kept) as (url, engine), browser() as chromium:
        yield url, engine, chromium
