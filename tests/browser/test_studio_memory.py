"""What the studio tells of who answers, and what it keeps when the page or the server begins anew."""

from __future__ import annotations

from typing import Any

import pytest
from page_desk import Desk, desk
from stage_stub import Viewer, snapshot

pytestmark = pytest.mark.browser

NO_FONT = "\U0005cccc"
"""Not assigned to any character."""
HISTORY = [
    {"role": "user", "content": "Hi", "viewer": None},
    {"role": "assistant", "content": "Hello you.", "viewer": None},
    {"role": "user", "content": "And?", "viewer": None},
    {"role": "assistant", "content": "Once upon", "viewer": None},
]


def models(**changes: Any) -> dict[str, Any]:
    return snapshot()["models"] | changes


async def said(viewer: Viewer, turn: int, heard: str | None, reply: str, *, cut_at: str | None = None) -> None:
    """A turn that is over at once; ``cut_at``: what was heard of it until it was interrupted."""
    await viewer.send(type="turn.started", turn=turn, heard=heard, viewer=None)
    await viewer.send(type="latency", turn=turn, figures={"first_audio": 100.0 * turn}, stages={"llm": 100 * turn})
    status = "completed" if cut_at is None else "interrupted"
    heard_reply = reply if cut_at is None else cut_at
    end = {"status": status, "reply": reply, "heard_reply": heard_reply, "code": None, "message": None}
    await viewer.send(type="turn.ended", turn=turn, **end)


async def entries(page: Desk) -> list[str]:
    return await page.page.locator("#chat-list .entry-text").all_inner_texts()


async def test_a_chip_names_who_stands_in_for_the_first_choice_and_says_why() -> None:
    spare = models(tts="espeak_tts", problems=["edge_tts: speech.platform.bing.com does not answer"])
    async with desk(first=snapshot(models=spare)) as page:
        viewer = await page.stub.holding()
        chip = page.page.locator("#demo")
        assert await chip.inner_text() == "espeak voice"
        await chip.click()
        told = await page.page.locator("#demo-panel").inner_text()
        assert "espeak speaks in place of edge" in told
        assert "edge_tts: speech.platform.bing.com does not answer" in told
        assert "qwen2.5" not in told
        await viewer.send(type="models", **models(llm="anthropic_llm", tts="espeak_tts"))
        await page.page.get_by_text("anthropic model · espeak voice").wait_for()
        await viewer.send(type="models", **models())
        await chip.wait_for(state="hidden")
        await viewer.send(type="models", **models(llm=None))
        await viewer.send(type="models", **models(llm="demo_llm", tts="espeak_tts", demo=True))
        await page.page.get_by_text("demo mind").wait_for()
        assert await chip.locator("b").inner_text() == "demo mind"
        assert "espeak speaks in place of edge" in (await page.page.locator("#demo-panel").text_content() or "")


async def test_a_server_that_names_no_first_choice_gets_no_chip() -> None:
    old = {"llm": "openai_llm", "tts": "espeak_tts", "demo": False, "problems": []}
    async with desk(first=snapshot(models=old)) as page:
        await page.stub.holding()
        assert await page.page.locator("#demo").is_hidden()


@pytest.mark.parametrize(("avatar", "face"), [(NO_FONT, "K"), ("é" + NO_FONT, "K"), ("é", "é"), ("e\u0301é", "K")])
async def test_an_avatar_without_a_font_gives_way_to_the_initial(avatar: str, face: str) -> None:
    character = snapshot()["character"] | {"avatar": avatar}
    async with desk(first=snapshot(character=character, history=HISTORY)) as page:
        await page.stub.holding()
        assert await page.page.locator(".entry.avatar .entry-face").first.text_content() == face


async def test_a_reload_keeps_the_figures_and_what_was_interrupted() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await said(viewer, 1, "Hi", "Hello you.")
        await said(viewer, 2, "And?", "Once upon a time.", cut_at="Once upon")
        await page.page.locator(".entry.interrupted").wait_for()
        page.stub.snapshot = snapshot(history=HISTORY)
        await page.page.reload()
        await page.stub.holding(1)
        await page.page.locator(".entry").nth(3).wait_for()
        assert await entries(page) == ["Hi", "Hello you.", "And?", "Once upon"]
        assert await page.page.locator(".latency-figure").all_inner_texts() == [
            "first audio 100 ms",
            "first audio 200 ms",
        ]
        assert await page.page.locator(".entry.interrupted .cut").all_inner_texts() == ["interrupted"]
        page.stub.snapshot = snapshot(history=HISTORY, conversation="second")
        await page.page.reload()
        await page.stub.holding(2)
        await page.page.locator(".entry").nth(3).wait_for()
        assert await page.page.locator(".latency-figure, .cut, .forgotten").count() == 0


