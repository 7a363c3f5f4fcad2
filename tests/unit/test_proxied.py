"""How long a proxied avatar's reply is waited for, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.events import ToolUsed, TurnEnded, TurnStatus
from hayakuchi.core.tool_use import ToolStatus
from hayakuchi.gateway.open_llm_vtuber.calls import Calls
from hayakuchi.gateway.open_llm_vtuber.proxied import LONGEST_S, STILL_S, Avatar


class Shared:
    """Stands for the avatar's client; ``ended_at`` is when it was given up (ms)."""

    group = None

    def __init__(self) -> None:
        self.calls = Calls()
        self.ended_at: int | None = None

    def interrupt(self) -> None:
        self.ended_at = round(loop_ms())


def use(id: str, status: ToolStatus) -> ToolUsed:
    return ToolUsed(1, id, "clock", status, "")


def waiting() -> tuple[Shared, Avatar, asyncio.Future[None]]:
    """For a reply that never ends."""
    nothing: Any = None
    client: Any = Shared()
    avatar = Avatar(nothing, nothing)
    avatar.client = client
    return client, avatar, asyncio.ensure_future(avatar._until(lambda: False))  # pyright: ignore[reportPrivateUsage]


def test_a_tool_that_takes_long_is_waited_for_and_the_reply_has_its_time_after_it() -> None:
    async def story() -> None:
        client, avatar, over = waiting()
        await asyncio.sleep(1)
        client.calls.observe(use("a", ToolStatus.RUNNING))
        await asyncio.sleep(STILL_S * 3)
        assert not over.done()
        client.calls.observe(use("a", ToolStatus.COMPLETED))
        avatar._stirred.set()  # its client is told  # pyright: ignore[reportPrivateUsage]
        await over
        assert client.ended_at == (1 + STILL_S * 4) * 1000

    run_virtual(story())


def test_no_tool_is_waited_for_without_end() -> None:
    async def story() -> None:
        client, _, over = waiting()
        client.calls.observe(use("a", ToolStatus.RUNNING))
        await over
        assert client.ended_at == LONGEST_S * 1000

    run_virtual(story())


def test_a_call_ends_with_its_turn() -> None:
    calls = Calls()
    calls.observe(use("a", ToolStatus.RUNNING))
    calls.observe(use("b", ToolStatus.RUNNING))
    calls.observe(use("a", ToolStatus.ERROR))
    assert calls.running
    calls.observe(TurnEnded(1, TurnStatus.INTERRUPTED, "", ""))
    assert not calls.running
