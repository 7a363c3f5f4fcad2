"""A turn as a client is told of it, in virtual time: it ends, whatever the client does not say and whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.events import (
    AudioSent,
    SessionEvent,
    SpeechEnded,
    SpeechStarted,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from hayakuchi.core.types import Audio, Segment, UserInput
from hayakuchi.gateway.open_llm_vtuber.client import AHEAD_MS
from hayakuchi.gateway.open_llm_vtuber.turn_order import NET_MS, TurnOrder
from hayakuchi.orchestrator.playback import Playback, PlayClock

RATE = 8000
PATIENCE_MS = 5000.0
SLACK_MS = 50.0


class Bug(Exception):
    """Of our own code."""


class Rig:
    """A session's events and its play clock, told to a client of which a test says what it says."""

    def __init__(self, *, split: str = "never", streams: bool = False) -> None:
        self.told: list[dict[str, Any]] = []
        self.stalled: list[str] = []
        self.playback = Playback(RATE, AHEAD_MS)
        self.doings: Callable[[], object] = lambda: None
        """Called with every item that the client is sent."""
        part = SimpleNamespace(
            settings=SimpleNamespace(latency=SimpleNamespace(first_audio_ms=500.0)),
            look=SimpleNamespace(split=split, playback_patience_s=PATIENCE_MS / 1000),
            character=SimpleNamespace(name="Test"),
        )
        look = SimpleNamespace(avatar=lambda part: "", expressions=lambda part, names: None)
        doors = SimpleNamespace(look=look, figures=SimpleNamespace(stalled=self.stalled.append))
        client: Any = SimpleNamespace(
            uid="one", part=part, doors=doors, streams=streams, send=self.told.append, send_item=self._send_item
        )
        session: Any = SimpleNamespace(playback=self.playback, turn=None)
        self.order = TurnOrder(client, session, lambda *over: None)
        self._turn = 0

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.told]

    async def speak(
        self, *clips: tuple[str, float], rtf: float = 0.01, later_rtf: float | None = None, thinks_s: float = 0.0
    ) -> float:
        """A turn of these texts and lengths; when it ended. ``later_rtf``: of all clips but the first; ``thinks_s``: how long
        the model goes on after the last of them."""
        self._turn += 1
        playback = self.playback
        playback.begin(self._turn)
        self._tell(TurnStarted(self._turn, UserInput("Hi")))
        for index, (text, length_ms) in enumerate(clips):
            self._tell(SpeechStarted(self._turn, Segment(index, text, text), playback.sent_ms, silent=False))
            for _ in range(round(length_ms / 100)):
                await asyncio.sleep((rtf if later_rtf is None or not index else later_rtf) / 10)
                audio = Audio(b"\x00\x10" * (RATE // 10), RATE)
                self._tell(AudioSent(self._turn, index, await playback.send(audio), audio))
            self._tell(SpeechEnded(self._turn, index, playback.sent_ms))
        await asyncio.sleep(thinks_s)
        await playback.drained()
        self._tell(TurnEnded(self._turn, TurnStatus.COMPLETED, "", ""))
        return loop_ms()

    async def ends(self, *clips: tuple[str, float], **more: float) -> float:
        """How long such a turn takes; it must end by itself."""
        began = loop_ms()
        async with asyncio.timeout(600):
            return await self.speak(*clips, **more) - began

    async def broken_off(self, *clips: tuple[str, float]) -> None:
        """Such a turn, of which all is sent, and which is interrupted then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self.speak(*clips)
        assert self.kinds()[-1] == "backend-synth-complete"
        self._tell(TurnEnded(self._turn, TurnStatus.INTERRUPTED, "", ""))

    def _send_item(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        self.doings()

    def _tell(self, event: SessionEvent) -> None:
        """As a session does it: what breaks in an observer is the observer's."""
        with suppress(Bug, IndexError):
            self.order.observe(event)


def raising(times: int, then: Callable[..., Any]) -> Callable[..., Any]:
    left = times

    def double(*args: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Bug
        return then(*args, **more)

    return double


@pytest.mark.parametrize("streams", [False, True])
def test_a_client_that_never_says_anything_ends_a_turn_when_patience_is_over(streams: bool) -> None:
    async def main() -> None:
        rig = Rig(streams=streams)
        took = await rig.ends(("One. ", 1000), ("Two.", 2000))
        assert took == pytest.approx(3000 + PATIENCE_MS, abs=SLACK_MS)
        assert rig.stalled == ["listener"]

    run_virtual(main())


def test_a_turn_whose_model_goes_on_thinking_after_all_was_played_ends_with_the_model() -> None:
    async def main() -> None:
        rig = Rig()
        took = await rig.ends(("One.", 1000), thinks_s=60)
        assert took == pytest.approx(60_000, abs=200)
        assert rig.kinds().count("backend-synth-complete") == 1

    run_virtual(main())


@pytest.mark.parametrize(
    "what", ["_maker.observe", "_maker.poll", "_player.grew", "_player.sent", "_settle", "_report"]
)
@pytest.mark.parametrize("streams", [False, True])
def test_whatever_breaks_once_a_turn_ends_in_time(what: str, streams: bool) -> None:
    async def main() -> None:
        rig = Rig(streams=streams)
        *owner, name = what.split(".")
        broken: Any = getattr(rig.order, owner[0]) if owner else rig.order
        if hasattr(type(broken), "__slots__"):
            pytest.fail("it cannot be doubled")
        setattr(broken, name, raising(1, getattr(broken, name)))
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        took = await rig.ends(("One. ", 1000), ("Two.", 2000))
        assert took <= 3000 + PATIENCE_MS + 1000
        assert rig.kinds()[-1] == "control"

    run_virtual(main())


def test_a_watcher_that_breaks_once_costs_no_turn() -> None:
    async def main() -> None:
        rig = Rig()
        rig.doings = raising(1, lambda: None)
        assert await rig.ends(("One. ", 1000), ("Two.", 2000)) <= 3000 + PATIENCE_MS + SLACK_MS

    run_virtual(main())


@pytest.mark.parametrize("streams", [False, True])
def test_behind_an_alarm_that_is_lost_there_is_a_net(streams: bool) -> None:
    async def main() -> None:
        rig = Rig(streams=streams)
        alarm: Any = rig.order._alarm
        alarm.set = lambda at: None
        took = await rig.ends(("One. ", 1000), ("Two.", 2000))
        assert PATIENCE_MS + NET_MS <= took <= 2 * 3000 + PATIENCE_MS + NET_MS + 1000
        assert rig.stalled == ["listener"]
        # The next turn is the client's again.
        del alarm.set
        assert await rig.ends(("Three.", 1000)) <= 1000 + PATIENCE_MS + SLACK_MS
        assert rig.playback.clock is PlayClock.LISTENER

    run_virtual(main())


def test_what_breaks_every_time_ends_in_the_net_too() -> None:
    async def main() -> None:
        rig = Rig()
        order: Any = rig.order
        order._settle = raising(10**9, lambda: None)
        rung: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: rung.append(context))
        with suppress(Bug):
            await rig.ends(("One.", 1000))
        assert len(rung) < 1000, "it must not be looked at again and again for nothing"

    run_virtual(main())


def test_what_breaks_as_the_last_item_is_sent_does_not_keep_it_from_being_heard() -> None:
    async def main() -> None:
        rig = Rig()
        rig.doings = raising(1, lambda: None)
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.ends(("One.", 3000), thinks_s=30))
            await asyncio.sleep(PATIENCE_MS / 1000 + 3)
            assert rig.playback.played_ms() == pytest.approx(3000, abs=200)
        assert turn.result() < 31_000

    run_virtual(main())


def test_what_the_client_was_not_sent_it_has_not_heard() -> None:
    async def main() -> None:
        rig = Rig()
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.speak(("One.", 4000), rtf=1))
            await asyncio.sleep(3.5)
            assert (rig.kinds().count("audio"), rig.playback.played_ms()) == (0, 0)
            turn.cancel()

    run_virtual(main())


