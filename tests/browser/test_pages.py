"""The pages in a real Chromium: sound is heard, and lips and words follow it. The measure is taken at the last node."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from page_desk import NO_WORKLET, SAMPLER, desk
from stage_stub import Viewer, frame, snapshot

pytestmark = pytest.mark.browser


def played(sample: dict[str, Any]) -> float:
    return sample["player"]["played_ms"]


def within(samples: list[dict[str, Any]], start: float, end: float, clock: Any = None) -> list[dict[str, Any]]:
    """Samples of turn 1 in a span of the sound that is well away from its edges; by what is shown, or by another clock."""
    clock = clock or (lambda s: s["shown_ms"])
    found = [s for s in samples if s["turn"] == 1 and start <= clock(s) <= end]
    assert found, f"the page was never seen between {start} and {end} ms"
    return found


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
