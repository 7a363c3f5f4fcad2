"""Pages of a server that asks for keys, one that is full, and one that ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from keyed import keyed
from page_desk import browser, desk
from playwright.async_api import Page, WebSocket, expect
from real_desk import opened, until
from scripted import ScriptedLLM, ScriptedTTS
from serving import ending, settings_for

from hayakuchi.orchestrator.gateway_settings import Scope

pytestmark = pytest.mark.browser

BOTH = (Scope.CHAT, Scope.SPEAK)
UNKNOWN = "hk_abcd1234_" + "x" * 43


async def kept(page: Page) -> list[Any]:
    """The keys that the tab and the browser keep."""
    return await page.evaluate("[sessionStorage, localStorage].map(place => place.getItem('hayakuchi.key'))")


async def give(page: Page, key: str) -> None:
    await page.get_by_label("Your key", exact=True).fill(key)
    await page.get_by_role("button", name="Come in").click()


def sockets(page: Page) -> list[WebSocket]:
    """The WebSockets of the page from here on."""
    found: list[WebSocket] = []

    def opening(socket: WebSocket) -> None:
        found.append(socket)

    page.on("websocket", opening)
    return found


async def test_the_page_asks_for_a_key_once_and_says_what_is_wrong_with_one(tmp_path: Path) -> None:
    broken: list[str] = []
    async with keyed(tmp_path) as server, browser() as chromium:
        page = await opened(chromium, server.url, broken=broken)
        card = page.get_by_role("dialog", name="Who are you?")
        await card.get_by_text("This server asks for a key.").wait_for()
        await card.get_by_text("uv run hayakuchi key new me").wait_for()
        tried = sockets(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await card.wait_for()
        await give(page, "my password")
        await card.get_by_text("A key begins with hk_").wait_for()
        assert tried == [], "what cannot be a key was sent"
        await give(page, UNKNOWN)
        await card.get_by_text("That key is not good").wait_for()
        await give(page, server.key(Scope.CHAT))
        await card.get_by_text("it needs the scope “speak”").wait_for()
        assert len(tried) == 0, "a key that is not good was tried with a WebSocket, too"
        key = server.key(*BOTH)
        await give(page, key)
        await until(page, "s.link === 'open'")
        await card.wait_for(state="hidden")
        assert await kept(page) == [None, key]
        await page.keyboard.press("Control+k")
        await page.locator(".talk-title").get_by_text("Main conversation").wait_for()
        assert key[:11] in await page.locator("#key-button").inner_text()
        assert key not in await page.content()
        again = await page.context.new_page()
        await again.goto(server.url)
        await until(again, "s.link === 'open'")
        assert await again.locator("#key-card").count() == 0
    assert broken == []


async def test_a_key_that_is_not_to_be_remembered_goes_with_its_tab(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        page = await opened(chromium, server.url)
        await page.get_by_label("Remember it in this browser").uncheck()
        key = server.key(*BOTH)
        await give(page, key)
        await until(page, "s.link === 'open'")
        assert await kept(page) == [key, None]
        other = await page.context.new_page()
        await other.goto(server.url)
        await other.get_by_role("dialog", name="Who are you?").wait_for()


async def test_a_revoked_key_asks_again_and_is_not_tried_again(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        key = server.key(*BOTH)
        page = await opened(chromium, f"{server.url}#key={key}")
        await until(page, "s.link === 'open'")
        tried = sockets(page)
        server.revoke(key)
        card = page.get_by_role("dialog", name="Who are you?")
        await card.get_by_text("That key is not good, or not any longer.").wait_for(timeout=30_000)
        await asyncio.sleep(2)
        assert tried == []
        assert await kept(page) == [None, None]
        await page.reload()
        await card.get_by_text("This server asks for a key.").wait_for()
        await give(page, server.key(*BOTH))
        await until(page, "s.link === 'open'")


async def test_the_link_for_obs_bears_the_key_and_the_stage_takes_it_out_of_its_address(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        key = server.key(*BOTH)
        page = await opened(chromium, f"{server.url}#key={key}", permissions=["clipboard-read", "clipboard-write"])
        await until(page, "s.link === 'open'")
        assert "key" not in page.url
        await page.get_by_role("button", name="Copy the link for OBS").click()
        await page.get_by_text("It holds your key").wait_for()
        link = await page.evaluate("navigator.clipboard.readText()")
        assert link.endswith(f"#key={key}")
        stage = await opened(chromium, link)
        await until(stage, "s.link === 'open' && s.session === 'main'")
        assert stage.url == f"{server.url.rstrip('/')}/stage?session=main&audio=1"
        assert await stage.locator("#key-card").count() == 0
        bare = await opened(chromium, f"{server.url}/stage")
        await bare.get_by_role("dialog", name="Who are you?").wait_for()
        await give(bare, key)
        await until(bare, "s.link === 'open'")


async def test_on_the_air_a_revoked_key_puts_no_card_over_her(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        key = server.key(*BOTH)
        context = await chromium.new_context(locale="en-US")
        await context.add_init_script("window.obsstudio = {}")
        page = await context.new_page()
        await page.goto(f"{server.url}/stage#key={key}")
        await until(page, "s.link === 'open'")
        server.revoke(key)
        await until(page, "s.link === 'refused'")
        assert await page.locator("#key-card").count() == 0
        await page.reload()
        await page.get_by_role("dialog", name="Who are you?").wait_for()


async def test_a_key_in_a_link_does_not_take_the_place_of_the_one_that_is_kept(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        mine, other = server.key(*BOTH), server.key(*BOTH)
        page = await opened(chromium, f"{server.url}#key={mine}")
        await until(page, "s.link === 'open'")
        tab = await page.context.new_page()
        await tab.goto(f"{server.url}?session=theirs#key={other}")
        await until(tab, "s.link === 'open'")
        assert await kept(tab) == [other, mine]
        server.revoke(other)
        await until(tab, "s.link !== 'open'")
        await until(tab, "s.link === 'open'")
        assert await kept(tab) == [None, mine]


async def test_a_key_given_in_one_tab_opens_the_others(tmp_path: Path) -> None:
    async with keyed(tmp_path) as server, browser() as chromium:
        page = await opened(chromium, server.url)
        other = await page.context.new_page()
        await other.goto(server.url)
        for one in (page, other):
            await one.get_by_role("dialog", name="Who are you?").wait_for()
        await give(page, server.key(*BOTH))
        for one in (page, other):
            await until(one, "s.link === 'open'")
            await one.locator("#key-card").wait_for(state="hidden")


async def test_where_strangers_may_speak_nobody_is_asked(tmp_path: Path) -> None:
    async with keyed(tmp_path, auth={"anonymous": ["speak"]}) as server, browser() as chromium:
        page = await opened(chromium, server.url)
        await until(page, "s.link === 'open'")
        await page.keyboard.press("Control+k")
        await page.get_by_text("The list needs a key with the scope “chat”.").wait_for()
        assert await page.locator("#key-card").count() == 0
        await page.get_by_role("button", name="Use a key").click()
        await give(page, server.key(*BOTH))
        await page.locator("#key-card").wait_for(state="hidden")
        await until(page, "s.link === 'open'")
        await page.locator(".talk-title").first.wait_for()


async def test_a_page_waits_as_long_as_a_full_server_says() -> None:
    async with desk("/") as page:
        viewer = await page.stub.viewer()
        page.stub.full = True
        await viewer.socket.close(code=1013)
        await page.page.get_by_text("the stage is full").wait_for()
        tried = sockets(page.page)
        await asyncio.sleep(3)
        assert tried == []
        page.stub.full = False
        await page.stub.viewer(1)
        await page.wait("s.link === 'open'", 10)
        assert all("503" in text or "full" in text for text in page.complaints)
        page.complaints.clear()


async def test_a_server_that_ends_says_so_and_she_is_back_by_herself() -> None:
    settings = settings_for(lambda: ScriptedLLM(["Hi."], first_ms=5), lambda: ScriptedTTS(first_ms=5))
    line = "The server is restarting; Test is back in a moment."
    async with browser() as chromium:
        async with ending(settings) as (url, _, server, running):
            page = await opened(chromium, url)
            await until(page, "s.link === 'open'")
            server.should_exit = True
            await page.get_by_text(line).wait_for()
            await running
        await until(page, "s.link !== 'open'")
        await expect(page.locator("#status")).to_have_text("restarting, back in a moment")
        async with ending(settings, int(url.rpartition(":")[2])):
            await until(page, "s.link === 'open'")
            await page.get_by_text(line).wait_for(state="hidden")
            await expect(page.locator("#status")).not_to_have_text("restarting, back in a moment")
