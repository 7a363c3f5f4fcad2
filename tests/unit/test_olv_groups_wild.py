"""Whatever clients of groups do, in whatever order: nothing breaks, no word is lost or doubled, everything comes to rest."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from olv_actor import Actor, Stage
from virtual import run_virtual

from hayakuchi.core.errors import CapacityError
from hayakuchi.core.types import UserInput
from hayakuchi.gateway.open_llm_vtuber.groups import Groups, Refused

NAMES = ("Ann", "Ben", "Cid", "Dan")
Step = tuple[str, int, int, float]
"""What is done, by whom, to whom, and how long nothing happens then."""
STEPS = st.tuples(
    st.sampled_from(
        ["says", "says", "says", "names", "interrupts", "invites", "invites", "removes", "closes", "speaks up", "speaks",
         "fails", "refuses", "hangs", "hears", "hears nothing"]
    ),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.0, 0.012, 0.1, 0.3, 1.0, 3.0]),
)  # fmt: skip


class Story:
    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.stage, self.groups = Stage(), Groups()
        self.actors: list[Any] = [Actor(self.stage, name, tasks) for name in NAMES]
        self.said: list[tuple[Any, str]] = []
        """In a group, and to whom."""

    async def step(self, what: str, by: int, to: int) -> None:
        one, other = self.actors[by], self.actors[to]
        if one.gone:
            return
        with suppress(Refused):
            match what:
                case "says" | "names":
                    self._say(one, f"Word {len(self.said)}{', ' + other.name if what == 'names' else ''}.")
                case "interrupts" if one.group is not None:
                    one.group.interrupt(one, "Oh.")
                case "invites" if not other.gone:
                    self.groups.add(one, other.uid)
                case "removes":
                    self.groups.remove(one, other.uid)
                case "closes":
                    self.stage.actors.pop(one.uid)
                    one.leave()
                case "speaks up" if one.group is not None:
                    one.group.speak_up(one, UserInput("(Speak.)", remembered=False))
                case "speaks" | "fails" | "refuses" | "hangs":
                    one.does = what
                case "hears" | "hears nothing":
                    one.mic.pending = what == "hears"
                case _:
                    pass

    def _say(self, one: Any, text: str) -> None:
        if one.group is None:
            return
        try:
            one.group.said(one, UserInput(text))
        except CapacityError:
            return
        self.said.append((one, text))

    def check(self) -> None:
        for one in self.actors:
            assert one.group is None or one.group.quiet.is_set()
            texts = [message["text"] for message in one.told if message["type"] == "control"]
            assert texts.count("conversation-chain-start") == texts.count("conversation-chain-end")
            assert not one._watchers
            assert not one._observers
            assert len(one.remembered) == len(set(one.remembered)), one.remembered
        for one, text in self.said:
            assert text in one.remembered or one.gone, (one.name, text, one.remembered)


async def played(steps: list[Step]) -> None:
    async with asyncio.TaskGroup() as tasks:
        story = Story(tasks)
        running = tasks.create_task(story.groups.run())
        await asyncio.sleep(0)
        for what, by, to, pause in steps:
            await story.step(what, by, to)
            if pause:
                await asyncio.sleep(pause)
        await asyncio.sleep(3_000)
        for one in story.actors:
            one.hush()
        await asyncio.sleep(1)
        story.check()
        running.cancel()


@example([("says", 0, 0, 0.012), ("interrupts", 0, 0, 0.012), ("speaks up", 0, 0, 0.0), ("interrupts", 0, 0, 0.0)])
@given(st.lists(STEPS, min_size=4, max_size=40))
def test_whatever_they_do(steps: list[Step]) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    log = logging.getLogger("hayakuchi.gateway.open_llm_vtuber.groups")
    log.addHandler(handler)
    try:
        run_virtual(played([("invites", 0, 1, 0.0), ("invites", 0, 2, 0.0), *steps]))
    finally:
        log.removeHandler(handler)
    assert [record.exc_info for record in records] == []


@pytest.mark.parametrize("does", ["speaks", "fails", "refuses", "hangs"])
def test_three_who_all_do_the_same(does: str) -> None:
    steps: list[Step] = [("invites", 0, 1, 0.0), ("invites", 0, 2, 0.0), *((does, by, 0, 0.0) for by in range(3))]
    run_virtual(
        played([*steps, ("says", 0, 0, 5.0), ("says", 1, 0, 0.0), ("interrupts", 2, 0, 1.0), ("says", 2, 0, 0.0)])
    )
