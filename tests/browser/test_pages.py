"""The two pages in a real Chromium, against a stage server by script: sound is heard, lips and words follow it, nothing leaks.

What is heard is measured inside the page, at the player's last node. A script that playwright evaluates counts as a gesture of
the user; so nothing here makes or wakes an AudioContext through it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parent))

from stage_stub import Stub, Viewer, frame, serving, snapshot

pytestmark = pytest.mark.browser

ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
SAMPLER = """
window.samples = [];
setInterval(() => {
  const page = window.hayakuchi;
  if (page && page.levels()) samples.push({ at: performance.now(), ...page.levels(), ...page.state() });
}, 20);
"""
NO_WORKLET = "delete window.AudioWorkletNode; delete BaseAudioContext.prototype.audioWorklet;"


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1":
            pytest.fail("Chromium is required and was not found")
        pytest.skip("Chromium was not found")
    return found


@asynccontextmanager
async def browser(*, autoplay: bool = True) -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=[*ARGS, AUTOPLAY] if autoplay else ARGS)
        try:
            yield opened
        finally:
            await opened.close()


class Desk:
    """A page, the server it talks to, and everything it complained about."""

    def __init__(self, stub: Stub, context: BrowserContext, page: Page) -> None:
        self.stub, self.context, self.page = stub, context, page
        self.complaints: list[str] = []
        page.on("console", lambda m: m.type in ("error", "warning") and self.complaints.append(m.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def state(self) -> dict[str, Any]:
        return await self.page.evaluate("window.hayakuchi.state()")

    async def samples(self) -> list[dict[str, Any]]:
        return await self.page.evaluate("window.samples")

    async def wait(self, condition: str, seconds: float = 15) -> None:
        """Until a condition on ``s`` (the state) and ``l`` (the levels) holds in the page."""
        script = f"() => {{ const s = hayakuchi.state(), l = hayakuchi.levels() ?? {{}}; return {condition}; }}"
        await self.page.wait_for_function(script, timeout=seconds * 1000, polling=20)


@asynccontextmanager
async def desk(
    path: str = "/",
    *,
    autoplay: bool = True,
    scripts: tuple[str, ...] = (SAMPLER,),
    first: dict[str, Any] | None = None,
) -> AsyncIterator[Desk]:
    async with serving() as stub, browser(autoplay=autoplay) as opened:
        stub.snapshot = first or snapshot()
        context = await opened.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
        page = await context.new_page()
        for script in scripts:
            await page.add_init_script(script)
        made = Desk(stub, context, page)
        await page.goto(stub.url + path)
        yield made
        assert made.complaints == []


async def story(viewer: Viewer) -> None:
    """Half a second of tone, as long a pause inside the segment, tone again, and the end."""
    await viewer.send(type="turn.started", turn=1, heard="Tell me a story", viewer=None)
    await viewer.speak(1, 0, "Once upon a time, ", 0, 600)
    start = 600
    await viewer.send(
        type="segment.started", turn=1, segment=1, text="there was a fox.", at_ms=start, silent=False, expressions=[]
    )
    for at in range(start, 1800, 20):
        await viewer.socket.send_bytes(frame(1, 1, at, 20, loud=at >= 1200, pcm=viewer.holder))
    await viewer.send(type="segment.ended", turn=1, segment=1, at_ms=1800)
    reply = "Once upon a time, there was a fox."
    await viewer.send(
        type="turn.ended", turn=1, status="completed", reply=reply, heard_reply=reply, code=None, message=None
    )


def played(sample: dict[str, Any]) -> float:
    return sample["player"]["played_ms"]


def within(samples: list[dict[str, Any]], start: float, end: float, clock: Any = None) -> list[dict[str, Any]]:
    """Samples of turn 1 in a span of the sound that is well away from its edges; by what is shown, or by another clock."""
    clock = clock or (lambda s: s["shown_ms"])
    found = [s for s in samples if s["turn"] == 1 and start <= clock(s) <= end]
    assert found, f"the page was never seen between {start} and {end} ms"
    return found


@pytest.mark.parametrize("scripts", [(SAMPLER,), (SAMPLER, NO_WORKLET)], ids=["worklet", "scheduled"])
async def test_sound_is_heard_and_lips_and_words_follow_it(scripts: tuple[str, ...]) -> None:
    async with desk(scripts=scripts) as page:
        viewer = await page.stub.holding()
        await story(viewer)
        await page.wait("s.player.played_ms >= 1799 && !s.player.playing")
        await page.wait("s.phase === 'idle' && s.mouth.open === 0")
        samples, state = await page.samples(), await page.state()

        assert state["player"]["kind"] == ("scheduled" if NO_WORKLET in scripts else "worklet")
        assert state["player"]["underruns"] == 0
        levels = await page.page.evaluate("window.hayakuchi.levels()")
        # 1.2 s of a sine of amplitude 9000/32768 at the page's volume (0.9, squared): mean square (0.2225²)/2 each second.
        assert levels["energy"] == pytest.approx(1.2 * 0.2225**2 / 2, rel=0.1)

        loud, gap = within(samples, 150, 500), within(samples, 750, 1100)
        assert min(s["mouth"]["open"] for s in loud) > 0.85
        assert max(s["mouth"]["open"] for s in gap) < 0.05
        assert min(s["recent"] for s in within(samples, 150, 500, played)) > 0.1
        assert max(s["recent"] for s in within(samples, 750, 1100, played)) < 0.01
        assert {s["caption"] for s in loud} == {"Once upon a time, "}
        assert {s["caption"] for s in within(samples, 700, 1700)} == {"Once upon a time, there was a fox."}

        reports = [m["played_ms"] for m in viewer.of("playback")]
        assert len(reports) >= 15
        assert reports == sorted(reports)
        assert reports[-1] == 1800
        assert reports.count(1800) == 1


async def test_an_interruption_is_silent_within_a_tenth_of_a_second() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=1, heard="Go on", viewer=None)
        await viewer.speak(1, 0, "I could go on and on.", 0, 6000)
        await page.wait("s.shown_ms > 600 && l.recent > 0.1")
        await page.page.keyboard.press("Escape")
        await page.stub.until(lambda: viewer.of("interrupt"), "the interrupt")
        await viewer.send(
            type="turn.ended",
            turn=1,
            status="interrupted",
            reply="I could go on and on.",
            heard_reply="I could",
            code=None,
            message=None,
        )
        await viewer.socket.send_bytes(frame(1, 0, 6000, 2000, loud=True, pcm=True))
        await page.wait("s.phase === 'idle' && l.recent < 0.001 && s.mouth.open === 0")
        await asyncio.sleep(0.3)
        samples = await page.samples()
        cut = next(s["at"] for s in reversed(samples) if s["phase"] == "speaking")
        after = [s for s in samples if s["at"] >= cut + 100]
        assert after
        # 15 ms of fade, 30 ms of the meter's window, and the output's latency: all of it is over by then.
        assert max(s["recent"] for s in after) < 0.001
        assert max(s["mouth"]["open"] for s in after) < 0.15
        assert await page.page.locator(".entry.interrupted .entry-text").inner_text() == "I could"


async def test_reload_in_the_middle_of_a_turn_shows_it_and_goes_on_where_it_stopped() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=3, heard="Tell me", viewer="mika")
        await viewer.speak(3, 0, "It was late. ", 0, 1000)
        await page.wait("s.shown_ms > 200")
        turn = {"turn": 3, "heard": "Tell me", "reply": "It was late. The moon was ", "expression": "joy"}
        page.stub.snapshot = snapshot(turn=turn, history=[{"role": "user", "content": "Hi", "viewer": None}])
        await page.page.reload()
        after = await page.stub.holding(1)
        assert (await page.state())["caption"] == "It was late. The moon was "
        entries = page.page.locator(".entry-text")
        texts = [text.strip() for text in await entries.all_inner_texts()]
        assert texts == ["Hi", "Tell me", "It was late. The moon was"]
        for at in range(500, 1500, 20):
            await after.socket.send_bytes(frame(3, 0, at, 20, loud=True, pcm=True))
        await page.wait("s.player.played_ms >= 1499")
        assert min(m["played_ms"] for m in after.of("playback")) >= 500
        assert (await page.page.evaluate("hayakuchi.levels().energy")) > 0.01


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
        await viewer.speak(1, 0, "Oh, you came!", 0, 600)
        await page.wait("l.recent > 0.1 && s.mouth.open > 0.5")


async def test_typing_wakes_the_avatar_as_well_and_keeps_what_is_typed() -> None:
    async with desk(autoplay=False) as page:
        await page.page.get_by_role("button", name="Click to wake Kiyo").wait_for()
        await page.page.keyboard.type("hello")
        viewer = await page.stub.holding()
        await page.page.keyboard.press("Enter")
        await page.stub.until(lambda: viewer.of("input.text"), "what was typed")
        assert viewer.of("input.text") == [{"type": "input.text", "text": "hello"}]


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
        await viewer.speak(1, 0, evil, 0, 400)
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


async def test_a_lost_connection_is_shown_and_comes_back_by_itself() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        await viewer.send(type="turn.started", turn=9, heard="x", viewer=None)
        await viewer.speak(9, 0, "Some words", 0, 4000)
        await page.wait("l.recent > 0.1")
        await viewer.socket.close(code=1001)
        back = await page.stub.holding(1)
        await page.wait("s.link === 'open' && s.phase === 'idle' && s.mouth.open === 0 && l.recent < 0.001")
        # A restarted server numbers its turns from the beginning.
        await back.send(type="turn.started", turn=1, heard="again", viewer=None)
        await back.speak(1, 0, "Back again.", 0, 600)
        await page.wait("s.caption === 'Back again.' && l.recent > 0.1")


async def test_without_the_sound_lips_and_words_go_on_in_silence() -> None:
    elsewhere = snapshot(sound={"holder": False, "viewer": "v9"})
    async with desk(first=elsewhere) as page:
        viewer = await page.stub.viewer()
        await page.wait("s.sound === 'elsewhere'")
        assert viewer.of("sound.claim") == []
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "Heard in another window.", 0, 3000)
        await page.wait("s.mouth.open > 0.8 && s.caption === 'Heard in another window.'")
        assert (await page.page.evaluate("hayakuchi.levels().energy")) == 0
        assert viewer.of("playback") == []
        await page.page.locator("#sound-pill").get_by_role("button", name="Play here").click()
        await page.stub.holding()
        await page.wait("s.sound === 'here'")


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
        await badge.hover()
        assert "llm first token" in await badge.locator(".stages").inner_text()
        toast = page.page.locator(".toast")
        assert "first audio took 640 ms" in await toast.inner_text()
        await toast.get_by_role("button").click()
        assert await toast.count() == 0


async def test_the_stage_is_transparent_and_plays_when_its_address_says_so() -> None:
    async with desk("/stage?audio=1&session=show&name=1") as page:
        viewer = await page.stub.holding()
        assert viewer.query["session"] == "show"
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "On the air.", 0, 3000)
        await page.wait("l.recent > 0.1 && s.mouth.open > 0.8 && s.caption === 'On the air.'")
        assert await page.page.locator("#plate").inner_text() == "Kiyo"
        alpha = alphas(await page.page.screenshot(omit_background=True))
        width, height = 1280, 720
        assert [alpha(x, y) for x in (0, width - 1) for y in (0, height - 1)] == [0, 0, 0, 0]
        assert alpha(width // 2, height // 2) == 255
        assert viewer.of("greet") == []


async def test_the_stage_without_audio_makes_no_sound_and_asks_for_nothing() -> None:
    async with desk("/stage?subtitle=0", autoplay=False) as page:
        viewer = await page.stub.viewer()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "Quiet.", 0, 2000)
        await page.wait("s.mouth.open > 0.8")
        assert (await page.state())["player"] is None
        assert await page.page.locator("#veil").is_hidden()
        assert await page.page.locator("#subtitle").is_hidden()
        assert [m["type"] for m in viewer.received if m["type"] != "ping"] == []


def alphas(png: bytes) -> Any:
    """Alpha of each pixel of an 8-bit RGBA PNG (https://www.w3.org/TR/png/)."""
    width, height = struct.unpack(">II", png[16:24])
    assert png[24:26] == b"\x08\x06", "not RGBA"
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, stride = zlib.decompress(data), 4 * width
    rows: list[bytearray] = []
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        above = rows[-1] if rows else bytearray(stride)
        for x in range(3, stride, 4):
            left, up = (row[x - 4], above[x]) if x > 3 else (0, above[x])
            corner = above[x - 4] if x > 3 else 0
            guess = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            row[x] = (row[x] + (0, left, up, (left + up) // 2, guess)[kind]) % 256
        rows.append(row)
    return lambda x, y: rows[y][4 * x + 3]