def test_a_voice_that_is_slow_and_then_fast_leaves_the_client_its_time() -> None:
    async def main() -> None:
        rig = Rig()
        loop = asyncio.get_running_loop()
        rig.doings = lambda: loop.call_later(1, rig.order.play_started, rig.told[-1]["display_text"]["text"])
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.speak(("One. ", 18_000), ("Two.", 15_000), rtf=2.5, later_rtf=0.01))
            await asyncio.sleep(47)
            assert rig.playback.ahead_ms() > AHEAD_MS - 2000, "the voice waits for the client"
            assert rig.stalled == []
            turn.cancel()

    run_virtual(main())


def test_the_net_holds_no_client_for_lost_whose_voice_is_merely_slow() -> None:
    async def main() -> None:
        rig = Rig()
        loop = asyncio.get_running_loop()

        def plays() -> None:
            text = rig.told[-1]["display_text"]["text"]
            loop.call_later(0.1, rig.order.play_started, text)

        rig.doings = plays
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.ends(("One. ", 15_000), ("Two.", 15_000), rtf=5))
            while "backend-synth-complete" not in rig.kinds():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await asyncio.sleep(15)
            rig.order.play_completed()
        assert turn.result() == pytest.approx(165_000, abs=2000)
        assert rig.stalled == []

    run_virtual(main())


