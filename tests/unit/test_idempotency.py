"""The first answer to a key wins; a first try that fails leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from virtual import VirtualTimeLoop

from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.chat.idempotency import KEPT_MS, OVERHEAD, Replays


class Model:
    """Answers with the number of times that it was asked."""

    def __init__(self, *, fails: int = 0, wait_s: float = 0.0) -> None:
        self.asked = self.closed = 0
        self._fails, self._wait_s = fails, wait_s

    async def answer(self) -> AsyncGenerator[bytes, None]:
        self.asked += 1
        number = self.asked
        try:
            yield b"answer "
            await asyncio.sleep(self._wait_s)
            if number <= self._fails:
                raise Problem(503, "the model failed", "llm.all_failed")
            yield str(number).encode()
        finally:
            self.closed += 1


class Desk:
    def __init__(self, model: Model, max_bytes: int = 10_000) -> None:
        self.model, self.replays, self.replayed = model, Replays(max_bytes), 0

    def _count(self) -> None:
        self.replayed += 1

    async def ask(self, key: str = "k", body: bytes = b"body", owner: str = "") -> bytes:
        chunks = self.replays.once(owner, key, body, self.model.answer(), self._count)
        return b"".join([chunk async for chunk in chunks])


async def test_the_same_key_gets_the_first_answer() -> None:
    desk = Desk(Model())
    assert [await desk.ask(), await desk.ask(), await desk.ask("other")] == [b"answer 1", b"answer 1", b"answer 2"]
    assert (desk.model.asked, desk.replayed) == (2, 1)


async def test_owners_do_not_share_keys() -> None:
    desk = Desk(Model())
    assert [await desk.ask(owner="a"), await desk.ask(owner="b")] == [b"answer 1", b"answer 2"]


async def test_another_body_with_the_same_key_is_refused() -> None:
    desk = Desk(Model())
    await desk.ask()
    with pytest.raises(Problem, match="another request") as caught:
        await desk.ask(body=b"other")
    assert (caught.value.status, desk.model.asked) == (422, 1)
    with pytest.raises(Problem, match="255"):
        await desk.ask("x" * 256)


async def test_who_comes_meanwhile_waits_for_the_first_answer() -> None:
    desk = Desk(Model(wait_s=0.02))
    assert await asyncio.gather(desk.ask(), desk.ask(), desk.ask()) == [b"answer 1"] * 3
    assert desk.model.asked == 1


async def test_a_first_try_that_fails_is_made_again_by_who_waits() -> None:
    desk = Desk(Model(fails=1, wait_s=0.02))
    first, *others = await asyncio.gather(desk.ask(), desk.ask(), desk.ask(), return_exceptions=True)
    assert isinstance(first, Problem)
    assert others == [b"answer 2", b"answer 2"]


async def test_a_first_try_that_is_given_up_leaves_nothing_and_closes_its_model() -> None:
    desk = Desk(Model())
    chunks = desk.replays.once("", "k", b"body", desk.model.answer(), lambda: None)
    assert await anext(chunks) == b"answer "
    await chunks.aclose()
    assert desk.model.closed == 1
    assert await desk.ask() == b"answer 2"


async def test_what_waits_can_be_cancelled() -> None:
    desk = Desk(Model(wait_s=0.05))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(desk.ask())
        await asyncio.sleep(0.01)
        waiting = group.create_task(desk.ask())
        await asyncio.sleep(0.01)
        waiting.cancel()
    assert waiting.cancelled()
    assert first.result() == b"answer 1"


async def test_the_oldest_answers_go_when_there_are_too_many_bytes() -> None:
    size = len(b"answer 1") + 2 * OVERHEAD
    desk = Desk(Model(), max_bytes=2 * size)
    for key in ("a", "b", "c"):
        await desk.ask(key)
    assert desk.replays.size == 2 * size
    assert [await desk.ask("b"), await desk.ask("c")] == [b"answer 2", b"answer 3"]
    assert await desk.ask("a") == b"answer 4"


async def test_an_answer_that_is_too_large_is_not_kept() -> None:
    desk = Desk(Model(), max_bytes=OVERHEAD)
    assert [await desk.ask(), await desk.ask()] == [b"answer 1", b"answer 2"]
    assert desk.replays.size == 0


def test_answers_are_forgotten_after_ten_minutes() -> None:
    async def story() -> list[bytes]:
        desk = Desk(Model())
        answers = [await desk.ask()]
        await asyncio.sleep(KEPT_MS / 1000 - 1)
        answers.append(await desk.ask())
        await asyncio.sleep(1)
        answers.append(await desk.ask())
        return answers

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(story()) == [b"answer 1", b"answer 1", b"answer 2"]
