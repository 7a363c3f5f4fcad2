"""What a reply's time to first audio is made of: opened by mouse, key or touch, and told by more than colour."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from page_desk import Desk, desk
from playwright.async_api import Locator, expect
from stage_stub import Viewer, snapshot

pytestmark = pytest.mark.browser

STAGES = {"queue": 1.2, "llm": 150, "cut": 59, "handover": 0.4, "tts": 80, "send": 2}


async def measure(viewer: Viewer, turn: int, stages: dict[str, Any]) -> None:
    figures = {"first_audio": sum(stages.values())}
    await viewer.send(type="latency", turn=turn, figures=figures, stages=stages)


async def reply(viewer: Viewer, turn: int, stages: dict[str, Any] | None = None) -> None:
    await viewer.send(type="turn.started", turn=turn, heard="x", viewer=None)
    await measure(viewer, turn, stages or STAGES)


def figures(page: Desk) -> Locator:
    return page.page.locator(".latency-figure")


async def bars(page: Desk) -> list[tuple[str, float, float]]:
    """Name, left and right edge (px) of every bar of the open drawing."""
    await page.page.locator(".waterfall:visible .stage-name").first.wait_for()
    # In one step: between finding them and measuring them the page may draw them anew.
    return await page.page.evaluate(
        "() => [...document.querySelectorAll('.waterfall .stage')].filter((one) => one.checkVisibility()).map((one) => {"
        " const box = one.querySelector('.bar').getBoundingClientRect();"
        " return [one.querySelector('.stage-name').textContent, box.left, box.right]; })"
    )


async def test_the_figure_opens_the_stages_of_its_turn_by_key_and_by_mouse() -> None:
    async with desk() as page:
        await reply(await page.stub.holding(), 1)
        await figures(page).wait_for()
        assert await page.page.locator(".waterfall").is_hidden()
        assert await page.page.locator(".waterfall svg").count() == 0
        await figures(page).focus()
        await page.page.keyboard.press("Enter")
        assert await figures(page).get_attribute("aria-expanded") == "true"
        opened = page.page.locator(f"#{await figures(page).get_attribute('aria-controls')}")
        assert await opened.is_visible()
        drawn = await bars(page)
        assert [name for name, _, _ in drawn] == ["waiting", "model", "first words", "handover", "voice", "sending"]
        for (_, left, right), (_, following, _) in pairwise(drawn):
            assert following == pytest.approx(right, abs=2)
            assert right > left
        drawing = opened.get_by_role("img", name="First audio after 293 ms")
        await drawing.wait_for()
        assert "model 150 ms, first words 59 ms" in (await drawing.locator("desc").text_content() or "")
        assert await page.page.locator(".blamed, figcaption").count() == 0
        await figures(page).click()
        assert await opened.is_hidden()
        assert await figures(page).get_attribute("aria-expanded") == "false"


async def test_a_row_has_the_terminals_name_of_its_stage_as_well() -> None:
    async with desk() as page:
        await reply(await page.stub.holding(), 1)
        await figures(page).click()
        titles = await page.page.locator(".waterfall .stage title").all_text_contents()
        assert titles == [
            "waiting (queue)",
            "model (llm)",
            "first words (cut)",
            "handover",
            "voice (tts)",
            "sending (send)",
        ]


async def test_the_figure_says_what_came_before_the_models_own_words() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        for turn, stages in enumerate(({"filler": 204}, {"queue": 5, "quick": 100}, {"llm": 90}), 1):
            await reply(viewer, turn, stages)
        await figures(page).nth(2).wait_for()
        told = ["first audio 204 ms · filler", "first audio 105 ms · quick reply", "first audio 90 ms"]
        assert await figures(page).all_inner_texts() == told


async def test_the_last_number_of_the_axis_stands_at_its_line() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        for turn, stages in enumerate(({"tts": 15}, {"tts": 420}, {"tts": 9000}), 1):
            await reply(viewer, turn, stages)
            await figures(page).nth(turn - 1).click()
            await page.page.locator(".waterfall-svg").nth(turn - 1).wait_for()
            # Looked up in the same step: a drawing is replaced when its place gets another width.
            away = await page.page.evaluate(
                "turn => { const svg = document.querySelectorAll('.waterfall-svg')[turn - 1];"
                " const label = [...svg.querySelectorAll('.axis text')].at(-1);"
                " const digits = label.textContent.split(' ')[0].length;"
                " const [first, last] = [label.getStartPositionOfChar(0), label.getEndPositionOfChar(digits - 1)];"
                " return (first.x + last.x) / 2 - [...svg.querySelectorAll('.grid line')].at(-1).x1.baseVal.value; }",
                turn,
            )
            assert abs(away) < 2, f"{away} px away in turn {turn}"


async def test_the_stage_to_blame_is_red_marked_and_named() -> None:
    async with desk() as page:
        await reply(await page.stub.holding(), 1, STAGES | {"speculative_guess": 20, "tts": 700})
        await figures(page).click()
        blamed = page.page.locator(".waterfall .blamed")
        assert await blamed.locator(".stage-name").text_content() == "voice"
        assert await blamed.locator(".stage-figure").text_content() == "! 700 ms"
        await expect(blamed.locator(".bar")).to_have_css("fill", "rgb(255, 138, 138)")
        assert (
            await page.page.locator(".waterfall figcaption").inner_text()
            == "433 ms too late. What took longest: voice, 700 ms."
        )
        assert await page.page.locator(".waterfall .limit-label").text_content() == "threshold 500 ms"
        assert await page.page.locator('.stage title:text-is("speculative guess")').count() == 1


async def test_further_figures_of_the_turn_replace_the_first_and_leave_it_open() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await reply(viewer, 1, {"queue": 1, "filler": 90})
        await figures(page).focus()
        await page.page.keyboard.press("Enter")
        assert [name for name, _, _ in await bars(page)] == ["waiting", "filler"]
        await measure(viewer, 1, {"queue": 1, "filler": 90, "llm": 300, "tts": 200})
        await page.page.locator(".latency.late").wait_for()
        assert [name for name, _, _ in await bars(page)] == ["waiting", "filler", "model", "voice"]
        assert await figures(page).count() == 1
        assert await page.page.locator(".waterfall").count() == 1
        assert await page.page.evaluate("document.activeElement.className") == "latency-figure"
        assert await figures(page).get_attribute("aria-expanded") == "true"


async def test_a_turn_that_was_never_heard_has_no_figure_and_no_empty_reply() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.send(type="latency", turn=1, figures={}, stages={"queue": 1})
        await viewer.send(
            type="turn.ended", turn=1, status="interrupted", reply="", heard_reply="", code=None, message=None
        )
        await page.page.locator(".entry.interrupted").wait_for()
        assert await page.page.locator(".entry").count() == 2
        assert await page.page.locator(".latency, .waterfall").count() == 0
        assert await page.page.locator("#latency").is_hidden()


async def test_names_that_come_from_elsewhere_stay_text() -> None:
    evil = "<img src=x onerror=window.owned=1>"
    async with desk() as page:
        await reply(await page.stub.holding(), 1, {evil: 700, "constructor": 1, "": 1})
        await figures(page).click()
        await page.page.locator("#latency").click()
        assert await page.page.evaluate("window.owned") is None
        assert await page.page.locator("#chat img, #tape-panel img").count() == 0
        assert evil in await page.page.locator(".waterfall figcaption").inner_text()
        names = [name for name, _, _ in await bars(page)]
        assert names[1:] == ["constructor", "?"]


async def test_it_fits_a_telephone_and_follows_the_width() -> None:
    async with desk() as page:
        await reply(await page.stub.holding(), 1, STAGES | {"llm": 599_000, "a_stage_with_a_very_long_name": 12})
        await figures(page).click()
        widths = []
        for width in (1280, 360, 700):
            await page.page.set_viewport_size({"width": width, "height": 740})
            await page.page.wait_for_function(
                "() => { const [f, v] = [document.querySelector('.waterfall'), document.querySelector('.waterfall-svg')];"
                " const space = f.clientWidth - v.getBoundingClientRect().width; return space > 20 && space < 32; }"
            )
            inside = await page.page.locator(".waterfall-svg").evaluate(
                "svg => { const box = svg.getBoundingClientRect(); return [...svg.querySelectorAll('text, rect')]"
                ".map(one => one.getBoundingClientRect())"
                ".every(one => one.left >= box.left - 1 && one.right <= box.right + 1); }"
            )
            assert inside, f"something sticks out at {width} px"
            assert await page.page.evaluate("document.documentElement.scrollWidth") <= width
            widths.append(await page.page.locator(".waterfall-svg").evaluate("svg => svg.clientWidth"))
        assert widths[1] < widths[0] < widths[2]


async def test_the_tape_keeps_the_last_replies_also_over_a_new_connection() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        for turn in range(1, 24):
            await reply(viewer, turn, STAGES | ({"tts": 700} if turn == 20 else {}))
        await measure(viewer, 23, STAGES | {"filler": 10})
        chip = page.page.get_by_role("button", name="first audio 303 ms", exact=True).first
        await chip.wait_for()
        await page.page.locator("#latency").press("Enter")
        panel = page.page.locator("#tape-panel")
        assert await page.page.locator("#latency").get_attribute("aria-expanded") == "true"
        assert await panel.locator(".column").count() == 20
        assert await panel.locator(".part.blamed").count() == 1
        assert await panel.locator(".late-mark").count() == 1
        assert "20 measured · median 293 ms · past the threshold: 1" in await panel.inner_text()
        name = await panel.get_by_role("img").get_attribute("aria-label")
        assert "past the threshold: 1" in (name or "")
        await page.page.keyboard.press("Escape")
        assert await panel.is_hidden()
        page.stub.snapshot = snapshot()
        await viewer.socket.close(code=1001)
        back = await page.stub.holding(1)
        await reply(back, 23, STAGES | {"tts": 900})
        await page.page.locator("#latency.late").wait_for()
        await page.page.locator("#latency").click()
        assert await panel.locator(".column").count() == 20
        assert await panel.locator(".late-mark").count() == 2


async def test_of_a_spoken_message_it_is_shown_what_passed_since_the_speaker_ended() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        hearing = {"end_of_turn": 310, "asr": 140}
        spoken = {"first_audio": sum(STAGES.values()), "voice_to_voice": sum(STAGES.values()) + 450}
        await viewer.send(type="latency", turn=1, figures=spoken, stages=STAGES, hearing=hearing)
        await reply(viewer, 2)
        await figures(page).nth(1).wait_for()
        assert await figures(page).all_inner_texts() == ["voice to voice 743 ms", "first audio 293 ms"]
        assert await page.page.locator("#latency").inner_text() == "293 ms"
        await figures(page).first.click()
        drawn = await bars(page)
        assert [name for name, _, _ in drawn][:4] == ["end of turn", "transcript", "waiting", "model"]
        for (_, _, right), (_, following, _) in pairwise(drawn):
            assert following == pytest.approx(right, abs=2)
        await page.page.get_by_role("img", name="First sound 743 ms after you stopped speaking").wait_for()
        assert await page.page.locator(".waterfall:visible .limit-label").text_content() == "threshold 1500 ms"