@pytest.mark.parametrize("tells", [False, True])
def test_the_word_on_an_interrupted_turn_does_not_end_the_next_one(tells: bool) -> None:
    async def main() -> None:
        rig = Rig()
        if tells:
            rig.doings = lambda: rig.order.play_started(rig.told[-1]["display_text"]["text"])
        await rig.broken_off(("Gone.", 3000))
        rig.doings = lambda: None
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.ends(("One. ", 2000), ("Two.", 2000)))
            await asyncio.sleep(0.5)
            assert rig.kinds()[-1] == "backend-synth-complete"
            rig.order.play_completed()  # it was on its way
            await asyncio.sleep(0.5)
            assert not turn.done()
            assert rig.playback.played_ms() == 0
            for text in ("One. ", "Two.") if tells else ():
                rig.order.play_started(text)
                await asyncio.sleep(2)
            await asyncio.sleep(0 if tells else 4)
            rig.order.play_completed()
            await asyncio.sleep(0)
            assert rig.playback.played_ms() == 4000
        assert turn.result() < 5200

    run_virtual(main())


def test_the_word_on_an_interrupted_turn_that_comes_before_the_next_one_is_not_owed_any_more() -> None:
    async def main() -> None:
        rig = Rig()
        await rig.broken_off(("Gone.", 3000))
        rig.order.play_completed()
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.ends(("One.", 2000)))
            await asyncio.sleep(0.5)
            rig.order.play_completed()
        assert turn.result() < 600

    run_virtual(main())


def test_what_was_heard_by_the_clients_word_is_not_more_a_moment_later() -> None:
    async def main() -> None:
        rig = Rig()
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.speak(("One. ", 1000), ("Two. ", 1000), ("Three.", 1000)))
            await asyncio.sleep(0.1)
            rig.order.play_started("One. ")
            await asyncio.sleep(0.2)
            rig.order.note_heard("One.")
            assert rig.playback.played_ms() == pytest.approx(200, abs=SLACK_MS)
            # The turn takes a while to end: the alarm rings, and the client is looked at once more.
            await asyncio.sleep(7)
            rig.order.note_heard()
            assert rig.playback.played_ms() == 1000
            turn.cancel()

    run_virtual(main())


def test_in_the_turn_after_that_nothing_is_held_back() -> None:
    async def main() -> None:
        rig = Rig()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await rig.speak(("One. ", 1000), ("Two.", 1000))
        rig.order.note_heard("One.")
        rig._tell(TurnEnded(1, TurnStatus.INTERRUPTED, "", ""))
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(rig.ends(("Three. ", 3000)))
            await asyncio.sleep(0.5)
            rig.order.play_started("Three.")
            await asyncio.sleep(2)
            assert rig.playback.played_ms() == pytest.approx(2000, abs=150)
        assert turn.result() <= 3500 + PATIENCE_MS + SLACK_MS

    run_virtual(main())
