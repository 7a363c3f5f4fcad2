"""The studio's conversations on the real server: the drawer, and what can be done with each message."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from real_desk import answered, greeted, opened, said, studio, talked, until

from hayakuchi.core.types import UserInput

pytestmark = pytest.mark.browser


async def act(page: Page, name: str, entry: int = -1) -> None:
    """Press the button of that name at a message."""
    one = page.locator(".entry").nth(entry)
    await one.hover()
    await one.locator(f".act-{name}").click()


async def kept(page: Page, *texts: str) -> None:
    """Until the conversation reads like this."""
    await expect(page.locator(".entry .entry-text")).to_have_text(list(texts))


async def test_a_message_is_said_anew_and_its_versions_are_gone_through(tmp_path: Path) -> None:
    broken: list[str] = []
    async with studio(tmp_path) as (url, _, browser):
        page = await opened(browser, f"{url}?session=edit", broken=broken)
        await greeted(page)
        await talked(page, "first")
        question = page.locator(".entry.user")
        start = await page.locator(".entry").count() - 2
        greeting = (await said(page))[:start]
        await act(page, "edit", -2)
        box = page.locator(".editor-box")
        await box.fill("never mind")
        await box.press("Escape")
        await kept(page, *greeting, "first", "Answer 1.")
        await act(page, "edit", -2)
        await box.fill("second")
        await box.press("Shift+Enter")
        await box.type("line")
        await box.press("Enter")
        await expect(question).to_have_count(1)
        await kept(page, *greeting, "second\nline", "Answer 2.")
        await answered(page)
        place = question.locator(".branch-place")
        await expect(place).to_have_text("2/2")
        await question.get_by_role("button", name="Earlier version").click()
        await kept(page, *greeting, "first", "Answer 1.")
        await expect(place).to_have_text("1/2")
        later = question.get_by_role("button", name="Later version")
        assert await later.evaluate("button => button === document.activeElement"), "the keyboard lost its place"
        await later.press("Enter")
        await kept(page, *greeting, "second\nline", "Answer 2.")
        await page.reload()
        await kept(page, *greeting, "second\nline", "Answer 2.")
        await expect(place).to_have_text("2/2")
    assert broken == []


async def test_a_reply_is_made_again_and_messages_are_taken_back_and_brought_back(tmp_path: Path) -> None:
    broken: list[str] = []
    async with studio(tmp_path) as (url, _, browser):
        page = await opened(browser, f"{url}?session=again", broken=broken)
        await greeted(page)
        await talked(page, "one")
        start = await page.locator(".entry").count() - 2
        greeting = (await said(page))[:start]
        await act(page, "again")
        await kept(page, *greeting, "one", "Answer 2.")
        await answered(page)
        await talked(page, "two")
        assert await page.locator(".act-again:visible").count() == 1, "only the last message can be answered again"
        await act(page, "back", start + 1)
        await kept(page, *greeting, "one")
        await page.get_by_role("button", name="Undo").click()
        await kept(page, *greeting, "one", "Answer 2.", "two", "Answer 3.")
        await act(page, "back", start)
        await kept(page, *greeting)
        await page.reload()
        await until(page, "s.link === 'open'")
        await kept(page, *greeting)
    assert broken == []


async def test_taking_back_what_is_being_said_ends_it_and_takes_no_more_than_that(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, _, browser):
        page = await opened(browser, f"{url}?session=cut")
        await greeted(page)
        await talked(page, "one")
        before = await said(page)
        await page.locator("#box").fill("two")
        await page.locator("#box").press("Enter")
        await until(page, "s.phase === 'speaking'")
        await act(page, "back", len(before) - 1)
        await kept(page, *before[:-1])
        await page.get_by_role("button", name="Undo").click()
        await expect(page.locator(".entry.user").last.locator(".entry-text")).to_have_text("two")
        assert (await said(page))[: len(before)] == before


async def test_what_is_being_written_survives_what_another_tab_does(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, engine, browser):
        page = await opened(browser, f"{url}?session=both")
        await greeted(page)
        await talked(page, "one")
        before = await said(page)
        await act(page, "edit", -2)
        await page.locator(".editor-box").fill("half a thought")
        conversation = await engine.conversations.open("", "both", "Test")
        await conversation.add(UserInput("by the API"), "Noted.")
        await expect(page.locator(".entry")).to_have_count(len(before) + 2)
        assert await page.locator(".editor-box").input_value() == "half a thought"
        await page.locator(".editor-box").press("Enter")
        await expect(page.locator(".editor-box")).to_have_count(0)
        await expect(page.locator(".entry.user .entry-text")).to_have_text("half a thought")


async def test_code_is_shown_as_code_and_stays_text(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, engine, browser):
        conversation = await engine.conversations.open("", "code", "Test")
        await conversation.add(
            UserInput("<b>x</b>"), "So:\n\n```html\n<img src=x onerror=window.owned=1>\n```\n\nDone."
        )
        page = await opened(browser, f"{url}?session=code")
        await expect(page.locator(".entry pre code")).to_have_text("<img src=x onerror=window.owned=1>")
        await kept(page, "<b>x</b>", "So:<img src=x onerror=window.owned=1>Done.")
        assert await page.evaluate("window.owned") is None


async def test_the_drawer_lists_begins_renames_and_deletes_conversations(tmp_path: Path) -> None:
    broken: list[str] = []
    async with studio(tmp_path) as (url, engine, browser):
        for title in ("Stories", "Recipes"):
            made = await engine.conversations.create("", "Kiyo", title)
            conversation = await engine.conversations.open("", made.name, "Kiyo")
            await conversation.add(UserInput(f"About {title}"), "Gladly.")
        page = await opened(browser, url, broken=broken)
        await until(page, "s.link === 'open'")
        other = await page.context.new_page()
        await other.goto(url)
        await until(other, "s.link === 'open'")
        await talked(page, "hello main")
        for one in (page, other):
            await one.keyboard.press("Control+k")
        titles = page.locator(".talk-title")
        await expect(titles).to_have_text(["hello main", "Recipes", "Stories"])
        current = page.locator(".talk-open[aria-current=true]")
        await expect(current).to_contain_text("hello main")
        assert await current.evaluate("button => button === document.activeElement")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await kept(page, "About Recipes", "Gladly.")
        await expect(current).to_contain_text("Recipes")
        await talked(page, "more of it")
        assert "hello main" not in await said(page)
        recipes = page.locator(".talk", has_text="Recipes")
        await recipes.hover()
        await recipes.get_by_role("button", name="Rename").click()
        await page.get_by_role("textbox", name="Title").fill("Soups")
        await page.keyboard.press("Enter")
        await expect(titles).to_have_text(["Soups", "hello main", "Stories"])
        await expect(other.locator(".talk-title")).to_have_text(["Soups", "hello main", "Stories"])
        soups = page.locator(".talk", has_text="Soups")
        for answer, left in (("Cancel", 3), ("Delete", 2)):
            await soups.hover()
            await soups.get_by_role("button", name="Delete “Soups”").click()
            await page.locator(".talk-sure").get_by_role("button", name=answer).click()
            await expect(titles).to_have_count(left)
        await expect(current).to_contain_text("hello main")
        await expect(page.locator(".entry.user .entry-text")).to_have_text("hello main")
        await expect(other.locator(".talk-title")).to_have_text(["hello main", "Stories"])
        await page.get_by_role("button", name="New conversation").click()
        await until(page, "s.link === 'open' && s.session.length === 32")
        await expect(page.locator(".entry.user")).to_have_count(0)
        await talked(page, "a fresh start")
        await expect(titles.first).to_have_text("a fresh start")
        address = page.url
        await page.go_back()
        await until(page, "s.link === 'open' && s.session === 'main'")
        await expect(page.locator(".entry.user .entry-text")).to_have_text("hello main")
        await page.goto(address)
        await expect(page.locator(".entry.user .entry-text")).to_have_text("a fresh start")
    assert broken == []


async def test_deleting_a_conversation_elsewhere_is_told_where_it_is_shown(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, engine, browser):
        page = await opened(browser, f"{url}?session=gone")
        await greeted(page)
        await talked(page, "remember me")
        assert await engine.conversations.delete("", "gone")
        await page.get_by_text("This conversation was deleted").wait_for()
        await expect(page.locator(".entry")).to_have_count(0)
        await talked(page, "again")
        assert "remember me" not in await said(page)


async def test_titles_are_searched_among_those_that_were_not_fetched_yet(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, engine, browser):
        await engine.conversations.create("", "Kiyo", "The needle")
        for number in range(120):
            await engine.conversations.create("", "Kiyo", f"Straw {number}")
        page = await opened(browser, url)
        await until(page, "s.link === 'open'")
        await page.keyboard.press("Control+k")
        await expect(page.locator(".talk").nth(99)).to_be_attached()
        await page.get_by_role("searchbox").fill("NEEDLE")
        await expect(page.locator(".talk-title")).to_have_text(["The needle"])
        await page.get_by_role("searchbox").fill("nothing like it")
        await page.get_by_text("Nothing found.").wait_for()


async def test_the_list_says_so_when_it_cannot_be_had_and_comes_back(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, _, browser):
        page = await opened(browser, url)
        await until(page, "s.link === 'open'")
        await page.route("**/sessions*", lambda route: route.abort())
        await page.keyboard.press("Control+k")
        await page.get_by_text("The list cannot be had at the moment.").wait_for()
        await page.unroute("**/sessions*")
        await page.keyboard.press("Control+k")
        await page.keyboard.press("Control+k")
        await page.locator(".talk-note").wait_for(state="hidden")


async def test_on_a_phone_the_drawer_lies_over_the_page_and_goes_when_something_is_chosen(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, engine, browser):
        made = await engine.conversations.create("", "Kiyo", "Stories")
        page = await opened(browser, url, phone=True)
        await until(page, "s.link === 'open'")
        await page.get_by_role("button", name="Conversations (Ctrl+K)").click()
        drawer = page.locator("#talks")
        await page.locator(".talk-open", has_text="Stories").click()
        await until(page, f"s.link === 'open' && s.session === '{made.name}'")
        await drawer.wait_for(state="hidden")
        await page.get_by_role("button", name="Conversations (Ctrl+K)").click()
        await drawer.wait_for()
        await asyncio.sleep(0.4)
        await page.mouse.click(400, 500)
        await drawer.wait_for(state="hidden")


async def test_the_link_for_obs_names_the_conversation_that_is_shown(tmp_path: Path) -> None:
    async with studio(tmp_path) as (url, _, browser):
        page = await opened(browser, f"{url}?session=show", permissions=["clipboard-read", "clipboard-write"])
        await until(page, "s.link === 'open'")
        await page.get_by_role("button", name="Copy the link for OBS").click()
        await page.get_by_text("It shows “show”.").wait_for()
        assert await page.evaluate("navigator.clipboard.readText()") == f"{url.rstrip('/')}/stage?session=show&audio=1"