async def test_what_was_said_stays_above_a_line_when_the_server_has_forgotten_it() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await said(viewer, 1, "Hi", "Hello you.")
        await page.page.locator(".latency").wait_for()
        page.stub.snapshot = snapshot(conversation="second")
        await viewer.socket.close(code=1012)
        back = await page.stub.holding(1)
        line = page.page.locator(".forgotten")
        await line.wait_for()
        assert await line.inner_text() == "She was restarted and does not remember what is above"
        assert await page.page.locator("#chat-empty").is_hidden()
        await said(back, 1, "Again", "Who are you?")
        await page.page.locator(".entry").nth(3).wait_for()
        assert await page.page.locator("#chat-list > *").evaluate_all(
            "all => all.map(one => one.className.split(' ')[0])"
        ) == [
            *("entry", "entry", "forgotten", "entry", "entry"),
        ]
        page.stub.snapshot = snapshot(conversation="second", history=HISTORY)
        await back.socket.close(code=1012)
        await page.stub.holding(2)
        await page.page.get_by_text("Once upon").wait_for()
        assert await entries(page) == ["Hi", "Hello you.", "And?", "Once upon"]


async def test_a_connection_that_was_lost_for_a_moment_draws_no_line() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard="Hi", viewer=None)
        await page.page.get_by_text("Hi", exact=True).wait_for()
        page.stub.snapshot = snapshot(turn={"turn": 1, "heard": "Hi", "reply": "Hello", "expression": None})
        await viewer.socket.close(code=1001)
        await page.stub.holding(1)
        await page.page.locator(".entry.avatar").wait_for()
        assert await entries(page) == ["Hi", "Hello"]
        assert await page.page.locator(".forgotten").count() == 0


async def test_the_greeting_has_its_figure_and_does_not_count_among_the_replies() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await said(viewer, 1, None, "Oh, you came!")
        await page.page.locator(".latency").wait_for()
        assert await page.page.locator("#latency").is_hidden()
        await said(viewer, 2, "Hi", "Hello you.")
        await page.page.locator("#latency").click()
        assert "1 measured · median 200 ms" in await page.page.locator("#tape-panel").inner_text()


async def test_narrowing_the_window_puts_the_conversation_away_and_the_text_box_stays_in_sight() -> None:
    async with desk(first=snapshot(history=HISTORY)) as page:
        await page.stub.holding()
        chat = page.page.locator("#chat")
        assert await chat.is_visible()
        await page.page.set_viewport_size({"width": 420, "height": 740})
        await chat.wait_for(state="hidden")
        await page.page.get_by_role("button", name="Conversation", exact=True).click()
        # It slides in: where it ends up is what counts.
        await page.page.wait_for_function(
            "() => { const [chat, box] = ['#chat', '#composer'].map(id => document.querySelector(id).getBoundingClientRect());"
            " return chat.top > 0.3 * innerHeight && chat.bottom <= box.top && box.bottom <= innerHeight; }"
        )
        await page.page.locator("#box").fill("still here")
        await page.page.set_viewport_size({"width": 1280, "height": 740})
        assert await chat.is_visible()


async def test_nothing_of_the_demo_panel_touches_its_edges() -> None:
    demo = models(llm="demo_llm", demo=True, problems=["openai_llm: " + "x" * 200])
    async with desk(first=snapshot(models=demo)) as page:
        await page.stub.holding()
        await page.page.locator("#demo").click()
        for width in (1280, 360):
            await page.page.set_viewport_size({"width": width, "height": 740})
            within = await page.page.locator("#demo-panel pre, #demo-panel li").evaluate_all(
                "all => all.every(one => one.scrollWidth <= one.clientWidth)"
            )
            assert within, f"something sticks out at {width} px"
