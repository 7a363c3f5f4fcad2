"""A chain while one of its providers is being probed, in virtual time."""

import asyncio

import pytest
from scripted_tts import TEXT, FakeTTS, error, failures, length, read
from virtual import run_virtual

from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.chain import Chain
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import Category
from hayakuchi.tts.fallback import FallbackTTS


class Slow(FakeTTS):
    """Its probe takes ``probe_s``, and fails when ``well`` is False."""

    probe_s = 4.0
    well = True

    async def probe(self) -> str:
        await asyncio.sleep(self.probe_s)
        if not self.well:
            raise error(Category.CONNECTIVITY)
        return "here"


async def probing(chain: FallbackTTS, then_s: float = 0.0) -> asyncio.Task[object]:
    task = asyncio.get_running_loop().create_task(chain.probe_all())
    await asyncio.sleep(then_s)
    return task


def test_another_speaks_while_the_first_is_probed() -> None:
    first, second = Slow("a"), FakeTTS("b")
    chain = FallbackTTS([first, second])

    async def main() -> None:
        task = await probing(chain)
        began = loop_ms()
        assert length(await read(chain)) == 800
        assert (first.texts, second.texts, loop_ms() - began) == ([], [TEXT], 0)
        await task
        await read(chain)
        assert (first.texts, second.texts) == ([TEXT], [TEXT])

    run_virtual(main())


def test_it_is_left_alone_when_the_probe_fails_and_used_again_when_one_succeeds() -> None:
    first, second = Slow("a", 60.0), FakeTTS("b")
    first.well = False
    chain = FallbackTTS([first, second])

    async def main() -> None:
        await (await probing(chain))
        await read(chain)
        assert chain.states(loop_ms())[0][1] is BreakerState.OPEN
        await asyncio.sleep(31)
        task = await probing(chain, 2.0)
        assert chain.states(loop_ms())[0][1] is BreakerState.HALF_OPEN
        began = loop_ms()
        await read(chain)
        assert loop_ms() == began, "nobody tries what is being probed"
        assert first.texts == []
        first.well, first.script = True, None
        await task
        await read(chain)
        assert first.texts == [TEXT]

    run_virtual(main())


def test_one_that_is_probed_is_asked_when_no_other_can_serve() -> None:
    first, second = Slow("a"), FakeTTS("b", error(Category.AUTH))
    chain = FallbackTTS([first, second])

    async def main() -> None:
        task = await probing(chain)
        got = await read(chain)
        assert (length(got), failures(got)) == (800, [(Category.AUTH, "a")])
        assert length(await read(chain)) == 800
        assert len(second.asked) == 1
        await task

    run_virtual(main())


def test_a_lone_voice_is_asked_while_it_is_probed() -> None:
    only = Slow("a")
    chain = FallbackTTS([only])

    async def main() -> None:
        task = await probing(chain)
        assert length(await read(chain)) == 800
        await task

    run_virtual(main())


def test_a_cancelled_probe_passes_nobody_over_any_more() -> None:
    first = Slow("a")
    chain = FallbackTTS([first, FakeTTS("b")])

    async def main() -> None:
        task = await probing(chain, 1.0)
        task.cancel()
        await asyncio.wait([task])
        await read(chain)
        assert first.texts == [TEXT]

    run_virtual(main())


def test_providers_that_do_not_stand_in_for_each_other_are_awaited() -> None:
    first = Slow("a")
    chain = Chain("llm", [first, FakeTTS("b")])

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(chain.probe_all())
        await asyncio.sleep(0)
        assert next(chain.attempts()).name == "a"
        await task

    run_virtual(main())


@pytest.mark.parametrize("broken", [False, True])
def test_who_would_be_asked_is_told_to_make_ready(broken: bool) -> None:
    class Ready(FakeTTS):
        told = 0

        def prepare(self) -> None:
            self.told += 1

    first, second = Ready("a", *([error(Category.AUTH)] if broken else [])), Ready("b")
    chain = FallbackTTS([first, second, FakeTTS("c")])

    async def main() -> None:
        if broken:
            await read(chain)
        chain.prepare()
        assert (first.told, second.told) == (0, 1) if broken else (1, 0)
        FallbackTTS([FakeTTS("deaf"), first]).prepare()
        assert first.told == (0 if broken else 1)

    run_virtual(main())
