"""What a person does and sees in the studio, in a real Chromium."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from page_desk import desk
from stage_stub import snapshot

pytestmark = pytest.mark.browser


async def test_the_veil_asks_for_a_gesture_and_the_gesture_wakes_the_avatar() -> None:
    async with desk(autoplay=False) as page:
        veil = page.page.get_by_role("button", name="Click to wake Kiyo")
        await veil.wait_for()
        viewer = await page.stub.viewer()
        assert viewer.of("sound.claim") == []
        assert viewer.of("greet") == []
        await veil.click()
        await page.stub.holding()
        await page.stub.until(lambda: viewer.of("greet"), "the greeting")
        assert [m["type"] for m in viewer.received if m["type"] != "ping"] == ["sound.claim", "greet"]
        await veil.wait_for(state="hidden")
        await viewer.send(type="turn.started", turn=1, heard=None, viewer=None)
        await viewer.speak(1, 0, "Oh, you came!", 0, 6000)
        await page.wait("l.recent > 0.1 && s.mouth.open > 0.5")


async def test_typing_wakes_the_avatar_as_well_and_keeps_what_is_typed() -> None:
    async with desk(autoplay=False) as page:
        await page.page.get_by_role("button", name="Click to wake Kiyo").wait_for()
        await page.page.keyboard.type("hello")
        viewer = await page.stub.holding()
        await page.page.keyboard.press("Enter")
        await page.stub.until(lambda: viewer.of("input.text"), "what was typed")
        assert viewer.of("input.text") == [{"type": "input.text", "text": "hello"}]


async def test_the_server_is_told_that_somebody_writes_before_the_message_and_not_with_every_key() -> None:
    async with desk() as page:
        viewer = await page.stub.viewer()
        await page.page.locator("#box").type("hello you")
        await page.stub.until(lambda: viewer.of("input.typing"), "that somebody writes")
        await page.page.keyboard.press("Enter")
        await page.stub.until(lambda: viewer.of("input.text"), "what was written")
        kinds = [message["type"] for message in viewer.received if message["type"].startswith("input.")]
        assert kinds == ["input.typing", "input.text"]


async def test_text_box_sends_breaks_lines_recalls_and_leaves_an_input_method_alone() -> None:
    async with desk() as page:
        viewer = await page.stub.viewer()
        box = page.page.locator("#box")
        await box.fill("first line")
        await box.press("Shift+Enter")
        await box.type("second")
        await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        await box.press("Enter")
        await page.stub.until(lambda: viewer.of("input.text"), "the text")
        assert [m["text"] for m in viewer.of("input.text")] == ["first line\nsecond"]
        assert await box.input_value() == ""
        await box.press("ArrowUp")
        assert await box.input_value() == "first line\nsecond"
        await box.press("ArrowDown")
        assert await box.input_value() == ""
        await box.fill("   ")
        await box.press("Enter")
        assert len(viewer.of("input.text")) == 1


async def test_what_people_and_models_write_stays_text() -> None:
    evil = "<img src=x onerror=window.owned=1><script>window.owned=1</script>"
    character = snapshot()["character"] | {"name": evil[:40], "look": {"accent": "red;} body{display:none"}}
    history = [
        {"role": "user", "content": evil, "viewer": evil},
        {"role": "assistant", "content": evil, "viewer": None},
    ]
    models = {"llm": evil, "tts": "x", "demo": True, "problems": [evil]}
    async with desk(first=snapshot(character=character, history=history, models=models)) as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard=evil, viewer=evil)
        await viewer.speak(1, 0, evil, 0, 6000)
        for kind in ("provider.failed", "error"):
            await viewer.send(type=kind, turn=1, kind="llm", provider=evil, code="x", message=evil, fallback=evil)
        await page.wait("s.caption.includes('onerror') && s.phase === 'speaking'")
        await page.page.click("#demo")
        assert await page.page.evaluate("window.owned") is None
        assert (
            await page.page.locator("#chat img, #chat script, #subtitle img, #toasts img, #demo-panel img").count() == 0
        )
        assert await page.page.locator("#subtitle").inner_text() == evil
        assert (await page.page.locator(".entry-text").all_inner_texts()).count(evil) >= 3


async def test_the_chosen_scene_volume_and_panel_are_kept() -> None:
    async with desk() as page:
        await page.stub.viewer()
        await page.page.get_by_role("button", name="Scene").click()
        await page.page.locator('[data-scene="night"]').click()
        await page.page.keyboard.press("Escape")
        await page.page.locator("#chat-close").click()
        await page.page.get_by_role("button", name="Sound").click()
        await page.page.get_by_role("button", name="Mute", exact=True).click()
        await page.page.reload()
        viewer = await page.stub.holding(1)
        await page.page.locator("#scene .scene-night").wait_for()
        assert await page.page.locator("#chat").is_hidden()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "Nobody hears me.", 0, 600)
        await page.wait("s.player.played_ms >= 599 && s.phase === 'speaking'")
        assert (await page.page.evaluate("hayakuchi.levels().energy")) < 1e-6


async def test_a_picture_from_the_desk_is_kept_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    good, bad, large = tmp_path / "good.svg", tmp_path / "bad.png", tmp_path / "large.png"
    good.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>')
    bad.write_bytes(b"this is no picture")
    large.write_bytes(bytes(4 * 1024 * 1024 + 1))
    async with desk() as page:
        await page.stub.viewer()
        await page.page.get_by_role("button", name="Scene").click()
        for refused in (bad, large):
            await page.page.locator("#scene-file").set_input_files(refused)
        await page.page.get_by_text("larger than 4 MB").wait_for()
        await page.page.get_by_text("not a picture this browser can show").wait_for()
        assert await page.page.locator("#scene .scene-picture").count() == 0
        await page.page.locator("#scene-file").set_input_files(good)
        await page.page.locator("#scene > .scene-picture").wait_for()
        await asyncio.sleep(0.3)
        await page.page.reload()
        await page.page.locator("#scene > .scene-picture").wait_for()


async def test_demo_figures_and_notices_are_shown_to_the_desk() -> None:
    models = {"llm": "demo_llm", "tts": "espeak_tts", "demo": True, "problems": ["openai_llm: nothing answers"]}
    async with desk(first=snapshot(models=models)) as page:
        viewer = await page.stub.holding()
        await page.page.get_by_role("button", name="demo mind").click()
        assert "openai_llm: nothing answers" in await page.page.locator("#demo-panel").inner_text()
        await page.page.keyboard.press("Escape")
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "Slow words.", 0, 400)
        await viewer.send(
            type="latency", turn=1, figures={"first_audio": 640.4}, stages={"llm_first_token": 500, "cut": 140}
        )
        await viewer.send(
            type="latency.breached",
            turn=1,
            figure="first_audio",
            value_ms=640.4,
            threshold_ms=500,
            stage="llm_first_token",
        )
        badge = page.page.locator(".entry .latency.late")
        await badge.wait_for()
        assert await badge.locator(".latency-figure").inner_text() == "first audio 640 ms"
        toast = page.page.locator(".toast")
        assert "first audio took 640 ms" in await toast.inner_text()
        await toast.get_by_role("button").click()
        assert await toast.count() == 0


async def test_an_end_that_comes_before_the_last_words_are_heard_does_not_double_them() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "One. ", 0, 400)
        await viewer.speak(1, 1, "Two.", 400, 400)
        await viewer.send(
            type="turn.ended",
            turn=1,
            status="completed",
            reply="One. Two.",
            heard_reply="One. Two.",
            code=None,
            message=None,
        )
        await page.wait("s.caption.includes('Two.') && s.player.played_ms >= 799 && s.phase === 'idle'")
        assert await page.page.locator(".entry.avatar .entry-text").all_inner_texts() == ["One. Two."]
