"""Several recognisers as one: who is asked, for how long, and what a failure changes. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from scripted_asr import ScriptedASR
from virtual import run_virtual

from hayakuchi.asr.base import ASR, Download, Progress, Wishes
from hayakuchi.asr.fallback import FallbackASR
from hayakuchi.core.breaker import BreakerState
from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.provider import Deadlines
from hayakuchi.core.types import Audio

CLIP = Audio(bytes(32_000), 16_000)


def seconds_of(count: int) -> Audio:
    return Audio(bytes(32_000 * count), 16_000)


def failing(category: Category = Category.UNAVAILABLE, **options: Any) -> ProviderError:
    return ProviderError("asr", "scripted_asr", category, "broke", **options)


def says(text: str | ProviderError, **options: Any) -> ScriptedASR:
    return ScriptedASR(lambda clip: text, **options)


def chain_of(*providers: ScriptedASR) -> FallbackASR:
    for number, provider in enumerate(providers, 1):
        provider.name = f"asr_{number}"
    return FallbackASR(providers)


def states(chain: FallbackASR) -> list[BreakerState]:
    return [state for _, state, _ in chain.states(loop_ms())]


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        run_virtual(test())

    run.__name__ = test.__name__
    return run


@virtual
async def test_the_first_one_is_asked_and_the_next_one_only_after_it() -> None:
    first, second = says("first"), says("second")
    chain = chain_of(first, second)
    await chain.open()
    assert (await chain.transcribe(CLIP, language="en")).text == "first"
    assert second.clips == []
    first.script = lambda clip: failing()
    assert (await chain.transcribe(CLIP, language="ja", partial=True)).text == "second"
    assert second.clips == [(CLIP, "ja", True)]
    assert chain.in_use is second


@virtual
async def test_one_that_breaks_has_failed() -> None:
    def broken(clip: Audio) -> str:
        raise IndexError("list index out of range")

    first, second = ScriptedASR(broken), says("second")
    chain = chain_of(first, second)
    await chain.open()
    assert (await chain.transcribe(CLIP)).text == "second"
    second.script = broken
    with pytest.raises(AllProvidersFailed, match="asr_2: broke"):
        await chain.transcribe(CLIP)


@virtual
async def test_after_three_failures_it_is_left_alone_and_tried_again_later() -> None:
    first, second = says(failing()), says("second")
    chain = chain_of(first, second)
    await chain.open()
    for _ in range(5):
        await chain.transcribe(CLIP)
    assert len(first.clips) == 3
    assert states(chain) == [BreakerState.OPEN, BreakerState.CLOSED]
    first.script = lambda clip: "first"
    await asyncio.sleep(2)
    assert (await chain.transcribe(CLIP)).text == "first"
    assert states(chain) == [BreakerState.CLOSED, BreakerState.CLOSED]


@virtual
async def test_when_all_fail_each_failure_is_told() -> None:
    chain = chain_of(says(failing(Category.AUTH)), says(failing(Category.CONNECTIVITY)))
    await chain.open()
    with pytest.raises(AllProvidersFailed) as caught:
        await chain.transcribe(CLIP)
    assert [error.category for error in caught.value.attempts] == [Category.AUTH, Category.CONNECTIVITY]


@pytest.mark.parametrize(("seconds", "limit_s"), [(1, 5), (30, 5), (31, 10), (95, 20)])
def test_the_deadline_grows_with_the_clip(seconds: int, limit_s: float) -> None:
    async def main() -> None:
        asr = says("late", takes_ms=1000 * (limit_s + 1))
        chain = chain_of(asr)
        await chain.open()
        with pytest.raises(AllProvidersFailed, match=f"did not understand {seconds}.0 s of sound within {limit_s} s"):
            await chain.transcribe(seconds_of(seconds))
        assert loop_ms() == pytest.approx(1000 * limit_s, abs=20)
        assert asr.running == 0
        asr.takes_ms = 1000 * (limit_s - 1)
        assert (await chain.transcribe(seconds_of(seconds))).text == "late"

    run_virtual(main())


@virtual
async def test_what_takes_too_long_is_given_to_the_next_one() -> None:
    chain = chain_of(says("late", takes_ms=60_000), says("second"))
    await chain.open()
    assert (await chain.transcribe(CLIP)).text == "second"
    assert loop_ms() == pytest.approx(5050, abs=20)


@virtual
async def test_partials_that_take_too_long_do_not_cost_the_final_its_provider() -> None:
    first, second = says("first", takes_ms=60_000), says("second")
    chain = chain_of(first, second)
    await chain.open()
    for _ in range(10):
        with pytest.raises(AllProvidersFailed, match="did not understand"):
            await chain.transcribe(CLIP, partial=True)
    assert second.clips == []
    assert states(chain)[0] is BreakerState.CLOSED
    first.takes_ms = 10
    assert (await chain.transcribe(CLIP)).text == "first"


@virtual
async def test_partials_that_are_refused_count() -> None:
    first, second = says(failing(Category.RATE_LIMITED, retry_after_s=60)), says("second")
    chain = chain_of(first, second)
    await chain.open()
    assert (await chain.transcribe(CLIP, partial=True)).text == "second"
    assert (await chain.transcribe(CLIP)).text == "second"
    assert len(first.clips) == 1


@virtual
async def test_a_partial_in_trial_that_takes_too_long_leaves_the_trial_to_the_next_one() -> None:
    first, second = says(failing()), says("second")
    chain = chain_of(first, second)
    await chain.open()
    for _ in range(3):
        await chain.transcribe(CLIP)
    await asyncio.sleep(2)
    first.script, first.takes_ms = lambda clip: "first", 60_000
    with pytest.raises(AllProvidersFailed):
        await chain.transcribe(CLIP, partial=True)
    assert states(chain)[0] is BreakerState.HALF_OPEN
    first.takes_ms = 10
    assert (await chain.transcribe(CLIP)).text == "first"


@virtual
async def test_cancelling_lets_go_of_the_work_and_counts_for_nothing() -> None:
    asr = says("late", takes_ms=4_000)
    chain = chain_of(asr)
    await chain.open()
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await chain.transcribe(CLIP)
        assert asr.running == 0
    assert states(chain) == [BreakerState.CLOSED]


class EnglishOnly(ScriptedASR):
    languages = frozenset({"en"})


@virtual
async def test_who_does_not_know_the_language_is_passed_over_and_stays_in_service() -> None:
    first, second = EnglishOnly(lambda clip: "first"), says("second")
    chain = chain_of(first, second)
    await chain.open()
    assert (await chain.transcribe(CLIP, language="ja")).text == "second"
    assert (await chain.transcribe(CLIP, language="en")).text == "first"
    assert (await chain.transcribe(CLIP)).text == "first"
    assert [language for _, language, _ in first.clips] == ["en", None]


@virtual
async def test_a_language_that_nobody_knows_is_told() -> None:
    chain = chain_of(EnglishOnly(lambda clip: "first"))
    await chain.open()
    with pytest.raises(AllProvidersFailed, match="does not know the language 'ja'") as caught:
        await chain.transcribe(CLIP, language="ja")
    assert [error.category for error in caught.value.attempts] == [Category.INVALID_REQUEST]
    assert states(chain) == [BreakerState.CLOSED]


class Downloading(ScriptedASR):
    def __init__(self, error: ProviderError | None = None) -> None:
        super().__init__(lambda clip: "downloaded")
        self.error, self.here = error, False

    def wanted(self) -> Download | None:
        return None if self.here else Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        await asyncio.to_thread(tell, 0.5)
        if self.error:
            raise self.error
        await asyncio.to_thread(tell, 1.0)
        self.here = True


async def test_loading_downloads_what_the_first_one_lacks() -> None:
    first, second = Downloading(), says("second")
    chain = chain_of(first, second)
    told: list[tuple[str, float]] = []
    assert chain.wanted() == Download("Whisper tiny", 75, "hayakuchi model pull tiny")
    await chain.load(lambda download, share: told.append((download.name, share)))
    await asyncio.sleep(0.01)
    assert told == [("Whisper tiny", 0.0), ("Whisper tiny", 0.5), ("Whisper tiny", 1.0)]
    assert chain.wanted() is None
    assert (first.opened, second.opened) == (1, 0)
    assert (await chain.transcribe(CLIP)).text == "downloaded"


async def test_loading_goes_on_to_the_next_one_when_the_download_fails() -> None:
    first, second = Downloading(failing(Category.CONNECTIVITY)), says("second")
    chain = chain_of(first, second)
    await chain.load(lambda download, share: None)
    assert chain.in_use is second
    assert (first.opened, second.opened) == (0, 1)
    assert (await chain.transcribe(CLIP)).text == "second"


async def test_loading_fails_when_nobody_can_be_had_and_may_be_tried_again() -> None:
    first = Downloading(failing(Category.NOT_FOUND))
    chain = chain_of(first)
    with pytest.raises(AllProvidersFailed, match="broke"):
        await chain.load(lambda download, share: None)
    first.error = None
    await chain.load(lambda download, share: None)
    assert (await chain.transcribe(CLIP)).text == "downloaded"


class Slow(ScriptedASR):
    async def open(self) -> None:
        await asyncio.sleep(1_000)


@virtual
async def test_loading_has_a_deadline() -> None:
    chain = chain_of(Slow(lambda clip: ""), says("second"))
    await chain.load(lambda download, share: None)
    assert loop_ms() == pytest.approx(120_000, abs=20)
    assert (await chain.transcribe(CLIP)).text == "second"


@virtual
async def test_partials_are_as_cheap_as_who_is_asked_first() -> None:
    first, second = says(failing(Category.AUTH), partials=True), says("second", partials=False)
    chain = chain_of(first, second)
    await chain.open()
    assert chain.partials
    await chain.transcribe(CLIP)
    assert not chain.partials


def test_a_chain_is_a_recogniser() -> None:
    chain: ASR = chain_of(says("x"))
    assert chain.name == "fallback_asr"
    assert isinstance(chain.deadlines, Deadlines)


class Timing(ScriptedASR):
    times_words = True


@virtual
async def test_the_wish_for_times_of_words_passes_over_those_that_cannot() -> None:
    plain, timing = says("plain"), Timing(lambda clip: "timed")
    chain = chain_of(plain, timing)
    wishes = Wishes("Hayakuchi", words=True)
    assert chain.times_words
    assert (await chain.transcribe(CLIP, wishes=wishes)).text == "timed"
    assert (plain.clips, timing.wishes) == ([], [wishes])
    assert (await chain.transcribe(CLIP, wishes=Wishes("Hayakuchi"))).text == "plain"
    assert states(chain) == [BreakerState.CLOSED] * 2


@virtual
async def test_where_nobody_times_words_that_is_the_answer() -> None:
    chain = chain_of(says("plain"))
    assert not chain.times_words
    with pytest.raises(AllProvidersFailed, match="when each word was said"):
        await chain.transcribe(CLIP, wishes=Wishes(words=True))
