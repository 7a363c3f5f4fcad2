"""What the others of a group see of a reply, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.events import SessionEvent, ToolUsed, TurnStarted, TurnStatus
from hayakuchi.core.tool_use import ToolStatus
from hayakuchi.core.types import UserInput
from hayakuchi.gateway.open_llm_vtuber import server_messages as told
from hayakuchi.gateway.open_llm_vtuber.client import ItemSent, ReplyOver
from hayakuchi.gateway.open_llm_vtuber.relay import LONGEST_MS, STILL_MS, STOPPED_MS, Relay

ASKED = UserInput("Well?")


class Session:
    """Stands for the speaker's."""

    def __init__(self) -> None:
        self.observers: list[Callable[[SessionEvent], None]] = []

    def observe(self, observer: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self.observers.append(observer)
        return lambda: self.observers.remove(observer)

    def begins(self, turn: int, heard: UserInput) -> None:
        self.tells(TurnStarted(turn, heard))

    def uses(self, status: ToolStatus, id: str = "a", turn: int = 4) -> None:
        self.tells(ToolUsed(turn, id, "clock", status, ""))

    def tells(self, event: SessionEvent) -> None:
        for observer in tuple(self.observers):
            observer(event)


class Frontend:
    """Stands for a client: what it is told, and when (ms)."""

    def __init__(self) -> None:
        self.session = Session()
        self.told: list[tuple[float, dict[str, Any]]] = []

    def send(self, message: dict[str, Any], request_id: str | None = None) -> None:
        self.told.append((round(loop_ms()), message))

    @property
    def words(self) -> list[tuple[float, str]]:
        return [(at, one["display_text"]["text"]) for at, one in self.told if one["type"] == "audio"]


def relay(*listeners: Frontend, sound: bool = False) -> Relay:
    """Of a reply that has begun: the fourth of its speaker."""
    speaker: Any = Frontend()
    others: Any = listeners
    made = Relay(speaker, others, sound=sound)
    made.follow(ASKED)
    speaker.session.begins(4, ASKED)
    return made


def item(text: str, lasts_ms: int) -> ItemSent:
    shown = told.display_text(text, "Ann", "")
    return ItemSent(told.audio("UklGRg==", [0.5] * (lasts_ms // 20), shown, told.actions([3])))


def over(turn: int = 4, status: TurnStatus = TurnStatus.COMPLETED) -> ReplyOver:
    return ReplyOver(turn, status, "One. Two.", "One. Two.")


def test_words_are_shown_when_the_speakers_client_can_begin_to_play_them() -> None:
    async def story() -> None:
        ann = Frontend()
        one = relay(ann)
        waiting = asyncio.ensure_future(one.over())
        one.observe(item("One.", 1000))
        one.observe(item("Two.", 2000))
        await asyncio.sleep(0.5)
        one.observe(item("Three.", 100))
        await asyncio.sleep(4)
        one.observe(over())
        assert await waiting == over()
        assert ann.words == [(0, "One."), (1020, "Two."), (3040, "Three.")]
        assert one.shown == "One.Two.Three."
        assert all(
            message["forwarded"] and message["audio"] is None and message["actions"] is None for _, message in ann.told
        )

    run_virtual(story())


def test_what_is_left_is_shown_before_the_reply_is_over() -> None:
    async def story() -> None:
        ann = Frontend()
        one = relay(ann)
        one.begin()
        one.observe(item("One.", 1000))
        one.observe(item("Two.", 1000))
        one.observe(over())
        await one.over()
        one.end()
        kinds = [message.get("text", message["type"]) for _, message in ann.told]
        assert kinds == [
            "conversation-chain-start",
            "Thinking...",
            "audio",
            "audio",
            "force-new-message",
            "conversation-chain-end",
        ]

    run_virtual(story())


def test_what_was_not_heard_of_an_interrupted_reply_is_not_shown() -> None:
    async def story() -> None:
        ann = Frontend()
        one = relay(ann)
        waiting = asyncio.ensure_future(one.over())
        one.observe(item("One.", 1000))
        one.observe(item("Two.", 1000))
        await asyncio.sleep(0.5)
        one.stop()
        one.observe(item("Late.", 1000))
        one.observe(over(status=TurnStatus.INTERRUPTED))
        ended = await waiting
        assert ended is not None
        assert ended.status is TurnStatus.INTERRUPTED
        assert ann.words == [(0, "One.")]

    run_virtual(story())


def test_the_end_of_an_earlier_turn_is_not_its_end() -> None:
    async def story() -> None:
        one = relay(Frontend())
        waiting = asyncio.ensure_future(one.over())
        one.observe(over(turn=3, status=TurnStatus.INTERRUPTED))
        await asyncio.sleep(1)
        assert not waiting.done()
        one.observe(over(turn=4))
        assert await waiting == over(turn=4)

    run_virtual(story())


def test_what_the_speaker_still_says_when_it_is_asked_is_another_reply() -> None:
    async def story() -> None:
        ann, ben = Frontend(), Frontend()
        speaker: Any = ann
        others: Any = [ben]
        one = Relay(speaker, others, sound=False)
        one.observe(item("Before it was asked.", 100))
        one.follow(ASKED)
        ann.session.begins(3, UserInput(ASKED.text))  # what waited before it: the same words, but not those
        one.observe(item("Before it began.", 100))
        one.observe(over(turn=3, status=TurnStatus.INTERRUPTED))
        ann.session.begins(4, ASKED)
        one.observe(item("Its own.", 100))
        one.observe(over(turn=4))
        one.observe(item("After it.", 100))
        assert await one.over() == over(turn=4)
        assert [text for _, text in ben.words] == ["Its own."]
        one.end()
        assert not ann.session.observers

    run_virtual(story())


@pytest.mark.parametrize("stopped", [False, True])
def test_what_does_not_end_is_waited_for_no_longer_than_it_may(stopped: bool) -> None:
    async def story() -> None:
        one = relay(Frontend())
        one.observe(item("One.", 5000))
        if stopped:
            one.stop()
        assert await one.over() is None
        assert round(loop_ms()) == (STOPPED_MS if stopped else 5020 + STILL_MS)

    run_virtual(story())


def test_a_tool_that_takes_long_is_waited_for_and_the_reply_has_its_time_after_it() -> None:
    async def story() -> None:
        one = relay(Frontend())
        session: Any = one.speaker.session
        waiting = asyncio.ensure_future(one.over())
        session.uses(ToolStatus.RUNNING)
        session.uses(ToolStatus.RUNNING, "b")
        await asyncio.sleep(STILL_MS / 1000)
        session.uses(ToolStatus.COMPLETED)
        await asyncio.sleep(STILL_MS * 2 / 1000)
        session.uses(ToolStatus.ERROR, "b")
        await asyncio.sleep(STILL_MS / 1000 - 1)
        assert not waiting.done()
        assert await waiting is None
        assert round(loop_ms()) == STILL_MS * 4

    run_virtual(story())


def test_no_tool_is_waited_for_without_end_nor_where_the_reply_was_stopped() -> None:
    async def story() -> None:
        one, stopped = relay(Frontend()), relay(Frontend())
        session: Any = one.speaker.session
        silenced: Any = stopped.speaker.session
        session.uses(ToolStatus.RUNNING)
        silenced.uses(ToolStatus.RUNNING)
        stopped.stop()
        silenced.uses(ToolStatus.RUNNING, "b")
        assert await stopped.over() is None
        assert round(loop_ms()) == STOPPED_MS
        assert await one.over() is None
        assert round(loop_ms()) == LONGEST_MS

    run_virtual(story())


def test_nor_is_one_that_goes_on_and_on() -> None:
    async def story() -> None:
        one = relay(Frontend())

        async def talk() -> None:
            while True:
                one.observe(item("More.", 1000))
                await asyncio.sleep(1)

        talking = asyncio.ensure_future(talk())
        assert await one.over() is None
        assert round(loop_ms()) == LONGEST_MS
        talking.cancel()
        await asyncio.wait([talking])

    run_virtual(story())


def test_a_stream_of_sound_is_shown_as_its_words() -> None:
    async def story() -> None:
        ann = Frontend()
        one = relay(ann)
        waiting = asyncio.ensure_future(one.over())
        for text in ("One.", "Two."):
            one.observe(ItemSent(told.audio_stream_start("s", 16_000, told.display_text(text, "Ann", ""), None)))
            one.observe(ItemSent(told.audio_stream_chunk("s", "A" * (32_000 * 4 // 3))))
            one.observe(ItemSent(told.audio_stream_end("s")))
        await asyncio.sleep(3)
        one.observe(over())
        await waiting
        assert [text for _, text in ann.words] == ["One.", "Two."]
        assert 1000 <= ann.words[1][0] <= 1100
        assert len(ann.told) == 2

    run_virtual(story())


def test_where_sound_is_wanted_it_is_forwarded_as_it_comes() -> None:
    async def story() -> None:
        ann = Frontend()
        one = relay(ann, sound=True)
        one.observe(item("One.", 1000))
        one.observe(item("Two.", 1000))
        assert ann.words == [(0, "One."), (0, "Two.")]
        assert all(message["audio"] and message["forwarded"] and not message["actions"] for _, message in ann.told)
        await asyncio.sleep(0)

    run_virtual(story())


def test_nobody_is_told_of_the_end_of_what_was_never_told_to_begin() -> None:
    async def story() -> None:
        ann, ben = Frontend(), Frontend()
        one = relay(ann, ben)
        one.leave(ann)  # type: ignore[arg-type]
        one.end()
        assert (ann.told, ben.told) == ([], [])

    run_virtual(story())


def test_who_leaves_is_told_that_it_is_over_and_nothing_more() -> None:
    async def story() -> None:
        ann, ben = Frontend(), Frontend()
        one = relay(ann, ben)
        one.begin()
        one.leave(ann)  # type: ignore[arg-type]
        one.leave(ann)  # type: ignore[arg-type]
        one.observe(item("One.", 100))
        one.end()
        kinds = [message.get("text", message["type"]) for _, message in ann.told]
        assert kinds == ["conversation-chain-start", "Thinking...", "force-new-message", "conversation-chain-end"]
        assert [text for _, text in ben.words] == ["One."]
        await asyncio.sleep(0)

    run_virtual(story())
