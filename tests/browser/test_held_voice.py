"""Her voice is held while somebody speaks, in a real Chromium: silent at once, and no sound lost. Measured at the last node."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from page_desk import NO_WORKLET, SAMPLER, Desk, desk
from stage_stub import Viewer, snapshot

pytestmark = pytest.mark.browser

WORDS = "A long and winding sentence."
LENGTH_MS = 3000


async def speaking(page: Desk) -> Viewer:
    viewer = await page.stub.holding()
    await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
    await viewer.speak(1, 0, WORDS, 0, LENGTH_MS)
    await page.wait("s.player.played_ms > 800 && l.recent > 0.1")
    return viewer


async def energy(page: Desk) -> float:
    return await page.page.evaluate("hayakuchi.levels().energy")


async def hold(page: Desk, viewer: Viewer) -> dict[str, Any]:
    await viewer.send(type="speech.paused", turn=1, at_ms=800)
    await page.wait("s.paused && !s.player.playing && l.recent < 0.001")
    return await page.state()


@pytest.mark.parametrize("scripts", [(SAMPLER,), (SAMPLER, NO_WORKLET)], ids=["worklet", "scheduled"])
async def test_it_goes_on_where_it_was_held_and_nothing_is_lost(scripts: tuple[str, ...]) -> None:
    async with desk(scripts=scripts, lively=True) as page:
        viewer = await speaking(page)
        held = await hold(page, viewer)
        before = await energy(page)
        quiet = await page.page.evaluate("performance.now()")
        await asyncio.sleep(3)
        still = await page.state()
        assert await energy(page) == pytest.approx(before, abs=1e-5)
        assert still["player"]["played_ms"] == still["shown_ms"] == held["player"]["played_ms"]
        assert (still["phase"], still["caption"], still["mouth"]["open"]) == ("speaking", WORDS, 0)
        await page.page.get_by_text("listening", exact=True).wait_for()
        assert await page.page.locator("#stop").is_visible()
        assert max(s["recent"] for s in await page.samples() if s["at"] > quiet) < 0.001

        await viewer.send(type="speech.resumed", turn=1)
        await viewer.send(
            type="turn.ended", turn=1, status="completed", reply=WORDS, heard_reply=WORDS, code=None, message=None
        )
        await page.wait(f"s.player.played_ms >= {LENGTH_MS - 1} && !s.player.playing && s.phase === 'idle'")
        # All of the tone (amplitude 0.2225 at the page's volume) and at most the 15 ms that were faded out once more.
        whole = LENGTH_MS / 1000 * 0.2225**2 / 2
        assert whole * 0.98 < await energy(page) < whole * 1.02
        reports = [message["played_ms"] for message in viewer.of("playback")]
        assert reports == sorted(reports)
        assert reports[-1] == LENGTH_MS


async def test_what_is_interrupted_while_it_is_held_is_dropped() -> None:
    async with desk(lively=True) as page:
        viewer = await speaking(page)
        await hold(page, viewer)
        before = await energy(page)
        await viewer.send(
            type="turn.ended", turn=1, status="interrupted", reply=WORDS, heard_reply="A long", code=None, message=None
        )
        await viewer.send(type="speech.resumed", turn=1)
        await page.wait("!s.paused && s.phase === 'idle'")
        await asyncio.sleep(0.5)
        assert await energy(page) == pytest.approx(before, abs=1e-5)
        await viewer.send(type="turn.started", turn=2, heard="y", viewer=None)
        await viewer.speak(2, 0, "Yes?", 0, 6000)
        await page.wait("l.recent > 0.1 && s.caption === 'Yes?'")


async def test_a_reload_while_it_is_held_begins_held() -> None:
    async with desk(lively=True) as page:
        viewer = await speaking(page)
        await hold(page, viewer)
        turn = {"turn": 1, "heard": "x", "reply": WORDS, "expression": "joy", "paused": True}
        page.stub.snapshot = snapshot(turn=turn)
        await page.page.reload()
        after = await page.stub.holding(1)
        await after.sound(1, 0, 800, 1000)
        await asyncio.sleep(0.8)
        assert await energy(page) == 0
        assert (await page.state())["paused"]
        await after.send(type="speech.resumed", turn=1)
        await page.wait("s.player.played_ms >= 1799")
        assert await energy(page) == pytest.approx(0.2225**2 / 2, rel=0.05)


async def test_without_the_sound_lips_and_words_stand_still_as_well() -> None:
    async with desk(first=snapshot(sound={"holder": False, "viewer": "v9"}), lively=True) as page:
        viewer = await page.stub.viewer()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, WORDS, 0, 400)
        await page.wait("s.mouth.open > 0.8")
        await viewer.send(type="speech.paused", turn=1, at_ms=100)
        await page.wait("s.paused && s.mouth.open === 0")
        held = (await page.state())["shown_ms"]
        await asyncio.sleep(0.6)
        assert (await page.state())["shown_ms"] == held < 400
        await viewer.send(type="speech.resumed", turn=1)
        await page.wait("s.shown_ms >= 399")
